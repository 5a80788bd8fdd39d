"""Curves over layers by model, region, subject and story, as pandas and scipy count them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from backend.comparisons.layer_curves import baseline_table, layer_curves_by, regions_left_out
from backend.comparisons.layer_scores import baseline_units, layer_runs, layer_scores
from backend.comparisons.peaks import peak
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from tests.story_helpers import STORIES, make_story_config, write_story_run

SPLIT = ["leave-story-out"]
SUBJECTS = ("sub-01", "sub-02", "sub-03")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ResultStore:
    folder: Path = tmp_path_factory.mktemp("store")
    for seed, subject in enumerate(SUBJECTS):
        write_story_run(folder, make_story_config(subject=subject), seed)
    write_story_run(folder, make_story_config(compression="bnb-nf4"), 5)
    write_story_run(folder, make_story_config(context=32), 6)
    return ResultStore(folder)


@pytest.fixture(scope="module")
def rows(store: ResultStore) -> pd.DataFrame:
    """Scores as the store holds them, with their runs."""
    return store.query("SELECT * FROM roi_scores JOIN runs USING (run_id)")


def scores_of(store: ResultStore, metric: str = "r", **selection: object) -> pd.DataFrame:
    chosen = Selection(**selection)  # type: ignore[arg-type]
    return layer_scores(store, layer_runs(store, chosen, SPLIT), chosen, metric)


def of_design(scores: pd.DataFrame) -> pd.DataFrame:
    """Only the first design: full precision at the usual context."""
    return scores[scores["design"] == scores["design"].iloc[0]]


def test_runs_that_differ_in_their_subject_alone_are_one_design(store: ResultStore) -> None:
    runs = layer_runs(store, Selection(), SPLIT)
    assert len(runs) == 5
    by_design = runs.groupby("design", sort=False)["subject"].agg(sorted)
    assert sorted(map(len, by_design)) == [1, 1, 3]
    assert list(runs["compression"])[-1] == "bnb-nf4"


def test_of_runs_that_were_made_twice_the_latest_counts(tmp_path: Path) -> None:
    for seed, targets in enumerate(("all", "regions")):
        write_story_run(tmp_path, make_story_config(targets=targets), seed)
    runs = layer_runs(ResultStore(tmp_path), Selection(), SPLIT)
    assert list(runs["run_id"]) == [make_story_config(targets="regions").run_id]


def test_curves_of_models_are_means_over_subjects_with_intervals_over_folds(
    store: ResultStore, rows: pd.DataFrame
) -> None:
    scores = of_design(scores_of(store, rois=("AC",), hemisphere="left"))
    ((_, table),) = layer_curves_by(scores, "model").table().groupby("design")
    own = rows[(rows["roi"] == "AC") & (rows["hemisphere"] == "left")
               & rows["run_id"].isin(scores["run_id"])]  # fmt: skip
    folds = own.groupby(["layer", "held_out"])["r"].mean().unstack()
    for row in table.itertuples():
        values = folds.loc[row.layer].to_numpy(dtype=float)
        low, high = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
        assert (row.mean, row.low, row.high) == pytest.approx((values.mean(), low, high), abs=1e-6)
        assert row.n_units == len(STORIES)
        assert row.depth == row.layer / 2


def test_subjects_can_be_the_units(store: ResultStore, rows: pd.DataFrame) -> None:
    scores = of_design(scores_of(store, rois=("AC",), hemisphere="left"))
    curves = layer_curves_by(scores, "model", "subjects")
    assert sorted(curves.units) == list(SUBJECTS)
    own = rows[(rows["roi"] == "AC") & (rows["hemisphere"] == "left")
               & rows["run_id"].isin(scores["run_id"])]  # fmt: skip
    means = own.groupby(["subject", "layer"])["r"].mean().unstack()
    assert curves.table()["mean"].to_numpy() == pytest.approx(means.mean().to_numpy(), abs=1e-6)
    assert set(curves.table()["n_units"]) == {3}


def test_regions_are_told_apart_by_hemisphere(store: ResultStore) -> None:
    curves = layer_curves_by(of_design(scores_of(store)), "region")
    assert curves.keys.to_numpy().tolist() == [["AC", "left"], ["AC", "right"], ["TP", "left"]]
    assert (curves.table()["low"] < curves.table()["mean"]).all()


def test_subjects_have_a_curve_each(store: ResultStore, rows: pd.DataFrame) -> None:
    scores = of_design(scores_of(store, rois=("TP",)))
    table = layer_curves_by(scores, "subject").table()
    assert sorted(table["subject"].unique()) == list(SUBJECTS)
    own = rows[
        (rows["roi"] == "TP") & (rows["run_id"] == make_story_config(subject="sub-02").run_id)
    ]
    means = own.groupby("layer")["r"].mean().to_numpy()
    got = table[table["subject"] == "sub-02"]["mean"].to_numpy()
    assert got == pytest.approx(means, abs=1e-6)


def test_a_story_of_one_subject_has_no_interval_and_of_three_one_over_them(
    store: ResultStore,
) -> None:
    one = of_design(scores_of(store, subjects=("sub-02",), rois=("TP",)))
    alone = layer_curves_by(one, "story")
    assert sorted(alone.keys["unit"]) == sorted(STORIES)
    assert alone.table()["low"].isna().all()
    assert alone.peaks()["low"].isna().all()
    assert alone.peaks()["layer"].notna().all()
    three = layer_curves_by(of_design(scores_of(store, rois=("TP",))), "story")
    assert three.table()["low"].notna().all()


def test_peaks_are_those_of_the_curves_and_what_lies_there(store: ResultStore) -> None:
    scores = of_design(scores_of(store, rois=("AC",)))
    curves = layer_curves_by(scores, "region")
    peaks, table = curves.peaks(), curves.table()
    for number, row in enumerate(peaks.to_dict("records")):
        own = table[table["hemisphere"] == row["hemisphere"]]
        assert row["layer"] == own.loc[own["mean"].idxmax(), "layer"]
        assert row["score"] == own["mean"].max()
        expected = peak(curves.scores[number], curves.layers)
        assert (row["low"], row["high"]) == (expected.low, expected.high)
        assert row["last"] == 2
    assert peaks["counts"].all()


def test_a_peak_counts_where_the_model_adds_to_its_baselines(store: ResultStore) -> None:
    scores = of_design(scores_of(store))
    ac = scores["roi"] == "AC"
    useless = scores.assign(unique_r2=scores["unique_r2"].where(~ac, -0.01))
    peaks = layer_curves_by(useless, "region").peaks()
    assert list(peaks["counts"]) == [False, False, True]
    left_out = regions_left_out(peaks, {"AC": 1, "TP": 4})
    assert left_out[["roi", "place"]].to_numpy().tolist() == [["AC", 1]]
    unknown = layer_curves_by(scores.assign(unique_r2=np.nan), "region").peaks()
    assert unknown["counts"].all()
    below = layer_curves_by(scores.assign(score=scores["score"] - 1), "region").peaks()
    assert not below["counts"].any()


def test_models_of_different_depths_and_folds_stand_in_one_table(store: ResultStore) -> None:
    scores = of_design(scores_of(store, rois=("TP",)))
    first = scores[scores["subject"] == "sub-01"]
    deep = first.assign(layer=first["layer"] * 6, n_layers=12, design="deep",
                        unit=first["unit"] + " again")  # fmt: skip
    curves = layer_curves_by(pd.concat([first, deep]), "model")
    table, peaks = curves.table(), curves.peaks()
    assert list(table["layer"]) == [0, 1, 2, 0, 6, 12]
    assert list(table["depth"]) == [0, 0.5, 1] * 2
    assert list(peaks["last"]) == [2, 12]
    assert peaks["layer"].iloc[1] == 6 * peaks["layer"].iloc[0]
    assert peaks["high"].iloc[1] == 6 * peaks["high"].iloc[0]


def test_a_range_of_layers_narrows_curves_and_keeps_their_depth(store: ResultStore) -> None:
    curves = layer_curves_by(of_design(scores_of(store, rois=("TP",), layers=(1, 1))), "model")
    assert list(curves.table()["layer"]) == [1]
    assert list(curves.table()["depth"]) == [0.5]


def test_ceilings_have_the_spread_of_their_units(store: ResultStore) -> None:
    scores = of_design(scores_of(store, rois=("TP",)))
    units = {story: 0.5 + 0.1 * place for place, story in enumerate(STORIES)}
    table = layer_curves_by(scores.assign(ceiling=scores["unit"].map(units)), "model").table()
    low, high = stats.t.interval(0.95, 2, 0.6, stats.sem([0.5, 0.6, 0.7]))
    assert set(table["ceiling"].round(9)) == {0.6}
    assert table["ceiling_low"].iloc[0] == pytest.approx(low)
    assert table["ceiling_high"].iloc[0] == pytest.approx(high)


def test_baselines_are_means_over_runs_with_intervals_over_units(store: ResultStore) -> None:
    selection = Selection(rois=("AC",), hemisphere="left", subjects=("sub-01",))
    runs = layer_runs(store, selection, SPLIT)
    table = baseline_table(baseline_units(store, runs, selection)).set_index("baseline")
    raw = store.query(
        "SELECT held_out, avg(r) AS r FROM baseline_scores JOIN runs USING (run_id) WHERE baseline "
        "= 'oasm' AND roi = 'AC' AND hemisphere = 'left' AND subject = 'sub-01' GROUP BY ALL"
    )["r"]
    low, high = stats.t.interval(0.95, len(raw) - 1, raw.mean(), stats.sem(raw))
    assert table.loc["oasm", ["mean", "low", "high"]].to_list() == pytest.approx(
        [raw.mean(), low, high], abs=1e-6
    )


def test_an_unknown_metric_is_refused(store: ResultStore) -> None:
    with pytest.raises(ValueError, match="accepted are r, r_normalized, unique_r2"):
        scores_of(store, "r; DROP TABLE runs")
