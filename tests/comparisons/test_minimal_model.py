"""The minimal model is named by tests that hold their level, whatever is true."""

import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from backend.comparisons.minimal_model import MinimalModel, minimal_model
from backend.errors import InputError

MODELS = ["0.1m", "0.3m", "1m", "3m", "7m"]
SIZES = np.array([1e5, 3e5, 1e6, 3e6, 7e6])
MARGIN = 0.02


def simulated(below: list[float], n_units: int, sd: float, seed: int) -> np.ndarray:
    """Scores of models that lie below the largest by so much, on units of different ease."""
    random = np.random.default_rng(seed)
    ease = random.normal(0, 0.1, n_units)
    noise = random.normal(0, sd, (len(below), n_units))
    return 0.3 - np.array(below)[:, None] + ease + noise


def found(below: list[float], n_units: int = 8, sd: float = 0.01, seed: int = 0) -> MinimalModel:
    return minimal_model(MODELS, SIZES, simulated(below, n_units, sd, seed), MARGIN)


def rate(hits: int, n: int) -> tuple[float, float]:
    """Share of hits, and the highest share that a true rate of 5% would show."""
    return hits / n, 0.05 + 3 * math.sqrt(0.05 * 0.95 / n)


def test_every_comparison_is_statsmodels_tost_with_holms_correction() -> None:
    scores = simulated([0.05, 0.02, 0.01, 0.0, 0.0], 9, 0.01, 3)
    answer = minimal_model(MODELS, SIZES, scores, MARGIN)
    assert [c.model for c in answer.comparisons] == MODELS[:-1]
    expected = [ttost_paired(row, scores[-1], -MARGIN, MARGIN)[0] for row in scores[:-1]]
    assert [c.test.p for c in answer.comparisons] == pytest.approx(expected)
    holm = multipletests(expected, method="holm")[1]
    assert [c.p_holm for c in answer.comparisons] == pytest.approx(list(holm))
    assert (answer.largest, answer.n_units, answer.margin) == ("7m", 9, MARGIN)


def test_the_minimal_model_is_the_last_of_an_unbroken_row() -> None:
    answer = found([0.1, 0.1, 0.0, 0.0, 0.0], sd=0.001)
    assert [c.verdict for c in answer.comparisons] == ["lower", "lower", "equivalent", "equivalent"]
    assert answer.unbroken == answer.smallest == answer.model == "1m"


def test_a_smaller_model_beyond_a_gap_is_named_apart() -> None:
    answer = found([0.0, 0.1, 0.1, 0.0, 0.0], sd=0.001)
    assert (answer.unbroken, answer.smallest) == ("3m", "0.1m")
    assert answer.model == "3m"
    gap_at_once = found([0.0, 0.1, 0.1, 0.1, 0.0], sd=0.001)
    assert (gap_at_once.unbroken, gap_at_once.model) == (None, "0.1m")


def test_none_is_an_answer() -> None:
    answer = found([0.1, 0.1, 0.1, 0.1, 0.0], sd=0.001)
    assert answer.model is None
    assert {c.verdict for c in answer.comparisons} == {"lower"}
    better = found([-0.1, -0.1, -0.1, -0.1, 0.0], sd=0.001)
    assert {c.verdict for c in better.comparisons} == {"higher"}


def test_a_model_that_only_its_own_test_lets_pass_is_told_apart() -> None:
    # Below a gap, and too weak for Holm's correction.
    random = np.random.default_rng(0)
    top = random.normal(0.3, 0.05, 12)
    noise = random.normal(0, 1, 12)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    # Its t of the nearer bound is 2: p is 0.035 alone, and 0.07 among two.
    weak = top + 0.01 + noise * 0.01 * math.sqrt(12) / 2
    scores = np.stack([weak, top - 0.1 + 0.001 * noise, top])
    answer = minimal_model(["a", "b", "c"], [1e6, 1e7, 1e8], scores, MARGIN)
    assert answer.uncorrected == "a"
    assert (answer.unbroken, answer.smallest, answer.model) == (None, None, None)
    assert [c.model for c in answer.smaller] == ["a", "b"]


def test_undecided_is_an_answer() -> None:
    answer = found([0.01, 0.01, 0.01, 0.01, 0.0], n_units=3, sd=0.1)
    assert answer.model is None
    assert {c.verdict for c in answer.comparisons} == {"undecided"}


def test_a_model_of_the_same_size_as_the_largest_is_no_smaller_one() -> None:
    scores = simulated([0.1, 0.0, 0.0], 8, 0.001, 0)
    answer = minimal_model(["a", "c", "b"], [1e6, 1e9, 1e9], scores, MARGIN)
    assert answer.largest == "b"
    assert answer.of("c").verdict == "equivalent"
    assert answer.model is None


def test_the_order_of_the_models_does_not_matter() -> None:
    scores = simulated([0.1, 0.0, 0.0, 0.0, 0.0], 8, 0.001, 0)
    order = [3, 0, 4, 2, 1]
    shuffled = minimal_model([MODELS[i] for i in order], SIZES[order], scores[order], MARGIN)
    assert shuffled == minimal_model(MODELS, SIZES, scores, MARGIN)


@pytest.mark.parametrize(
    ("models", "sizes", "n_units", "says"),
    [
        (["a"], [1e6], 5, "one size only"),
        (["a", "b"], [1e6, 1e6], 5, "one size only"),
        (["a", "b"], [1e6, 1e7], 2, "2 units were given; at least 3"),
        (["a"], [1e6, 1e7], 5, "1 models, 2 sizes"),
    ],
)
def test_what_cannot_be_judged_is_refused(
    models: list[str], sizes: list[float], n_units: int, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        minimal_model(models, sizes, np.zeros((len(sizes), n_units)), MARGIN)


# False verdicts, counted


@pytest.mark.parametrize("n_units", [3, 8])
def test_a_model_that_is_worse_by_the_margin_is_named_in_5_percent_at_most(n_units: int) -> None:
    n = 1500
    answers = [found([MARGIN] * 4 + [0.0], n_units, seed=seed) for seed in range(n)]
    for hits in (
        sum(a.unbroken is not None for a in answers),
        sum(any(c.p_holm < 0.05 for c in a.comparisons) for a in answers),
        sum(a.of("3m").verdict == "equivalent" for a in answers),
    ):
        share, most = rate(hits, n)
        assert share <= most
    # A single test is no more cautious than it says.
    share = sum(a.of("3m").verdict == "equivalent" for a in answers) / n
    assert share == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / n))


def test_going_on_below_equal_models_keeps_the_level() -> None:
    n = 1500
    hits = 0
    for seed in range(n):
        answer = found([MARGIN, MARGIN, 0.0, 0.0, 0.0], 10, 0.005, seed)
        hits += answer.unbroken in MODELS[:2]
    share, most = rate(hits, n)
    assert share <= most


def test_equal_models_are_found() -> None:
    n = 300
    hits = sum(found([0.0] * 5, 10, 0.008, seed).unbroken == "0.1m" for seed in range(n))
    assert hits / n >= 0.9
