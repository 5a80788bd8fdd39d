import numpy as np
import pandas as pd
import pytest
from scipy import stats

from backend.store import queries
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.store.shards import write_run
from tests.helpers import make_config, make_tables

CONFIGS = {
    "plain": make_config(),
    "nf4": make_config(compression="bnb-nf4"),
    "shuffled": make_config(split="shuffled"),
    "other": make_config(dataset="other", model="big", evidence="simulated", n_folds=6),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("store")
    for seed, (name, config) in enumerate(CONFIGS.items()):
        created = pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=seed)
        write_run(path, config.run_id, make_tables(config, seed, created_at=created, device=name))
    return path


@pytest.fixture(scope="module")
def store(folder):
    return ResultStore(folder)


@pytest.fixture(scope="module")
def scores(folder):
    """Every score, straight from the Parquet files."""
    return pd.concat([pd.read_parquet(path) for path in (folder / "roi_scores").glob("*")])


def names(frame: pd.DataFrame) -> set[str]:
    by_id = {config.run_id: name for name, config in CONFIGS.items()}
    return {by_id[run_id] for run_id in frame["run_id"]}


@pytest.mark.parametrize("metric", queries.METRICS)
def test_layer_curves_equal_a_recomputation_with_pandas(store, scores, metric):
    curves = queries.layer_curves(store, Selection(), metric)
    keys = ["run_id", "roi", "layer"]
    grouped = scores.dropna(subset=metric).astype({metric: float}).groupby(keys)[metric]
    expected = grouped.agg(["mean", "std", "sem", "count"])
    half = stats.t.ppf(0.975, expected["count"] - 1) * expected["sem"]
    got = curves.set_index(keys).loc[expected.index]
    assert len(curves) == len(expected)
    for column, values in {
        "mean": expected["mean"],
        "sd": expected["std"],
        "low": expected["mean"] - half,
        "high": expected["mean"] + half,
    }.items():
        np.testing.assert_allclose(got[column], values, rtol=1e-5, atol=1e-7)


def test_layer_curves_carry_what_a_caption_needs(store):
    curves = queries.layer_curves(store, Selection(dataset="other"))
    row = curves.iloc[0]
    assert (row["evidence"], row["split"], row["n_samples"], row["n_folds"], row["source"]) == (
        "simulated", "contiguous", 40, 6, "Toy et al. 2026",
    )  # fmt: skip


def test_normalised_curves_leave_out_a_response_without_a_ceiling(store):
    curves = queries.layer_curves(store, Selection(), "r_normalized")
    assert set(curves["roi"]) == {"left_ifg"}


def test_full_precision_stands_before_its_compressions(store):
    curves = queries.layer_curves(store, Selection(models=("tiny",)))
    first = curves["compression"].drop_duplicates().tolist()
    assert first == ["none", "bnb-nf4"]


def test_an_unknown_metric_is_refused(store):
    with pytest.raises(ValueError, match="accepted are r, r_normalized, unique_r2"):
        queries.layer_curves(store, Selection(), "r2; DROP TABLE runs")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"plain", "nf4", "shuffled", "other"}),
        ({"dataset": "toy"}, {"plain", "nf4", "shuffled"}),
        ({"split": "shuffled"}, {"shuffled"}),
        ({"evidence": "simulated"}, {"other"}),
        ({"models": ("big",)}, {"other"}),
        ({"models": ("big", "tiny"), "compressions": ("none",)}, {"plain", "shuffled", "other"}),
        ({"compressions": ("bnb-nf4", "bnb-int8")}, {"nf4"}),
        ({"dataset": "other", "split": "shuffled"}, set()),
        ({"dataset": "'; --"}, set()),
        ({"rois": ("left_ptl",)}, {"plain", "nf4", "shuffled", "other"}),
        ({"rois": ("nowhere",)}, set()),
    ],
)
def test_a_selection_narrows_every_table_alike(store, filters, expected):
    selection = Selection(**filters)
    frames = [
        queries.runs(store, selection),
        queries.layer_curves(store, selection),
        queries.baseline_scores(store, selection),
        queries.gains_over_baselines(store, selection),
    ]
    for frame in frames:
        assert names(frame) == expected
        if "rois" in filters and expected:
            assert set(frame["roi"]) == set(filters["rois"])


def test_a_selection_is_closed_to_unknown_filters():
    with pytest.raises(ValueError, match="extra"):
        Selection(voxel="one")


def test_runs_name_the_best_layer_and_response(store, scores):
    table = queries.runs(store).set_index("run_id")
    means = scores.groupby(["run_id", "layer", "roi"])["r"].mean().reset_index()
    best = means.loc[means.groupby("run_id")["r"].idxmax()].set_index("run_id")
    assert table["best_layer"].to_dict() == best["layer"].to_dict()
    assert table["roi"].to_dict() == best["roi"].to_dict()
    np.testing.assert_allclose(table["best_r"], best.loc[table.index, "r"], rtol=1e-5)


def test_runs_of_one_response_name_its_best_layer(store, scores):
    table = queries.runs(store, Selection(rois=("left_ptl",))).set_index("run_id")
    of_roi = scores[scores["roi"] == "left_ptl"]
    means = of_roi.groupby(["run_id", "layer"])["r"].mean().reset_index()
    best = means.loc[means.groupby("run_id")["r"].idxmax()].set_index("run_id")
    assert table["best_layer"].to_dict() == best["layer"].to_dict()


def test_runs_stand_newest_first(store):
    assert queries.runs(store)["device"].tolist() == ["other", "shuffled", "nf4", "plain"]


def test_baseline_scores_equal_a_recomputation_with_pandas(store, folder):
    raw = pd.concat([pd.read_parquet(path) for path in (folder / "baseline_scores").glob("*")])
    keys = ["run_id", "roi", "baseline"]
    expected = raw.groupby(keys)[["r", "r_normalized"]].mean()
    got = queries.baseline_scores(store, Selection()).set_index(keys).loc[expected.index]
    np.testing.assert_allclose(got["mean"], expected["r"], rtol=1e-5)
    np.testing.assert_allclose(got["mean_normalized"], expected["r_normalized"], rtol=1e-5)


def test_gains_take_the_best_layers_unique_r2_and_the_strongest_baseline(store, scores, folder):
    gains = queries.gains_over_baselines(store, Selection()).set_index(["run_id", "roi"])
    raw = pd.concat([pd.read_parquet(path) for path in (folder / "baseline_scores").glob("*")])
    floors = raw.groupby(["run_id", "roi", "baseline"])["r"].mean()
    for key, gain in gains.iterrows():
        of_roi = scores.set_index(["run_id", "roi"]).loc[[key]].groupby("layer")
        layer = of_roi["r"].mean().idxmax()
        assert gain["layer"] == layer
        assert gain["strongest"] == floors.loc[key].idxmax()
        unique = of_roi.get_group(layer)["unique_r2"].astype(float)
        low, high = stats.t.interval(0.95, len(unique) - 1, unique.mean(), stats.sem(unique))
        assert gain[["unique_r2", "low", "high"]].tolist() == pytest.approx(
            [unique.mean(), low, high], rel=1e-5
        )
        assert gain["beats"] == (low > 0)


@pytest.mark.parametrize(("gain", "beats"), [(0.05, True), (0.0, False), (-0.05, False)])
def test_a_model_beats_its_baselines_when_the_interval_lies_above_zero(tmp_path, gain, beats):
    config = make_config()
    tables = make_tables(config)
    for row in tables.roi_scores:
        row["unique_r2"] = gain + 0.001 * (row["fold"] % 2)
    for row in tables.roi_scores[::2]:
        row["unique_r2"] -= 0.002
    write_run(tmp_path, config.run_id, tables)
    assert set(queries.gains_over_baselines(ResultStore(tmp_path), Selection())["beats"]) == {beats}


def test_choices_list_what_has_results(store):
    table = queries.choices(store)
    assert len(table) == 2 * len(CONFIGS)
    assert table["evidence"].tolist() == ["measured"] * 6 + ["simulated"] * 2
    assert table.groupby("roi")["has_ceiling"].all().to_dict() == {
        "left_ifg": True,
        "left_ptl": False,
    }


def test_compression_changes_are_paired_fold_by_fold(store, scores):
    changes = queries.compression_changes(
        store, Selection(dataset="toy", rois=("left_ifg",)), "contiguous"
    )
    of_roi = scores[scores["roi"] == "left_ifg"].set_index("run_id")
    full, small = (of_roi.loc[CONFIGS[name].run_id] for name in ("plain", "nf4"))
    layer = full.groupby("layer")["r"].mean().idxmax()
    by_fold = [frame[frame["layer"] == layer].set_index("fold")["r"] for frame in (full, small)]
    expected = (by_fold[1] - by_fold[0]).sort_index()
    (row,) = changes.to_dict("records")
    assert (row["model"], row["compression"], row["layer"]) == ("tiny", "bnb-nf4", layer)
    np.testing.assert_allclose(row["differences"], expected, atol=1e-6)


def test_compression_changes_need_the_same_folds(store):
    selection = Selection(dataset="toy", rois=("left_ifg",))
    assert queries.compression_changes(store, selection, "shuffled").empty


def test_compression_changes_give_one_row_per_compression_of_the_latest_pair(tmp_path):
    for day, pooling in enumerate(("last", "mean"), start=1):
        created = pd.Timestamp(f"2026-01-0{day}", tz="UTC")
        for compression in ("none", "bnb-nf4"):
            config = make_config(pooling=pooling, compression=compression)
            tables = make_tables(config, seed=3, created_at=created)
            for row in tables.roi_scores:
                row["r"] = 0.1 * row["layer"] + (0.01 * day if compression == "bnb-nf4" else 0)
            write_run(tmp_path, config.run_id, tables)
    changes = queries.compression_changes(
        ResultStore(tmp_path), Selection(dataset="toy", rois=("left_ifg",)), "contiguous"
    )
    assert len(changes) == 1
    np.testing.assert_allclose(changes["differences"].iloc[0], [0.02] * 4, atol=1e-6)


def test_two_models_of_one_name_are_no_pair(tmp_path):
    for compression, fingerprint in (("none", "a" * 16), ("bnb-nf4", "b" * 16)):
        config = make_config(compression=compression, model_fingerprint=fingerprint)
        write_run(tmp_path, config.run_id, make_tables(config))
    selection = Selection(dataset="toy", rois=("left_ifg",))
    store = ResultStore(tmp_path)
    assert queries.compression_changes(store, selection, "contiguous").empty
    same = make_config(compression="bnb-nf4", model_fingerprint="a" * 16)
    write_run(tmp_path, same.run_id, make_tables(same))
    changes = queries.compression_changes(ResultStore(tmp_path), selection, "contiguous")
    assert changes["compression"].tolist() == ["bnb-nf4"]


def test_a_run_is_in_the_store_or_not(store):
    assert queries.has_run(store, CONFIGS["plain"].run_id)
    assert not queries.has_run(store, make_config(seed=9).run_id)
