from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backend.comparisons.dissociation import (
    KNOWLEDGE,
    PERPLEXITY,
    competence_shares,
    dissociations,
    over_models,
    predictivity_changes,
    share,
)
from backend.comparisons.probes import OVERALL
from backend.comparisons.tracking import partial_correlation, tracking
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.store.shards import write_quality
from tests.comparisons.dissociation_stores import DATASET, SPLIT, write_both
from tests.store.qualities import make_quality

SELECTION = Selection(dataset=DATASET, evidence="measured")


def _tested(store: Path) -> pd.DataFrame:
    opened = ResultStore(store)
    predictivity = predictivity_changes(opened, SELECTION, SPLIT)
    models = list(dict.fromkeys(predictivity["model"]))
    return dissociations(predictivity, competence_shares(opened, "bundled", models))


def test_a_planted_dissociation_is_found_by_one_test(tmp_path: Path) -> None:
    # Competence loses half of what it had above chance; predictivity nothing.
    write_both(tmp_path, "tiny", competence=(0.9, 0.7), predictivity=(0.4, 0.4))
    rows = _tested(tmp_path).set_index("phenomenon")
    row = rows.loc[OVERALL]
    assert row["competence"] == pytest.approx(-50, abs=0.5)
    assert row["predictivity"] == pytest.approx(0, abs=3)
    assert row["verdict"] == "dissociates"
    assert row["interaction_high"] < -40
    assert row["competence_low"] < row["competence"] < row["competence_high"]
    assert row["predictivity_low"] < row["predictivity"] < row["predictivity_high"]


def test_what_falls_alike_does_not_dissociate(tmp_path: Path) -> None:
    write_both(tmp_path, "tiny", competence=(0.9, 0.7), predictivity=(0.4, 0.2))
    row = _tested(tmp_path).set_index("phenomenon").loc[OVERALL]
    # Each of the two is lost beyond doubt, which two separate verdicts would say and no more.
    assert row["competence_high"] < 0
    assert row["predictivity_high"] < 0
    assert row["verdict"] == "undecided"
    assert row["interaction_low"] < 0 < row["interaction_high"]


def test_predictivity_that_falls_more_is_the_reverse(tmp_path: Path) -> None:
    write_both(tmp_path, "tiny", competence=(0.9, 0.9), predictivity=(0.4, 0.2))
    assert _tested(tmp_path).set_index("phenomenon").loc[OVERALL, "verdict"] == "reversed"


def test_what_has_nothing_to_lose_is_left_out(tmp_path: Path) -> None:
    write_both(tmp_path, "tiny", competence=(0.9, 0.7), predictivity=(0.0, 0.0))
    assert _tested(tmp_path).empty
    write_both(tmp_path / "b", "tiny", competence=(0.5, 0.5), predictivity=(0.4, 0.4))
    assert _tested(tmp_path / "b").empty


def test_perplexity_is_an_axis_too(tmp_path: Path) -> None:
    write_both(tmp_path, "tiny", competence=(0.9, 0.7), predictivity=(0.4, 0.4))
    for number, (compression, bits) in enumerate((("none", 1.0), ("magnitude-70", 1.2))):
        row = make_quality(compression=compression, bits_per_byte=bits, quality_id=str(number))
        write_quality(tmp_path, str(number), row)
    row = _tested(tmp_path).set_index("phenomenon").loc[PERPLEXITY]
    assert row["competence"] == pytest.approx(-20)
    assert row["competence_low"] == row["competence_high"] == row["competence"]
    assert row["verdict"] == "dissociates"
    assert KNOWLEDGE not in set(_tested(tmp_path)["phenomenon"])


def test_models_are_averaged_each_once(tmp_path: Path) -> None:
    for number in range(4):
        write_both(
            tmp_path, f"tiny-{number}", competence=(0.9, 0.72), predictivity=(0.4, 0.4), seed=number
        )
    averaged = over_models(_tested(tmp_path)).set_index("phenomenon")
    row = averaged.loc[OVERALL]
    assert (row["n_models"], row["verdict"]) == (4, "dissociates")
    assert row["low"] < row["mean"] < row["high"] < 0
    few = over_models(_tested(tmp_path).query("model != 'tiny-0' and model != 'tiny-1'"))
    assert set(few["verdict"]) == {"undecided"}
    assert few["low"].isna().all()


def test_shares_cover_the_true_ratio() -> None:
    covered = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        full = random.normal(0.4, 0.05, 10)
        change = -0.25 * full + random.normal(0, 0.03, 10)
        found = share(full, change)
        covered += abs(found.percent + 25) < 2.26 * found.se
    assert 0.9 < covered / 300 <= 0.99


def test_a_partial_correlation_is_what_size_leaves() -> None:
    random = np.random.default_rng(0)
    size = random.normal(size=400)
    # Both follow size, and nothing else joins them.
    one, other = size + random.normal(size=400), size + random.normal(size=400)
    assert np.corrcoef(one, other)[0, 1] > 0.4
    found = partial_correlation(one, other, size)
    assert found is not None
    assert found[1] < 0 < found[2]
    assert partial_correlation(one[:4], other[:4], size[:4]) is None
    assert partial_correlation(one, np.zeros(400), size) is None


def test_tracking_names_the_phenomenon_that_follows(tmp_path: Path) -> None:
    levels = (0.3, 0.42, 0.33, 0.4, 0.36, 0.31, 0.44)
    for number, level in enumerate(levels):
        write_both(
            tmp_path, f"tiny-{number}", competence=(0.6 + (number * 3) % 7 / 50, 0.6),
            predictivity=(level, level), seed=number, n_parameters=10 ** (5 + number % 3),
            syntax=0.5 + level,
        )  # fmt: skip
    found = tracking(ResultStore(tmp_path), SELECTION, SPLIT, "bundled")
    assert found["phenomenon"].tolist()[0] == "syntax"
    assert found["correlation"].iloc[0] > 0.9
    assert found["n_models"].iloc[0] == 7
