"""Stories of words of two kinds; responses follow the kind, another thing, or none."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml
from transformers import GPT2Model

from backend.encoding.alignment import downsample, tr_midpoints
from backend.encoding.delays import delay
from backend.features.cache import StateCache
from backend.features.contexts import ContextSettings
from backend.features.loading import load_model
from backend.features.sources import resolve_model
from backend.features.story_states import extract_story_states
from backend.stimuli import Words, read_words
from tests.helpers import WORDS, tiny_tokenizer
from tests.jobs.stories import CONTEXT, N_TRS, STORIES, TR, save_reader, write_transcript

LAYER = 0
"""Whose states drive the responses: of a tiny model, words by themselves."""
DRIVEN_BY = ("kind", "other", "nothing")
_TARGETS = 4
_SIGNAL = 0.8
_STRENGTH = 0.02
KINDS = {word: "ab"[place % 2] for place, word in enumerate(WORDS)}
"""A property of words."""


def save_kind_reader(folder: Path) -> Path:
    """Write a tiny decoder with a direction in whose embeddings the kind of each word stands."""
    model, tokenizer = GPT2Model.from_pretrained(save_reader(folder)), tiny_tokenizer()
    table = model.get_input_embeddings().weight
    direction = np.random.default_rng(11).standard_normal(table.shape[1])
    with torch.no_grad():
        for word, kind in KINDS.items():
            sign = 1.0 if kind == "a" else -1.0
            table[tokenizer.convert_tokens_to_ids(word)] += torch.tensor(
                sign * _STRENGTH * direction, dtype=table.dtype
            )
    model.save_pretrained(folder)
    return folder


def write_labelled_folder(folder: Path, model: Path, cache: Path) -> tuple[Path, Path]:
    """Write stories, responses and labels; return the two folders of data and of labels.

    Region ``kind`` follows the kind of the words, region ``other`` a direction of their states that
    says nothing of it.
    """
    (folder / "transcripts").mkdir(parents=True)
    (folder / "responses" / "sub-01").mkdir(parents=True)
    labels = folder.parent / "labels"
    labels.mkdir()
    source = resolve_model(str(model))
    loaded, stories, states = load_model(source, "none", "cpu"), {}, {}
    for seed, story in enumerate(STORIES):
        path = folder / "transcripts" / f"{story}.csv"
        write_transcript(path, seed)
        (stories[story],) = read_words(path)
        settings = ContextSettings(CONTEXT, "strided", "last")
        read = extract_story_states(
            loaded, stories[story], settings, StateCache.of(source, "none", cache)
        )
        states[story] = read.layer(LAYER).astype(np.float64)
        words = stories[story].words
        table = {"words": words, "kind": [KINDS[word] for word in words]}
        pd.DataFrame(table).to_csv(labels / f"{story}.csv", index=False)
    other = _other(np.concatenate(list(states.values())), list(stories.values()))
    times = tr_midpoints(N_TRS, TR)
    random = np.random.default_rng(5)
    for story, words in stories.items():
        signal = np.column_stack([_kinds(words), states[story] @ other])
        signal = delay(downsample(signal, words.midpoints, times, TR), (2,))
        signal = np.repeat((signal - signal.mean(0)) / signal.std(0), _TARGETS, axis=1)
        signal = np.hstack([signal, np.zeros((N_TRS, _TARGETS))])
        noise = random.standard_normal(signal.shape)
        mixed = _SIGNAL * signal + np.sqrt(1 - _SIGNAL**2) * noise
        np.save(folder / "responses" / "sub-01" / f"{story}.npy", mixed.astype(np.float32))
    (folder / "regions.txt").write_text("\n".join(np.repeat(DRIVEN_BY, _TARGETS)))
    settings = {
        "name": "labelled", "tr": TR, "evidence": "simulated", "citation": "planted by a test",
        "modality": "simulated",
        "space": {"name": "toy", "kind": "parcels", "regions": "regions.txt"},
    }  # fmt: skip
    (folder / "dataset.yaml").write_text(yaml.safe_dump(settings))
    return folder, labels


def _kinds(words: Words) -> np.ndarray:
    return np.array([1.0 if KINDS[word] == "a" else -1.0 for word in words.words])


def _other(states: np.ndarray, stories: Sequence[Words]) -> np.ndarray:
    """Draw a direction whose reading does not vary with the kinds of words."""
    kinds = np.concatenate([_kinds(words) for words in stories])
    along = (states - states.mean(axis=0)).T @ (kinds - kinds.mean())
    other = np.random.default_rng(7).standard_normal(len(along))
    return other - along * (along @ other) / (along @ along)
