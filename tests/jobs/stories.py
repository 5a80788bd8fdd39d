"""A folder of stories whose responses follow a tiny model, word rate, or nothing."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from backend.encoding.alignment import downsample, tr_midpoints
from backend.encoding.delays import delay
from backend.features.cache import StateCache
from backend.features.contexts import ContextSettings
from backend.features.loading import load_model
from backend.features.sources import resolve_model
from backend.features.story_states import extract_story_states
from backend.stimuli.readers import read_words
from tests.helpers import WORDS, save_gpt2

TR = 2.0
N_TRS = 90
STORIES = ("boat", "garden", "lantern", "orchard")
CONTEXT = 16
DRIVEN_BY = ("layer 2",) * 6 + ("word rate",) * 6 + ("nothing",) * 6
REGIONS = {"layer 2": "meaning", "word rate": "rate", "nothing": "noise"}
CEILING = 0.9


def write_transcript(path: Path, seed: int) -> None:
    """Three minutes of words at a pace that drifts."""
    random = np.random.default_rng(seed)
    onsets = np.cumsum(0.25 + 0.35 * random.random(400) * (1.2 + np.sin(np.arange(400) / 25)))
    onsets = onsets[onsets < N_TRS * TR - 2]
    pd.DataFrame(
        {
            "word": random.choice(WORDS, len(onsets)),
            "onset": onsets.round(3),
            "offset": (onsets + 0.2).round(3),
        }
    ).to_csv(path, index=False)


def write_story_folder(folder: Path, model: Path, cache: Path, n_repeats: int = 1) -> Path:
    """Write transcripts and one subject's responses, driven as ``DRIVEN_BY`` says."""
    (folder / "transcripts").mkdir(parents=True)
    responses = folder / "responses" / "sub-01"
    responses.mkdir(parents=True)
    source = resolve_model(str(model))
    loaded = load_model(source, "none", "cpu")
    mixing = np.random.default_rng(99).standard_normal((32, 6)) / np.sqrt(32)
    for seed, story in enumerate(STORIES):
        path = folder / "transcripts" / f"{story}.csv"
        write_transcript(path, seed)
        (words,) = read_words(path)
        settings = ContextSettings(CONTEXT, "strided", "last")
        states = extract_story_states(
            loaded, words, settings, StateCache.of(source, "none", cache)
        ).layer(2)
        times = tr_midpoints(N_TRS, TR)
        meaning = downsample(states, words.midpoints, times, TR) @ mixing
        rate = downsample(np.ones((len(words), 1)), words.midpoints, times, TR)
        for repeat in range(n_repeats if story == STORIES[-1] else 1):
            random = np.random.default_rng(1000 + 10 * seed + repeat)
            noise = random.standard_normal((N_TRS, len(DRIVEN_BY)))
            signal = np.hstack([meaning, np.repeat(rate, 6, axis=1), np.zeros((N_TRS, 6))])
            signal = delay(signal, (2,))
            spread = signal.std(axis=0)
            signal = (signal - signal.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
            mixed = CEILING * signal + np.sqrt(1 - CEILING**2) * noise
            name = story if n_repeats == 1 or story != STORIES[-1] else f"{story}.run-{repeat + 1}"
            np.save(responses / f"{name}.npy", mixed.astype(np.float32))
    (folder / "regions.txt").write_text("\n".join(REGIONS[what] for what in DRIVEN_BY))
    ceilings = [0.0 if what == "nothing" else CEILING for what in DRIVEN_BY]
    np.save(folder / "ceilings.npy", np.asarray(ceilings, dtype=np.float32))
    settings = {
        "name": "planted",
        "tr": TR,
        "evidence": "simulated",
        "citation": "planted by a test",
        "modality": "simulated",
        "space": {"name": "toy", "kind": "parcels", "regions": "regions.txt"},
        "ceilings": "ceilings.npy",
    }
    (folder / "dataset.yaml").write_text(yaml.safe_dump(settings))
    return folder


def save_reader(folder: Path) -> Path:
    """A tiny decoder whose states differ from word to word."""
    return save_gpt2(folder, n_positions=128)
