import numpy as np
import pytest
import torch

from backend.encoding.folds import Fold
from backend.encoding.kernel_ridge import solve_kernel_ridge, stream_kernel_ridge
from backend.encoding.kernels import story_kernel
from backend.encoding.ridge import fit_predict
from backend.encoding.scores import pearson_r
from backend.encoding.story_folds import make_story_folds
from backend.errors import InputError
from tests.encoding.story_oracle import explicit_design, himalaya_fit

ALPHAS = tuple(np.logspace(0, 5, 10))
LENGTHS = (50, 45, 60, 40, 55)
ENDS = np.cumsum(LENGTHS)
N_TARGETS = 60
DELAYS = (1, 2, 3, 4)


class Story:
    """Features that drift slowly, and responses from none to nearly all of them."""

    def __init__(self, n_dims=30, n_targets=N_TARGETS, seed=0, rank=None):
        random = np.random.default_rng(seed)
        n = sum(LENGTHS)
        drift = np.cumsum(random.normal(size=(n, rank or n_dims)), axis=0)
        drift -= np.apply_along_axis(np.convolve, 0, drift, np.ones(9) / 9, mode="same")
        mixed = drift @ random.normal(size=(rank or n_dims, n_dims))
        self.features = (5 + mixed).astype(np.float32)
        self.rows = np.concatenate(
            [np.arange(end - n + 3, end - 2) for n, end in zip(LENGTHS, ENDS, strict=True)]
        )
        names = np.repeat(list("abcde"), np.asarray(LENGTHS) - 5)
        self.fold = make_story_folds(list(names))[1]
        self.design = explicit_design(self.features, LENGTHS, DELAYS, self.rows, self.fold.train)
        signal = self.design @ random.normal(size=(self.design.shape[1], n_targets))
        noise = random.normal(size=signal.shape) * np.linspace(0.1, 12, n_targets)
        self.responses = (10 + signal / signal.std(axis=0) + noise).astype(np.float32)
        self.kernel = story_kernel(self.features, LENGTHS, DELAYS, self.rows, self.fold.train)

    def r(self, predicted):
        return pearson_r(predicted, self.responses[self.fold.test])


@pytest.fixture(scope="module")
def story():
    return Story(n_dims=90)


@pytest.mark.parametrize("kind", ["kernel", "primal"])
@pytest.mark.parametrize(("n_dims", "rank"), [(90, None), (30, None), (2, None), (90, 20)], ids=str)
def test_scores_equal_himalaya(kind, n_dims, rank):
    story = Story(n_dims=n_dims, rank=rank)
    expected, alphas = himalaya_fit(kind, story.design, story.responses, story.fold, ALPHAS)
    fit = solve_kernel_ridge(story.kernel, story.responses, story.fold, ALPHAS)
    np.testing.assert_allclose(fit.alphas, alphas, rtol=1e-6)
    np.testing.assert_allclose(story.r(fit.predicted), story.r(expected), atol=1e-3)
    np.testing.assert_allclose(fit.predicted, expected, atol=5e-3)
    # Something was there to find, and something to regularise away.
    assert story.r(expected).max() > 0.8
    assert len(np.unique(alphas)) > 3


def test_small_alphas_beside_a_dominant_dimension():
    """Alphas a millionth of the largest eigenvalue, which 32 bits alone would drown in rounding."""
    story = Story(n_dims=90)
    random = np.random.default_rng(1)
    story.features += 300 * random.normal(size=(len(story.features), 1)).astype(np.float32)
    story.design = explicit_design(story.features, LENGTHS, DELAYS, story.rows, story.fold.train)
    kernel = story_kernel(story.features, LENGTHS, DELAYS, story.rows, story.fold.train)
    weights = random.normal(size=(story.design.shape[1], N_TARGETS))
    signal = story.design @ weights
    noise = random.normal(size=signal.shape) * np.linspace(0, 1, N_TARGETS)
    responses = (signal / signal.std(axis=0) + noise).astype(np.float32)
    alphas = np.logspace(-2, 5, 10)
    assert np.linalg.eigvalsh(kernel)[-1] > 1e6 * alphas[0]
    expected, chosen = himalaya_fit("kernel", story.design, responses, story.fold, alphas)
    assert chosen.min() < 0.1
    fit = solve_kernel_ridge(kernel, responses, story.fold, alphas.tolist())
    truth = responses[story.fold.test]
    np.testing.assert_allclose(
        pearson_r(fit.predicted, truth), pearson_r(expected, truth), atol=1e-3
    )


def test_inner_folds_with_a_gap_leave_its_samples_out(story):
    folds = make_story_folds(["one"] * len(story.rows), "contiguous", n_folds=3, gap=8)
    fold = folds[1]
    assert any(len(a) + len(b) < len(fold.train) for a, b in fold.inner)
    kernel = story_kernel(story.features, LENGTHS, DELAYS, story.rows, fold.train)
    design = explicit_design(story.features, LENGTHS, DELAYS, story.rows, fold.train)
    expected, alphas = himalaya_fit("kernel", design, story.responses, fold, ALPHAS)
    fit = solve_kernel_ridge(kernel, story.responses, fold, ALPHAS)
    np.testing.assert_allclose(fit.alphas, alphas, rtol=1e-6)
    np.testing.assert_allclose(fit.predicted, expected, atol=5e-3)


def test_one_inner_fold_of_all_but_one_sample(story):
    train = np.arange(len(story.fold.train))
    fold = Fold(story.fold.train, story.fold.test[:1], ((train[:-1], train[-1:]),))
    expected, alphas = himalaya_fit("kernel", story.design, story.responses, fold, ALPHAS)
    fit = solve_kernel_ridge(story.kernel, story.responses, fold, ALPHAS)
    assert fit.predicted.shape == (1, N_TARGETS)
    agree = np.isclose(fit.alphas, alphas)
    assert agree.mean() > 0.95
    np.testing.assert_allclose(fit.predicted[:, agree], expected[:, agree], atol=5e-3)


def test_batches_change_nothing(story):
    whole = solve_kernel_ridge(story.kernel, story.responses, story.fold, ALPHAS)
    batches = list(
        stream_kernel_ridge(story.kernel, story.responses, story.fold, ALPHAS, targets_batch=7)
    )
    assert [batch.targets.stop - batch.targets.start for batch in batches] == [7] * 8 + [4]
    np.testing.assert_allclose(
        np.concatenate([batch.predicted for batch in batches], axis=1), whole.predicted, atol=1e-4
    )
    np.testing.assert_array_equal(np.concatenate([b.alphas for b in batches]), whole.alphas)


def test_one_target(story):
    one = solve_kernel_ridge(story.kernel, story.responses[:, :1], story.fold, ALPHAS)
    whole = solve_kernel_ridge(story.kernel, story.responses, story.fold, ALPHAS)
    np.testing.assert_allclose(one.predicted, whole.predicted[:, :1], atol=1e-4)


def test_one_alpha_equals_the_primal_solution_of_sentences(story):
    y = story.responses - story.responses[story.fold.train].mean(axis=0)
    x = story.design - story.design[story.fold.train].mean(axis=0)
    # Without delays and centred, both modules solve the same problem.
    _, scaled = story.design, x / x[story.fold.train].std(axis=0)
    kernel = (scaled @ scaled.T).astype(np.float32)
    fit = solve_kernel_ridge(kernel, y, story.fold, (300.0,))
    np.testing.assert_allclose(
        fit.predicted, fit_predict(story.design, y, story.fold, (300.0,)), atol=1e-3
    )
    np.testing.assert_array_equal(fit.alphas, 300.0)


def test_responses_of_the_held_out_part_change_nothing(story):
    changed = story.responses.copy()
    changed[story.fold.test] = 1e3
    first = solve_kernel_ridge(story.kernel, story.responses, story.fold, ALPHAS)
    second = solve_kernel_ridge(story.kernel, changed, story.fold, ALPHAS)
    np.testing.assert_array_equal(first.predicted, second.predicted)


def test_constant_targets_score_zero_and_leave_the_others_alone(story):
    responses = story.responses.copy()
    responses[:, 3] = 0.1
    responses[story.fold.train, 4] = 1e5
    fit = solve_kernel_ridge(story.kernel, responses, story.fold, ALPHAS)
    np.testing.assert_array_equal(fit.predicted[:, 3], np.float32(0.1))
    np.testing.assert_array_equal(fit.predicted[:, 4], np.float32(1e5))
    r = pearson_r(fit.predicted, responses[story.fold.test])
    assert r[3] == r[4] == 0
    before = solve_kernel_ridge(story.kernel, story.responses, story.fold, ALPHAS)
    np.testing.assert_allclose(fit.predicted[:, 5:], before.predicted[:, 5:], atol=1e-4)


def test_a_kernel_of_zeros_predicts_the_mean(story):
    fit = solve_kernel_ridge(np.zeros_like(story.kernel), story.responses, story.fold, ALPHAS)
    mean = story.responses[story.fold.train].mean(axis=0)
    np.testing.assert_allclose(fit.predicted, np.tile(mean, (len(story.fold.test), 1)), rtol=1e-5)
    np.testing.assert_array_equal(fit.alphas, max(ALPHAS))
    assert not story.r(fit.predicted).any()


def test_a_memory_map_is_read_in_batches(story, tmp_path):
    np.save(tmp_path / "responses.npy", story.responses)
    on_disk = np.load(tmp_path / "responses.npy", mmap_mode="r")
    first = solve_kernel_ridge(story.kernel, on_disk, story.fold, ALPHAS)
    second = solve_kernel_ridge(story.kernel, story.responses, story.fold, ALPHAS)
    np.testing.assert_array_equal(first.predicted, second.predicted)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")
def test_a_gpu_gives_the_same(story):
    kernel = story_kernel(
        story.features, LENGTHS, DELAYS, story.rows, story.fold.train, device="cuda"
    )
    np.testing.assert_allclose(kernel, story.kernel, rtol=1e-3, atol=1e-2)
    fit = solve_kernel_ridge(kernel, story.responses, story.fold, ALPHAS, device="cuda")
    expected = solve_kernel_ridge(story.kernel, story.responses, story.fold, ALPHAS)
    np.testing.assert_allclose(story.r(fit.predicted), story.r(expected.predicted), atol=1e-3)


def with_value(values, index, value):
    changed = values.copy()
    changed[index] = value
    return changed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: {"kernel": s.kernel[:4, :5]}, "shape \\(4, 5\\)"),
        (lambda s: {"kernel": s.kernel[:9, :9]}, "kernel of 9 samples"),
        (lambda s: {"kernel": with_value(s.kernel, (0, 1), np.nan)}, "the kernel holds values"),
        (lambda s: {"responses": with_value(s.responses, (5, 2), np.nan)}, "sample 5 of target 2"),
        (lambda s: {"responses": with_value(s.responses, (5, 2), np.inf)}, "sample 5 of target 2"),
        (lambda s: {"responses": s.responses[:, :0]}, "a column per target"),
        (lambda s: {"responses": s.responses[:, 0]}, "a column per target"),
        (lambda s: {"alphas": ()}, "\\(none\\)"),
        (lambda s: {"alphas": (1.0, 0.0)}, "positive numbers"),
        (lambda s: {"alphas": (1.0, np.nan)}, "positive numbers"),
        (lambda s: {"targets_batch": 0}, "batches of 0 targets"),
        (lambda s: {"fold": Fold(s.fold.train, s.fold.test, ())}, "no inner folds"),
        (lambda s: {"fold": Fold(s.fold.train, s.fold.test[:0], s.fold.inner)}, "is empty"),
        (lambda s: {"fold": Fold(s.fold.train, np.array([999]), s.fold.inner)}, "up to 999"),
    ],
)
def test_bad_input_says_what_is_wrong(story, change, message):
    given = {
        "kernel": story.kernel,
        "responses": story.responses,
        "fold": story.fold,
        "alphas": ALPHAS,
    }
    with pytest.raises(InputError, match=message):
        solve_kernel_ridge(**{**given, **change(story)})
