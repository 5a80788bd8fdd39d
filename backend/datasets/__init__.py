"""Recordings: a stimulus and the responses to it."""

from backend.datasets.recording import SentenceRecording
from backend.datasets.sentence_table import (
    MAX_BYTES,
    MAX_SENTENCES,
    MIN_SENTENCES,
    column_names,
    read_sentence_table,
)

__all__ = [
    "MAX_BYTES",
    "MAX_SENTENCES",
    "MIN_SENTENCES",
    "SentenceRecording",
    "column_names",
    "read_sentence_table",
]
