"""The lesson of the folds: one slope per feature set, measured and published side by side."""

import numpy as np
import pandas as pd
import pytest

from backend.figures.confound import confound_figure, measured_slopes, published_slopes
from backend.paths import PRECOMPUTED
from backend.store.queries import published
from backend.store.reader import ResultStore

DATASET = "Pereira2018 (fMRI, sentence reading)"


@pytest.fixture(scope="module")
def others() -> pd.DataFrame:
    return published_slopes(
        published(ResultStore(PRECOMPUTED.parent / "none", PRECOMPUTED)), DATASET
    )


@pytest.fixture(scope="module")
def uncompressed(curves: pd.DataFrame) -> pd.DataFrame:
    return curves[curves["compression"] == "none"]


@pytest.fixture(scope="module")
def floor(baselines: pd.DataFrame) -> pd.DataFrame:
    return baselines[baselines["compression"] == "none"]


def test_the_model_is_taken_at_the_layer_that_is_best_on_honest_folds_on_both(
    uncompressed: pd.DataFrame, floor: pd.DataFrame
) -> None:
    slopes = measured_slopes(uncompressed, floor)
    means = uncompressed.pivot(index="layer", columns="split", values="mean")
    layer = means["contiguous"].idxmax()
    model = slopes[slopes["name"] == f"tiny, layer {layer}"].set_index("split")["mean"]
    assert model["contiguous"] == means.loc[layer, "contiguous"]
    assert model["shuffled"] == means.loc[layer, "shuffled"]
    assert set(slopes["name"]) == {f"tiny, layer {layer}", "sentence length", "sample order"}


def test_published_intervals_are_the_mean_and_196_standard_errors(others: pd.DataFrame) -> None:
    assert set(others["name"]) == {"GPT2-XL", "sample order"}
    assert np.allclose(others["high"] - others["value"], 1.96 * others["sem"])
    assert np.allclose(others["value"] - others["low"], 1.96 * others["sem"])
    assert set(others["citation"]) == {"hadidi2025"}


def test_each_slope_runs_from_the_honest_score_to_the_shuffled_one(
    uncompressed: pd.DataFrame, floor: pd.DataFrame, others: pd.DataFrame
) -> None:
    measured = measured_slopes(uncompressed, floor)
    figure = confound_figure(measured, others)
    assert len(figure.data) == 5
    for trace in figure.data:
        rows = measured if trace.xaxis in (None, "x") else others
        expected = rows[rows["name"] == trace.name].set_index("split")
        assert list(trace.x) == ["contiguous", "shuffled"]
        assert list(trace.y) == list(expected.loc[list(trace.x), "mean"])
        assert list(trace.text) == [f"{y:.2f}" for y in trace.y]
        bars = expected.loc[list(trace.x), "high"] - expected.loc[list(trace.x), "mean"]
        assert np.allclose(trace.error_y.array, bars)


def test_measured_and_published_stand_in_panels_of_their_own(
    uncompressed: pd.DataFrame, floor: pd.DataFrame, others: pd.DataFrame
) -> None:
    figure = confound_figure(measured_slopes(uncompressed, floor), others)
    titles = {a.text: a.xref for a in figure.layout.annotations}
    assert titles == {"<b>Measured here</b>": "x domain", "<b>Published</b>": "x2 domain"}
    axes = {trace.name: trace.xaxis for trace in figure.data}
    assert axes["GPT2-XL"] == "x2"
    assert axes["sentence length"] == "x"


def test_whole_groups_held_out_are_honest_folds_too(
    uncompressed: pd.DataFrame, floor: pd.DataFrame, others: pd.DataFrame
) -> None:
    grouped = {"contiguous": "grouped", "shuffled": "shuffled"}
    measured = measured_slopes(
        uncompressed.assign(split=uncompressed["split"].map(grouped)),
        floor.assign(split=floor["split"].map(grouped)),
        "grouped",
    )
    figure = confound_figure(measured, others)
    for trace in figure.data:
        honest = "grouped" if trace.xaxis in (None, "x") else "contiguous"
        assert list(trace.x) == [honest, "shuffled"]
        assert np.isfinite(trace.y).all()
        assert "nan" not in trace.text


def test_a_second_run_of_the_same_kind_draws_no_second_slope(
    uncompressed: pd.DataFrame, floor: pd.DataFrame, others: pd.DataFrame
) -> None:
    again = uncompressed.assign(run_id=uncompressed["run_id"] + "x", mean=0.0)
    measured = measured_slopes(pd.concat([uncompressed, again]), pd.concat([floor, floor]))
    assert not measured.duplicated(["name", "split"]).any()
    assert list(measured["mean"]) == list(measured_slopes(uncompressed, floor)["mean"])


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_sample_order_has_one_colour_of_its_own_on_both_panels(
    uncompressed: pd.DataFrame, floor: pd.DataFrame, others: pd.DataFrame, mode: str
) -> None:
    figure = confound_figure(measured_slopes(uncompressed, floor), others, mode)
    colours = {trace.line.color for trace in figure.data if trace.name == "sample order"}
    rest = {trace.line.color for trace in figure.data if trace.name != "sample order"}
    assert len(colours) == 1
    assert not colours & rest


def test_a_feature_set_that_is_on_both_panels_is_in_the_legend_once(
    uncompressed: pd.DataFrame, floor: pd.DataFrame, others: pd.DataFrame
) -> None:
    figure = confound_figure(measured_slopes(uncompressed, floor), others)
    assert [t.showlegend for t in figure.data if t.name == "sample order"] == [True, False]
