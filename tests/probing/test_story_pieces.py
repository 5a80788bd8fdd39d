"""Pieces of a story have the states that encoding models have."""

from pathlib import Path

import numpy as np
import pytest

from backend.errors import InputError
from backend.features.cache import StateCache
from backend.features.contexts import ContextSettings
from backend.features.loading import LoadedModel
from backend.features.story_states import extract_story_states
from backend.probing.story_pieces import read_story_pieces
from backend.probing.tasks import Piece
from backend.probing.transcript_labels import read_transcript_labels
from backend.stimuli import Words
from tests.probing.test_transcript_labels import write_labels, write_transcript


def story(name: str, said: list[str]) -> Words:
    times = np.arange(len(said), dtype=float)
    return Words(name, tuple(said), times, times + 1, np.zeros(len(said), dtype=bool))


@pytest.mark.parametrize("mode", ["strided", "exact"])
def test_words_and_sentences_have_the_engines_states(
    gpt2: LoadedModel, tmp_path: Path, mode: str
) -> None:
    stories = [story("a", ["the", "old", "stone"] * 4), story("b", ["a", "river"] * 3)]
    settings = ContextSettings(4, mode)  # type: ignore[arg-type]
    cache = StateCache(tmp_path / "cache", "tiny", "0", "none")
    pieces = [
        Piece("the old stone", (4, 7), (1, 2)),
        Piece("the old stone", (4, 7), (4, 5)),
        Piece("a river", None, (12, 14)),
    ]
    found, _ = read_story_pieces(
        gpt2, stories, pieces, settings, cache, tmp_path / "states.npy", layers=[2]
    )
    first, second = (
        extract_story_states(gpt2, each, settings, cache).layer(2).astype(np.float32)
        for each in stories
    )
    assert np.allclose(found.states[0, 0], first[1], atol=1e-4)
    assert np.allclose(found.states[0, 2], second[:2].mean(axis=0), atol=1e-4)
    # The same words stand in another context the second time.
    assert not np.allclose(found.states[0, 0], found.states[0, 1], atol=1e-3)


def test_texts_of_no_story_are_refused(gpt2: LoadedModel, tmp_path: Path) -> None:
    cache = StateCache(tmp_path / "cache", "tiny", "0", "none")
    with pytest.raises(InputError, match="part of no story"):
        read_story_pieces(
            gpt2, [story("a", ["a"])], [Piece("a")], ContextSettings(4), cache, tmp_path / "x.npy"
        )


def test_labelled_words_are_the_transcripts_however_both_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    words = write_labels(path)
    # The transcript writes "quickly home" as three words, and no punctuation.
    heard = [part for word in words for part in (("quick", "ly") if word == "quickly" else (word,))]
    labelled = read_transcript_labels(path, write_transcript(tmp_path / "story.csv", heard))
    (words_of,) = labelled.stories
    case = next(task for task in labelled.tasks if task.name == "case")
    tense = next(task for task in labelled.tasks if task.name == "tense")
    for item in case.items[:12]:
        (piece,) = item.pieces
        first, last = piece.words or (0, 0)
        assert "".join(words_of.words[first:last]) == piece.looked_at.strip(".")
    assert tense.items[1].pieces[0].words == (5, 10)


def test_without_a_transcript_the_labels_are_the_story(tmp_path: Path) -> None:
    words = write_labels(tmp_path / "labels.csv")
    labelled = read_transcript_labels(tmp_path / "labels.csv")
    assert labelled.stories[0].words == tuple(words)
    assert labelled.tasks[0].items[0].pieces[0].words == (0, 4)
