"""The planted map comes back from the engine: which layer predicts a target best."""

import numpy as np
import pytest

from backend.demo import SUBJECTS, demo_lengths
from backend.demo.fields import LAYERS
from backend.demo.recording import CONTEXT, MODEL, planted_map
from backend.demo.stories import REPEATED
from backend.encoding.alignment import downsample, tr_midpoints, trim
from backend.encoding.kernel_ridge import solve_kernel_ridge
from backend.encoding.kernels import story_kernel
from backend.encoding.scores import pearson_r
from backend.encoding.story_folds import make_story_folds
from backend.features.cache import StateCache
from backend.features.contexts import ContextSettings
from backend.features.sources import resolve_model
from backend.features.story_states import extract_story_states

FLOOR = 0.3
"""Lowest ceiling of the targets that are looked at."""
N_PICKED = 500
ALPHAS = np.logspace(2, 6, 9)


@pytest.fixture(scope="module")
def picked(recording):
    """Targets with a signal, and a hundred without."""
    rng = np.random.default_rng(0)
    driven = np.flatnonzero(recording.ceilings >= FLOOR)
    silent = np.flatnonzero(recording.ceilings == 0)
    return np.sort(
        np.concatenate([rng.choice(driven, N_PICKED, False), rng.choice(silent, 100, False)])
    )


@pytest.fixture(scope="module")
def scores(recording, demo_cache, minilm, picked):
    """Brain predictivity on the repeated story, trained on the others, [7 layers, n_picked]."""
    states = StateCache.of(resolve_model(MODEL), "none", demo_cache)
    settings = ContextSettings(CONTEXT)
    read = {
        s: extract_story_states(minilm, w, settings, states) for s, w in recording.stimuli.items()
    }
    rows, labels, responses, first = [], [], [], 0
    for story, n_trs in demo_lengths().items():
        kept = trim(n_trs)
        runs = [run.responses[kept][:, picked] for run in recording.runs if run.story == story]
        responses.append(np.mean(runs, axis=0))
        labels += [story] * len(kept)
        rows.append(kept + first)
        first += n_trs
    rows, responses = np.concatenate(rows), np.concatenate(responses).astype(np.float32)
    (fold,) = make_story_folds(labels, "test-story", test_stories=[REPEATED])
    found = []
    for layer in range(7):
        of_trs = [
            downsample(
                read[story].layer(layer),
                words.midpoints,
                tr_midpoints(demo_lengths()[story], recording.tr),
                recording.tr,
            )
            for story, words in recording.stimuli.items()
        ]
        lengths = list(demo_lengths().values())
        kernel = story_kernel(np.concatenate(of_trs), lengths, (1, 2, 3, 4), rows, fold.train)
        fit = solve_kernel_ridge(kernel, responses, fold, ALPHAS)
        found.append(pearson_r(fit.predicted, responses[fold.test]))
    return np.stack(found)


def test_the_planted_layer_preference_is_recovered(scores, picked):
    planted = planted_map()[picked]
    has = ~np.isnan(planted)
    preferred = scores.argmax(axis=0)
    assert has.sum() > 300
    # 0.81 when it was made, over targets with a ceiling of at least 0.3.
    assert np.corrcoef(preferred[has], planted[has])[0, 1] > 0.65
    assert (preferred[has] == planted[has]).mean() > 0.65


@pytest.mark.parametrize("layer", LAYERS)
def test_the_mean_curve_of_each_field_peaks_at_its_layer(scores, picked, layer):
    of_field = planted_map()[picked] == layer
    curve = scores[:, of_field].mean(axis=1)
    assert curve.argmax() == layer
    assert curve[layer] > 0.2


def test_no_layer_stands_out_where_speech_rate_drives(scores, picked):
    rate = SUBJECTS["sub-01"].truth.rate[picked]
    curve = scores[1:6, rate].mean(axis=1)
    assert curve.min() > 0.25
    assert np.ptp(curve) < 0.05


def test_targets_without_signal_are_not_predicted(scores, recording, picked):
    silent = recording.ceilings[picked] == 0
    assert np.abs(scores[:, silent].mean(axis=1)).max() < 0.05
