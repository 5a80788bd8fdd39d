"""Simulated responses: the ceilings are exact, the noise is what it is said to be."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from backend.demo.drives import N_DIRECTIONS, WordDrives
from backend.demo.fields import LAYERS
from backend.demo.stories import N_REPEATS, REPEATED, demo_stories, n_trs, presentations
from backend.demo.subjects import SUBJECTS, noiseless_signals, simulate_responses

TR = 2.0
SUBJECT = SUBJECTS["sub-02"]


@pytest.fixture(scope="module")
def toy():
    """Two of the stories, with drives drawn at random: no model is needed."""
    stories = {story: demo_stories()[story] for story in ("the-ferry-bell", REPEATED)}
    rng = np.random.default_rng(0)
    drives = {
        story: WordDrives(
            np.column_stack([np.ones(len(words)), [len(word) for word in words.words]]).astype(
                "f4"
            ),
            {
                layer: rng.standard_normal((len(words), N_DIRECTIONS), dtype=np.float32)
                for layer in LAYERS
            },
        )
        for story, words in stories.items()
    }
    return stories, drives


@pytest.fixture(scope="module")
def responses(toy):
    return simulate_responses(SUBJECT, *toy, TR)


@pytest.fixture(scope="module")
def signals(toy):
    return noiseless_signals(SUBJECT, *toy, TR)


@pytest.fixture(scope="module")
def runs(toy):
    """Slices of the rows, one per run."""
    ends = np.cumsum([n_trs(toy[0][story], TR) for story in presentations(toy[0])])
    return [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def correlations(a, b):
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    return (a * b).sum(axis=0) / np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))


def test_a_ceiling_is_the_correlation_of_response_and_noiseless_signal(responses, signals):
    ceilings = SUBJECT.truth.ceilings
    has = ceilings > 0
    np.testing.assert_allclose(
        correlations(responses[:, has], signals[:, has]), ceilings[has], atol=2e-5
    )
    assert not signals[:, ~has].any()


def test_responses_are_float32_of_the_subjects_gain_and_centred_in_each_run(responses, runs):
    assert responses.dtype == np.float32
    np.testing.assert_allclose(responses.std(axis=0), SUBJECT.gain, rtol=1e-3)
    for run in runs:
        assert np.abs(responses[run].mean(axis=0)).max() < 1e-3


def test_repeats_share_the_signal_and_not_the_noise(responses, runs):
    repeats = [responses[run] for run in runs[-N_REPEATS:]]
    ceilings = SUBJECT.truth.ceilings
    between = np.mean(
        [correlations(repeats[i], repeats[j]) for i, j in ((0, 1), (0, 2), (1, 2))], 0
    )
    silent = ceilings == 0
    assert between[silent].mean() == pytest.approx(0, abs=0.02)
    strong = ceilings > 0.5
    # Two presentations with the same signal correlate by the square of the ceiling.
    assert between[strong].mean() == pytest.approx((ceilings[strong] ** 2).mean(), abs=0.06)


def test_noise_is_autocorrelated_within_runs_and_not_across(responses, runs):
    silent = SUBJECT.truth.ceilings == 0
    for run in runs:
        noise = responses[run][:, silent]
        # An estimate from n samples about their own mean is low by about (1 + 3 rho) / n.
        bias = (1 + 3 * SUBJECT.memory) / len(noise)
        lag_1 = correlations(noise[1:], noise[:-1]).mean()
        assert lag_1 == pytest.approx(SUBJECT.memory - bias, abs=0.02)
        assert correlations(noise[2:], noise[:-2]).mean() == pytest.approx(
            SUBJECT.memory**2 - bias, abs=0.03
        )
    edges = [(responses[b.start] * responses[a.stop - 1])[silent] for a, b in pairwise(runs)]
    assert np.mean(edges) / SUBJECT.gain**2 == pytest.approx(0, abs=0.1)


def test_a_later_response_is_the_same_one_shifted(toy):
    # By one whole TR, so that no interpolation stands between the two.
    early = noiseless_signals(replace(SUBJECT, lag=0.0), *toy, TR)
    late = noiseless_signals(replace(SUBJECT, lag=TR), *toy, TR)
    n_first = n_trs(next(iter(toy[0].values())), TR)
    has = SUBJECT.truth.ceilings > 0
    assert correlations(late[1:n_first, has], early[: n_first - 1, has]).min() > 0.99
    assert correlations(late[:n_first, has], early[:n_first, has]).mean() < 0.95


def test_targets_of_one_layer_have_signals_alike_and_of_two_layers_not(signals):
    layer = SUBJECT.truth.layer
    means = [signals[:, layer == k].mean(axis=1) for k in LAYERS]
    for k, mean in zip(LAYERS, means, strict=True):
        own = correlations(signals[:, layer == k], mean[:, None])
        assert own.mean() > 0.75
        assert own.std() > 0.01
        for other, its in zip(LAYERS, means, strict=True):
            if other != k:
                assert correlations(its[:, None], mean[:, None])[0] < 0.5


def test_the_same_seed_gives_the_same_numbers(toy, responses):
    np.testing.assert_array_equal(simulate_responses(SUBJECT, *toy, TR), responses)


def test_subjects_share_signal_and_differ_in_noise(toy, responses):
    other = SUBJECTS["sub-03"]
    theirs = simulate_responses(other, *toy, TR)
    silent = (SUBJECT.truth.ceilings == 0) & (other.truth.ceilings == 0)
    assert correlations(responses, theirs)[silent].mean() == pytest.approx(0, abs=0.01)
    strong = (SUBJECT.truth.ceilings > 0.6) & (other.truth.ceilings > 0.6)
    assert correlations(responses, theirs)[strong].mean() > 0.2
    assert theirs.std() == pytest.approx(other.gain, rel=0.01)
