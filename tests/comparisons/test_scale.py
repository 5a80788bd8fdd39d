"""Scale in a store: points, floor and roof are its numbers, and verdicts are seldom false."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from backend.comparisons.scale import (
    Scaling,
    known_perplexities,
    scale_by_response,
    scale_levels,
    scale_lines,
    scale_points,
    shared_subjects,
    shared_units,
    trained_families,
)
from backend.comparisons.scores import LayerRule, at_layer, comparable_scores
from backend.store.queries import choices
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from tests.comparisons.scale_stores import (
    CEILING,
    DATASET,
    FAMILY,
    SPLIT,
    TWINS,
    Model,
    write_models,
    write_perplexities,
)

MARGIN = 0.02
TALES = Selection(dataset=DATASET)


def scores_of(store: Path, metric: str = "r", **narrowed: str) -> pd.DataFrame:
    several = {f"{name}s": (value,) for name, value in narrowed.items()}
    selection = TALES.model_copy(update=several)
    return at_layer(comparable_scores(ResultStore(store), selection, SPLIT, metric).frame)


def one(frame: pd.DataFrame, **options: Any) -> Scaling:
    (scaling,) = scale_by_response(
        frame, options.pop("units", "folds"), options.pop("margin", MARGIN), **options
    )
    return scaling


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The family, its twins and MiniLM, two responses, three subjects."""
    folder = tmp_path_factory.mktemp("scale") / "store"
    write_models(
        folder,
        {**FAMILY, **TWINS},
        ("sub-01", "sub-02", "sub-03"),
        [("AC", "left"), ("TP", "left")],
    )
    write_perplexities(folder, "long", {name: 100 - 9.0 * i for i, name in enumerate(FAMILY)})
    write_perplexities(folder, "short", {"cortexscale-1m": 7.0})
    return folder


# Points


def test_a_point_is_the_mean_of_its_folds_at_the_layer_with_its_interval(store: Path) -> None:
    frame = scores_of(store, subject="sub-02", roi="AC")
    points = one(frame).points.set_index("model")
    assert list(points.index) == sorted(
        points.index, key=lambda name: ({**FAMILY, **TWINS}[name].n_parameters, name)
    )
    for model, rows in frame.groupby("model"):
        low, high = stats.t.interval(0.95, 7, rows["score"].mean(), stats.sem(rows["score"]))
        assert points.loc[model, "mean"] == pytest.approx(rows["score"].mean())
        assert points.loc[model, "low"] == pytest.approx(low)
        assert points.loc[model, "high"] == pytest.approx(high)
        assert points.loc[model, "n_units"] == 8
        # The middle layer is the better one by far.
        assert (points.loc[model, "first_layer"], points.loc[model, "last_layer"]) == (1, 1)


def test_subjects_are_units_of_their_own(store: Path) -> None:
    frame = scores_of(store, roi="AC")
    points = one(frame, units="subjects").points.set_index("model")
    assert set(points["n_units"]) == {3}
    means = frame[frame["model"] == "minilm-l6"].groupby("subject")["score"].mean()
    low, _ = stats.t.interval(0.95, 2, means.mean(), stats.sem(means))
    assert points.loc["minilm-l6", "low"] == pytest.approx(low)


def test_a_fixed_depth_takes_another_layer(store: Path) -> None:
    whole = comparable_scores(ResultStore(store), TALES, SPLIT).frame
    points = one(at_layer(whole[whole["roi"] == "AC"], LayerRule(depth=1.0))).points
    assert set(points["first_layer"]) == {2}


def test_random_twins_have_points_but_no_part_in_fits_or_verdicts(store: Path) -> None:
    scaling = one(scores_of(store, roi="AC"))
    assert scaling.points["random"].sum() == 5
    assert set(scaling.points.loc[scaling.points["random"], "base"]) == {"CortexScale"}
    assert [fit.n_models for fit in scaling.fits.fits] == [6, 6]
    assert scaling.minimal is not None
    compared = {c.model for c in scaling.minimal.comparisons} | {scaling.minimal.largest}
    assert compared == set(FAMILY)


def test_one_family_can_be_fitted_and_compared_alone(store: Path) -> None:
    scaling = one(scores_of(store, roi="AC"), family="CortexScale")
    assert len(scaling.points) == 11
    assert [fit.n_models for fit in scaling.fits.fits] == [5]
    assert scaling.minimal is not None
    assert scaling.minimal.largest == "cortexscale-7m"


def test_what_was_planted_is_found(store: Path) -> None:
    for scaling in scale_by_response(scores_of(store), "folds", MARGIN):
        assert scaling.minimal is not None
        assert scaling.minimal.unbroken == "cortexscale-7m"
        assert scaling.minimal.of("cortexscale-1m").verdict == "lower"


def test_models_without_a_size_have_no_point(store: Path) -> None:
    frame = scores_of(store, roi="AC")
    frame.loc[frame["model"] == "minilm-l6", "n_parameters"] = None
    assert "minilm-l6" not in set(one(frame).points["model"])


def test_the_largest_block_without_gaps_is_kept() -> None:
    table = pd.DataFrame(
        [[1, 1, 1, None], [2, 2, 2, None], [3, 3, 3, 3], [None, None, 4, None]],
        index=list("abcd"), columns=list("wxyz"),
    )  # fmt: skip
    block = shared_units(table)
    assert list(block.index) == ["a", "b", "c"]
    assert list(block.columns) == ["w", "x", "y"]
    assert shared_units(table.iloc[:0]).empty


def test_a_model_that_lacks_stories_is_left_out_and_named(store: Path) -> None:
    frame = scores_of(store, roi="AC", subject="sub-01")
    lacks = (frame["model"] == "cortexscale-1m") & (frame["fold"] < 5)
    scaling = one(frame[~lacks])
    assert scaling.left_out == ("cortexscale-1m",)
    assert set(scaling.points["n_units"]) == {8}


# Answers that there are not


def test_one_size_gives_no_answer_but_says_why(store: Path) -> None:
    frame = scores_of(store, roi="AC")
    scaling = one(frame[frame["model"].str.startswith("minilm")])
    assert scaling.minimal is None
    assert scaling.undecidable == "there is one size, and a minimal model takes at least two sizes"
    assert set(scaling.fits.refused) == {"log-linear", "saturating"}
    assert scaling.margin_share == 0
    twins = one(frame[frame["model"].str.endswith(":random")])
    assert twins.undecidable.startswith("there is no trained model")


def test_two_units_give_no_answer_but_say_why(store: Path) -> None:
    frame = scores_of(store, roi="AC")
    scaling = one(frame[frame["subject"] != "sub-03"], units="subjects")
    assert scaling.minimal is None
    assert "there are 2 of the subjects" in scaling.undecidable


def test_a_margin_is_measured_by_the_largest_models_score(store: Path) -> None:
    scaling = one(scores_of(store, roi="AC"))
    largest = scaling.points.set_index("model").loc["minilm-l6", "mean"]
    assert scaling.margin_share == pytest.approx(MARGIN / largest)


# Frames for figures and tables


def test_points_of_all_responses_carry_their_verdicts(store: Path) -> None:
    points = scale_points(scale_by_response(scores_of(store), "folds", MARGIN))
    assert len(points) == 22
    assert points["minimal"].sum() == 2
    of_ac = points[points["roi"] == "AC"].set_index("model")
    assert of_ac.loc["minilm-l6", "verdict"] == "largest"
    assert of_ac.loc["cortexscale-7m", "verdict"] == "equivalent"
    assert of_ac.loc["cortexscale-0.1m:random", "verdict"] == ""
    expected = of_ac["mean"] - of_ac.loc["minilm-l6", "mean"]
    compared = of_ac["difference"].notna()
    assert compared.sum() == 5
    assert of_ac.loc[compared, "difference"].to_numpy() == pytest.approx(
        expected[compared].to_numpy()
    )


def test_lines_run_from_the_smallest_to_the_largest_trained_model(store: Path) -> None:
    scalings = scale_by_response(scores_of(store), "folds", MARGIN)
    lines = scale_lines(scalings)
    assert set(lines["form"]) == {"log-linear", "saturating"}
    for _, rows in lines.groupby(["roi", "form"]):
        assert (rows["x"].min(), rows["x"].max()) == pytest.approx((1e5, 22_713_216))
    assert scale_lines([]).empty


# Perplexity


def test_the_text_with_most_models_comes_first(store: Path) -> None:
    known = known_perplexities(ResultStore(store), list(FAMILY))
    assert list(known["corpus"].unique()) == ["long", "short"]
    assert len(known) == 7
    assert known_perplexities(ResultStore(store), ["unheard-of"]).empty
    assert known_perplexities(ResultStore(store), list(FAMILY), "bnb-nf4").empty


def test_perplexity_is_an_axis_on_which_less_is_better(store: Path) -> None:
    frame = scores_of(store, roi="AC")
    known = known_perplexities(ResultStore(store), list(FAMILY))
    known = known[known["corpus"] == "long"]
    scaling = one(frame.merge(known, on="model", how="left"), axis="perplexity")
    linear = next(fit for fit in scaling.fits.fits if fit.form == "log-linear")
    assert linear.coefficients["slope"].mean > 0
    trained = scaling.points[~scaling.points["random"]]
    expected = stats.linregress(-np.log10(trained["perplexity"]), trained["mean"]).slope
    assert linear.coefficients["slope"].mean == pytest.approx(expected)
    line = scale_lines([scaling], "perplexity")
    assert (line["x"].min(), line["x"].max()) == pytest.approx((55, 100))


# Floor and roof


def test_the_floor_is_the_strongest_baseline_that_is_no_models_own(store: Path) -> None:
    frame = scores_of(store, roi="AC", subject="sub-01")
    levels = scale_levels(ResultStore(store), frame, "r", "folds").set_index("kind")
    assert levels.loc["floor", "name"] == "all nuisance"
    assert levels.loc["ceiling", "mean"] == pytest.approx(CEILING)
    scores = ResultStore(store).query(
        "SELECT r FROM baseline_scores JOIN runs USING (run_id) WHERE baseline = 'all nuisance' "
        "AND subject = 'sub-01' AND roi = 'AC' AND model = 'minilm-l6'"
    )["r"]
    low, high = stats.t.interval(0.95, 7, scores.mean(), stats.sem(scores))
    assert levels.loc["floor", "mean"] == pytest.approx(scores.mean())
    assert levels.loc["floor", "low"] == pytest.approx(low, abs=1e-6)
    assert levels.loc["floor", "high"] == pytest.approx(high, abs=1e-6)


def test_normalized_levels_and_none_for_unique_variance(store: Path) -> None:
    reader, frame = ResultStore(store), scores_of(store, "r_normalized")
    levels = scale_levels(reader, frame, "r_normalized", "folds")
    assert set(levels.loc[levels["kind"] == "ceiling", "mean"]) == {1.0}
    assert len(levels) == 4
    assert scale_levels(reader, frame, "unique_r2", "folds").empty


# What can be chosen


def test_subjects_count_where_models_share_them(store: Path) -> None:
    available = choices(ResultStore(store))
    of_ac = available[available["roi"] == "AC"]
    assert shared_subjects(of_ac) == 3
    assert shared_subjects(of_ac[of_ac["model"] == "minilm-l6"]) == 0
    assert shared_subjects(of_ac.iloc[:0]) == 0


def test_families_are_those_of_trained_models(store: Path) -> None:
    assert trained_families(ResultStore(store), TALES, SPLIT) == ["CortexScale", "MiniLM"]


# False verdicts, counted in stores where each response is drawn anew


def verdicts(folder: Path, below: float, sd: float, n: int) -> list[Scaling]:
    """Judge n responses in which all smaller models lie below the largest by so much."""
    models = {
        name: Model("CortexScale", size, 0.3 - (0.0 if size == 7e6 else below))
        for name, size in zip("abcde", (10**5, 3 * 10**5, 10**6, 3 * 10**6, 7 * 10**6), strict=True)
    }
    responses = [(f"response-{index}", "both") for index in range(n)]
    write_models(folder, models, responses=responses, sd=sd)
    return scale_by_response(scores_of(folder), "folds", MARGIN)


def test_models_worse_by_the_margin_are_called_equivalent_in_5_percent_at_most(
    tmp_path: Path,
) -> None:
    n = 200
    found = [scaling.minimal for scaling in verdicts(tmp_path, MARGIN, 0.01, n)]
    false = sum(answer is not None and answer.unbroken is not None for answer in found)
    assert len(found) == n
    assert false / n <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / n)


def test_equal_models_are_called_equivalent(tmp_path: Path) -> None:
    n = 60
    found = [scaling.minimal for scaling in verdicts(tmp_path, 0.0, 0.007, n)]
    assert sum(answer is not None and answer.unbroken == "a" for answer in found) / n >= 0.85
