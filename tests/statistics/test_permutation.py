import numpy as np
import pytest
from scipy.stats import false_discovery_control, pearsonr
from statsmodels.stats.multitest import multipletests

from backend.errors import InputError
from backend.statistics import benjamini_hochberg, block_permutation_p
from tests.statistics.simulate import ar1, by_chance

N = 95
LENGTHS = (47, 33, 15)
NAMES = [name for name, length in zip("abc", LENGTHS, strict=True) for _ in range(length)]


def series(n: int = N, n_targets: int = 7, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and responses that share from nothing to a lot, on unlike scales."""
    random = np.random.default_rng(seed)
    held_out = random.normal(5.0, 2.0, (n, n_targets))
    share = np.linspace(-0.1, 0.15, n_targets)
    return share * held_out + random.normal(size=(n, n_targets)), held_out


def orders_of(n_blocks: list[int], n_permutations: int, seed: int) -> list[np.ndarray]:
    """The orders that the seed stands for, one array per segment, without the observed one."""
    random = np.random.default_rng(seed)
    return [
        random.permuted(np.tile(np.arange(n), (1 + n_permutations, 1)), axis=1)[1:]
        for n in n_blocks
    ]


def naive_p(predicted, held_out, block_length, n_permutations, seed, lengths):
    """Permute the rows themselves and correlate anew, z-scored in each segment."""
    starts = np.cumsum([0, *lengths[:-1]])
    x, y = predicted.copy(), held_out.copy()
    for start, length in zip(starts, lengths, strict=True):
        rows = slice(start, start + length)
        for z in (x, y):
            z[rows] = (z[rows] - z[rows].mean(axis=0)) / z[rows].std(axis=0)
    orders = orders_of([length // block_length for length in lengths], n_permutations, seed)
    observed = [pearsonr(x[:, t], y[:, t])[0] for t in range(x.shape[1])]
    reached = np.ones(x.shape[1])
    for draw in range(n_permutations):
        rows = np.arange(len(x))
        for start, own in zip(starts, orders, strict=True):
            blocks = start + np.arange(own.shape[1] * block_length).reshape(-1, block_length)
            rows[blocks.ravel()] = blocks[own[draw]].ravel()
        reached += [pearsonr(x[rows, t], y[:, t])[0] >= observed[t] for t in range(x.shape[1])]
    return reached / (1 + n_permutations)


@pytest.mark.parametrize("block_length", [1, 4, 10])
def test_equals_permuting_the_rows_of_one_story(block_length):
    predicted, held_out = series()
    p = block_permutation_p(predicted, held_out, block_length, 99, seed=3)
    assert p.dtype == np.float32
    expected = naive_p(predicted, held_out, block_length, 99, 3, [N])
    np.testing.assert_allclose(p, expected, rtol=1e-6)


@pytest.mark.parametrize("block_length", [4, 10])
def test_equals_permuting_the_rows_within_each_story(block_length):
    predicted, held_out = series()
    p = block_permutation_p(predicted, held_out, block_length, 99, seed=4, segments=NAMES)
    expected = naive_p(predicted, held_out, block_length, 99, 4, LENGTHS)
    np.testing.assert_allclose(p, expected, rtol=1e-6)
    assert len(set(p)) > 4


def test_batches_of_targets_share_their_permutations():
    predicted, held_out = series(200, 400)
    whole = block_permutation_p(predicted, held_out, 2, 50)
    one = block_permutation_p(predicted[:, 321:322], held_out[:, 321:322], 2, 50)
    assert whole[321] == one[0]


def test_scale_and_mean_of_a_story_do_not_count():
    predicted, held_out = series()
    moved = np.repeat([1.0, 50.0, 0.1], LENGTHS)[:, None]
    p = block_permutation_p(predicted * moved + moved, held_out, 5, 99, segments=NAMES)
    expected = block_permutation_p(predicted, held_out, 5, 99, segments=NAMES)
    np.testing.assert_array_equal(p, expected)


def test_a_perfect_prediction_has_the_smallest_p_and_a_reversed_one_the_largest():
    _, held_out = series(200)
    assert (block_permutation_p(held_out, held_out, 10, 199) == np.float32(1 / 200)).all()
    assert (block_permutation_p(-held_out, held_out, 10, 199) == 1).all()


def test_orders_alike_but_for_rounding_are_ties():
    # The same block over and over: every order is the observed one.
    block = np.random.default_rng(0).normal(size=(10, 3))
    same = np.tile(block, (8, 1))
    np.testing.assert_array_equal(block_permutation_p(same, same[::-1], 10, 99), 1)


def test_constant_predictions_and_responses():
    predicted, held_out = series()
    predicted[:, 0] = 3.0
    predicted[:, 1] = 0.1 + 1e-9 * predicted[:, 1]
    held_out[:, 2] = 0.1
    p = block_permutation_p(predicted, held_out, 5, 99)
    np.testing.assert_array_equal(p[:2], 1)
    assert np.isnan(p[2])
    assert np.isfinite(p[3:]).all()


def test_false_positives_of_an_autocorrelated_null():
    stories = np.repeat([0, 1, 2], 200)

    def rate(block_length: int, n_targets: int) -> float:
        predicted, held_out = ar1(0.5, 600, n_targets, 1), ar1(0.5, 600, n_targets, 2)
        p = block_permutation_p(predicted, held_out, block_length, 399, segments=stories)
        return float((p <= 0.05).mean())

    low, high = by_chance(0.05, 10_000)
    assert low < rate(20, 10_000) < high
    # What the docstring says of blocks of 10, and of single TRs.
    low, high = by_chance(0.055, 10_000)
    assert low < rate(10, 10_000) < high
    low, high = by_chance(0.10, 1000)
    assert 0.05 < low < rate(1, 1000) < high


def test_p_of_a_null_is_uniform():
    random = np.random.default_rng(5)
    predicted, held_out = random.normal(size=(2, 240, 4000))
    p = block_permutation_p(predicted, held_out, 10, 199)
    for level in (0.05, 0.25, 0.5, 0.75):
        low, high = by_chance(level, 4000)
        assert low < (p <= level).mean() < high


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"block_length": 0}, "blocks of 0 TRs"),
        ({"n_permutations": 0}, "0 permutations"),
        ({"block_length": 40}, "segments of 95 TRs.*fewer than 20 orders"),
        ({"segments": NAMES, "block_length": 15}, "segments of 47, 33, 15 TRs"),
        ({"segments": NAMES[1:]}, "94 segment names were given for 95 TRs"),
        ({"segments": [*NAMES[:-1], "a"]}, "'a' comes back"),
    ],
)
def test_what_cannot_be_permuted_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        block_permutation_p(*series(), **options)


def test_shapes_and_values_are_checked():
    predicted, held_out = series()
    with pytest.raises(InputError, match=r"\(95, 6\).*\(95, 7\)"):
        block_permutation_p(predicted[:, 1:], held_out)
    held_out[4, 2] = np.nan
    with pytest.raises(InputError, match="responses of 1 of 7 targets.*first target 2"):
        block_permutation_p(predicted, held_out)


def test_benjamini_hochberg_equals_scipy_and_statsmodels():
    p = np.random.default_rng(0).beta(0.3, 1.0, 500)
    p[10:15] = p[9]
    q = benjamini_hochberg(p)
    np.testing.assert_allclose(q, false_discovery_control(p), rtol=1e-6)
    np.testing.assert_allclose(q, multipletests(p, method="fdr_bh")[1], rtol=1e-6)


def test_untested_targets_do_not_count():
    p = np.array([[0.01, np.nan, 0.5], [0.04, np.nan, 1.0]])
    q = benjamini_hochberg(p)
    assert q.shape == p.shape
    np.testing.assert_array_equal(np.isnan(q), np.isnan(p))
    tested = ~np.isnan(p)
    np.testing.assert_allclose(q[tested], false_discovery_control(p[tested]), rtol=1e-6)
    assert np.isnan(benjamini_hochberg([np.nan])).all()
    assert benjamini_hochberg([]).shape == (0,)


@pytest.mark.parametrize("p", [[-0.1, 0.5], [0.5, 1.5]])
def test_p_outside_zero_to_one_is_refused(p):
    with pytest.raises(InputError, match="between 0 and 1"):
        benjamini_hochberg(p)
