"""The early-to-late hierarchy: one number, as scipy counts it, and by chance no oftener than 5%."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from backend import catalog
from backend.comparisons.hierarchy import hierarchy, n_arrangements
from backend.comparisons.layer_curves import hierarchy_of, layer_curves_by
from backend.comparisons.layer_scores import layer_runs, layer_scores
from backend.demo.fields import FIELDS
from backend.errors import InputError
from backend.paths import PRECOMPUTED
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from tests.comparisons.layer_noise import bells, noisy
from tests.comparisons.layer_stores import write_regions

PLACES = catalog.places()
ROIS = list(PLACES)
ORDER = np.array([PLACES[roi] for roi in ROIS])


def random_curves(random: np.random.Generator, sd: float = 0.03, n_units: int = 6) -> np.ndarray:
    return noisy(bells(random.uniform(0, 6, len(ROIS)), 7, 1.5), n_units, sd, random)


def test_the_number_is_spearmans_correlation() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        found = hierarchy(random_curves(random), ROIS, PLACES, n_boot=100)
        expected = stats.spearmanr(found.regions["place"], found.regions["depth"]).statistic
        assert found.rho == pytest.approx(expected)
        assert found.low <= found.rho <= found.high


def test_p_counts_every_arrangement_as_scipys_exact_permutation_test_does() -> None:
    random = np.random.default_rng(1)
    rois = ROIS[:6]
    for _ in range(5):
        found = hierarchy(random_curves(random)[:, :6], rois, PLACES, n_boot=100)
        depths = found.regions["depth"].to_numpy()

        def rho(places: np.ndarray, depths: np.ndarray = depths) -> float:
            return stats.spearmanr(places, depths).statistic

        expected = stats.permutation_test(
            (found.regions["place"].to_numpy(),), rho, permutation_type="pairings",
            alternative="greater", n_resamples=np.inf,
        )  # fmt: skip
        assert found.exact
        # scipy counts each of the equal arrangements of ties; their share is the same.
        assert found.p == pytest.approx(expected.pvalue)
        assert found.n_arrangements == n_arrangements([PLACES[roi] for roi in rois])


def test_many_regions_are_drawn_and_agree_with_scipy() -> None:
    random = np.random.default_rng(2)
    places = {f"region-{index}": index for index in range(12)}
    peaks = np.linspace(2, 4.5, 12) + random.normal(0, 1.2, 12)
    curves = noisy(bells(peaks, 7, 1.5), 6, 0.02, random)
    found = hierarchy(curves, list(places), places, n_boot=100)
    assert not found.exact
    exact_t = stats.spearmanr(found.regions["place"], found.regions["depth"], alternative="greater")
    assert found.p == pytest.approx(exact_t.pvalue, abs=0.02)


def test_chance_is_called_a_hierarchy_no_more_often_than_it_may(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    n_runs = 150
    write_regions(tmp_path, [random_curves(random, 0.05) for _ in range(n_runs)], ROIS)
    store = ResultStore(tmp_path)
    runs = layer_runs(store, Selection(), ["leave-story-out"])
    scores = layer_scores(store, runs, Selection())
    assert scores["run_id"].nunique() == n_runs
    p = []
    for _, rows in scores.groupby("run_id"):
        curves = layer_curves_by(rows, "region")
        peaks = curves.peaks().assign(counts=True)
        p.append(hierarchy_of(curves, peaks, PLACES).p)
    low, high = stats.binom.interval(0.999, n_runs, 0.05)
    assert low <= (np.array(p) <= 0.05).sum() <= high


def test_intervals_hold_the_true_number() -> None:
    random = np.random.default_rng(6)
    hits, trials = 0, 200
    for trial in range(trials):
        peaks = np.clip(ORDER + random.normal(0, 0.8, len(ROIS)), 0, 6)
        curves = noisy(bells(peaks, 7, 1.5), 6, 0.05, random)
        found = hierarchy(curves, ROIS, PLACES, n_boot=400, seed=trial)
        truth = stats.spearmanr(ORDER, peaks).statistic
        hits += found.low - 1e-9 <= truth <= found.high + 1e-9
    assert hits / trials >= stats.binom.ppf(0.001, trials, 0.95) / trials


def test_two_hemispheres_are_one_region() -> None:
    random = np.random.default_rng(7)
    curves = random_curves(random)
    both = np.concatenate([curves, curves], axis=1)
    once = hierarchy(curves, ROIS, PLACES, n_boot=100)
    twice = hierarchy(both, [*ROIS, *ROIS], PLACES, n_boot=100)
    assert (twice.rho, twice.p, twice.n_arrangements) == (once.rho, once.p, once.n_arrangements)


def test_the_planted_order_comes_out_of_the_demo_cortex() -> None:
    store = ResultStore(Path("missing"), PRECOMPUTED)
    selection = Selection(dataset="demo-cortex", models=("minilm-l6",), compressions=("none",))
    runs = layer_runs(store, selection, ["leave-story-out"])
    assert sorted(runs["subject"]) == ["sub-01", "sub-02", "sub-03"]
    curves = layer_curves_by(layer_scores(store, runs, selection), "region")
    peaks = curves.peaks()
    found = hierarchy_of(curves, peaks, PLACES)
    planted = {roi: field.driver for roi, field in FIELDS.items() if isinstance(field.driver, int)}
    # Auditory cortex follows speech rate, which is a baseline, and has no layer.
    assert set(found.regions["roi"]) == set(planted)
    for row in found.regions.itertuples():
        assert row.depth * 6 == pytest.approx(planted[row.roi], abs=0.25)
    assert found.rho >= 0.7
    assert found.p <= 0.05


def test_regions_without_a_place_are_left_out_and_too_few_are_refused() -> None:
    random = np.random.default_rng(8)
    curves = random_curves(random)
    renamed = [*ROIS[:-1], "elsewhere"]
    found = hierarchy(curves, renamed, PLACES, n_boot=100)
    assert "elsewhere" not in set(found.regions["roi"])
    with pytest.raises(InputError, match="takes 20 or more"):
        hierarchy(curves[:, :3], ROIS[:3], PLACES)
    with pytest.raises(InputError, match="can be shared out in 1 ways"):
        hierarchy(curves, ["elsewhere"] * len(ROIS), PLACES)
    with pytest.raises(InputError, match="the region of each curve"):
        hierarchy(curves, ROIS[:3], PLACES)


def test_without_units_to_resample_there_is_no_interval() -> None:
    random = np.random.default_rng(9)
    found = hierarchy(random_curves(random, n_units=2), ROIS, PLACES)
    assert np.isnan([found.low, found.high]).all()
    assert found.regions["depth_low"].isna().all()
    assert found.number == f"ρ = {found.rho:.2f}"
