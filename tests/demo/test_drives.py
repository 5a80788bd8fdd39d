"""Drives of the demo cortex: found in states whose private part is known."""

import numpy as np
import pytest

from backend.demo import drives as drives_module
from backend.demo.drives import N_DIRECTIONS, word_drives
from backend.demo.stories import demo_stories, n_trs
from backend.encoding.alignment import downsample, tr_midpoints
from backend.encoding.delays import convolve_hrf

TR = 2.0
N_DIMS = 48
PRIVATE = slice(0, N_DIRECTIONS)


def on_trs(stories, of_words):
    parts = []
    for story, words in stories.items():
        times = tr_midpoints(n_trs(words, TR), TR)
        values = downsample(of_words[story], words.midpoints, times, TR)
        parts.append(convolve_hrf(values, TR))
    return np.concatenate(parts)


def squared_correlation(values, explained_by):
    """Share of each column's variance that a least-squares fit explains."""
    design = np.column_stack([np.ones(len(values)), explained_by])
    left = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return 1 - left.var(axis=0) / values.var(axis=0)


@pytest.fixture(scope="module")
def toy():
    """Three layers: the first four dimensions are a layer's own, the others are shared, mixed."""
    rng = np.random.default_rng(0)
    stories = demo_stories()
    mixes = rng.standard_normal((3, N_DIMS - N_DIRECTIONS, N_DIMS - N_DIRECTIONS))
    states = {}
    for story, words in stories.items():
        shared = rng.standard_normal((len(words), N_DIMS - N_DIRECTIONS))
        own = rng.standard_normal((3, len(words), N_DIRECTIONS))
        states[story] = {
            layer: np.hstack([own[layer], shared @ mixes[layer]]).astype(np.float16)
            for layer in range(3)
        }
    return stories, states


@pytest.fixture(scope="module")
def drives(toy):
    return word_drives(*toy, layers=(0, 2), tr=TR)


@pytest.mark.parametrize("layer", [0, 2])
def test_a_layers_drives_are_what_only_it_has(toy, drives, layer):
    stories, states = toy
    found = on_trs(stories, {story: drives[story].layers[layer] for story in stories})
    own = on_trs(stories, {story: states[story][layer][:, PRIVATE] for story in stories})
    other = on_trs(stories, {story: states[story][1] for story in stories})
    assert squared_correlation(found, own).min() > 0.85
    # 48 dimensions explain some of 850 TRs by chance alone.
    assert squared_correlation(found, other).max() < 0.3


def test_drives_are_uncorrelated_with_speech_rate_and_each_other(toy, drives):
    stories, _ = toy
    rate = on_trs(stories, {story: drives[story].rate for story in stories})
    for layer in (0, 2):
        found = on_trs(stories, {story: drives[story].layers[layer] for story in stories})
        correlations = np.corrcoef(np.column_stack([found, rate]).T)[:N_DIRECTIONS]
        off = correlations - np.eye(*correlations.shape)
        assert np.abs(off).max() < 0.01


def test_drives_are_linear_in_the_layers_states(toy, drives):
    stories, states = toy
    words = np.concatenate([states[story][2].astype(np.float64) for story in stories])
    rate = np.concatenate([drives[story].rate for story in stories])
    values = np.concatenate([drives[story].layers[2] for story in stories])
    assert squared_correlation(values, np.column_stack([words, rate])).min() > 1 - 1e-6


def test_a_constant_dimension_does_no_harm(toy):
    stories, states = toy
    changed = {
        story: {layer: values.copy() for layer, values in of_story.items()}
        for story, of_story in states.items()
    }
    for of_story in changed.values():
        of_story[1][:, -1] = 0
    found = word_drives(stories, changed, layers=(1,), tr=TR)
    assert all(np.isfinite(found[story].layers[1]).all() for story in stories)


def test_the_same_states_give_the_same_drives(toy, drives):
    again = word_drives(*toy, layers=(0, 2), tr=TR)
    for story, drive in drives.items():
        np.testing.assert_array_equal(again[story].layers[0], drive.layers[0])


def test_rate_is_words_and_letters(toy, drives):
    story, words = next(iter(toy[0].items()))
    letters = [sum(c.isalnum() for c in word) for word in words.words]
    np.testing.assert_array_equal(
        drives[story].rate, np.column_stack([np.ones(len(words)), letters])
    )
    assert drives_module.N_LEADING < N_DIMS
