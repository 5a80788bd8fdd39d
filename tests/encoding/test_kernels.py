import numpy as np
import pytest

from backend.encoding.kernels import story_kernel
from backend.errors import InputError
from tests.encoding.story_oracle import explicit_design

LENGTHS = (30, 1, 24, 40)
N = sum(LENGTHS)
# The first three and last two TRs of each long story are trimmed; delays reach into them.
ROWS = np.concatenate([np.arange(3, 28), np.arange(34, 53), np.arange(58, 93)])
TRAIN = np.arange(25, len(ROWS))


def make_features(n_dims, seed=0):
    random = np.random.default_rng(seed)
    scale = random.uniform(0.01, 30, n_dims)
    return (random.normal(3, 1, (N, n_dims)) * scale).astype(np.float32)


@pytest.mark.parametrize("delays", [(1, 2, 3, 4), (0,), (0, 5, 2), (50,)], ids=str)
@pytest.mark.parametrize("scaling", ["each", "together"])
def test_kernel_equals_that_of_the_delayed_design(delays, scaling):
    features = make_features(12)
    design = explicit_design(features, LENGTHS, delays, ROWS, TRAIN, scaling).astype(np.float64)
    kernel = story_kernel(features, LENGTHS, delays, ROWS, TRAIN, scaling=scaling)
    assert kernel.dtype == np.float32
    np.testing.assert_allclose(kernel, design @ design.T, atol=2e-4)


def test_nothing_crosses_from_one_story_to_the_next():
    features = make_features(3)
    changed = features.copy()
    changed[:30] += 100.0
    rows = np.arange(N)
    train = np.arange(60, N)
    first = story_kernel(features, LENGTHS, (1, 4), rows, train)
    second = story_kernel(changed, LENGTHS, (1, 4), rows, train)
    np.testing.assert_array_equal(first[30:, 30:], second[30:, 30:])
    assert not np.allclose(first[:30, :30], second[:30, :30])
    # The story of one TR has nothing before it.
    np.testing.assert_array_equal(first[30], np.zeros(N))


def test_held_out_features_do_not_move_the_scale():
    features = make_features(5)
    changed = features.copy()
    changed[ROWS[:25]] *= 10.0
    inside = np.ix_(TRAIN, TRAIN)
    first = story_kernel(features, LENGTHS, (0,), ROWS, TRAIN)[inside]
    second = story_kernel(changed, LENGTHS, (0,), ROWS, TRAIN)[inside]
    np.testing.assert_array_equal(first, second)


def test_half_precision_on_disk_wider_than_a_block(tmp_path):
    features = make_features(1500).astype(np.float16)
    np.save(tmp_path / "states.npy", features)
    on_disk = np.load(tmp_path / "states.npy", mmap_mode="r")
    kernel = story_kernel(on_disk, LENGTHS, (1, 2), ROWS, TRAIN)
    design = explicit_design(features, LENGTHS, (1, 2), ROWS, TRAIN).astype(np.float64)
    np.testing.assert_allclose(kernel, design @ design.T, atol=2e-2)


def test_constant_dimensions_add_nothing():
    features = make_features(4)
    features[:, 1] = 1e6
    features[ROWS[TRAIN], 2] = 7.0
    assert np.isfinite(story_kernel(features, LENGTHS, (1,), ROWS, TRAIN)).all()
    features[:] = 1e6
    np.testing.assert_array_equal(story_kernel(features, LENGTHS, (1,), ROWS, TRAIN), 0.0)
    assert not story_kernel(features, LENGTHS, (1,), ROWS, TRAIN, scaling="together").any()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_feature_that_is_not_finite_is_named(value):
    features = make_features(1100)
    features[7, 1050] = value
    with pytest.raises(InputError, match="TR 7 in dimension 1050"):
        story_kernel(features, LENGTHS, (1,), ROWS, TRAIN)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lengths": (30, 24, 40)}, "features of 95"),
        ({"lengths": ()}, "stories of no TRs"),
        ({"delays": (1, 1)}, "distinct whole numbers"),
        ({"delays": (-1,)}, "distinct whole numbers"),
        ({"rows": np.array([0, 95])}, "rows run from 0 to 95"),
        ({"rows": np.array([], dtype=np.int64)}, "no rows"),
        ({"train": np.array([], dtype=np.int64)}, "no training samples"),
        ({"train": np.array([len(ROWS)])}, "training samples run from 79 to 79"),
        ({"features": np.zeros(N, np.float32)}, "a matrix of TRs by dimensions"),
    ],
)
def test_bad_input_says_what_is_wrong(changes, message):
    given = {
        "features": make_features(3),
        "lengths": LENGTHS,
        "delays": (1, 2),
        "rows": ROWS,
        "train": TRAIN,
    }
    with pytest.raises(InputError, match=message):
        story_kernel(**{**given, **changes})
