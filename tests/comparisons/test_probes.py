from pathlib import Path

import numpy as np
import pytest

from backend.comparisons.probes import (
    OVERALL,
    _Task,
    best_layers,
    competence_changes,
    probed_models,
    profiles,
    weighted_change,
)
from backend.store.probe_queries import probe_scores
from backend.store.reader import ResultStore
from tests.comparisons.probe_stores import write_probed


def test_a_profile_averages_tasks_and_knows_its_floors(tmp_path: Path) -> None:
    write_probed(tmp_path, "tiny", none=0.9, twin=0.6)
    table = profiles(probe_scores(ResultStore(tmp_path)))
    rows = table[(table["model"] == "tiny") & (table["phenomenon"] == "syntax")]
    assert rows["layer"].tolist() == [0, 1, 2]
    assert np.allclose(rows["mean"], [0.55, 0.9, 0.9], atol=1e-6)
    assert np.allclose(rows["twin"], [0.55, 0.6, 0.6], atol=1e-6)
    assert np.allclose(rows["surface"], 0.52)
    # Of two independent tasks the mean varies less, by the root of two.
    scores = probe_scores(ResultStore(tmp_path))
    one = scores[(scores["model"] == "tiny") & (scores["task"] == "clause")].iloc[1]
    assert (rows["high"] - rows["mean"]).iloc[1] == pytest.approx(
        (one["high"] - one["score"]) / np.sqrt(2), rel=0.3
    )


def test_changes_are_paired_and_by_phenomenon(tmp_path: Path) -> None:
    write_probed(tmp_path, "tiny", none=0.9)
    write_probed(tmp_path, "tiny", "magnitude-70", by_phenomenon={"discourse": 0.7, "syntax": 0.9})
    changes = competence_changes(ResultStore(tmp_path), "bundled", ["tiny"]).set_index("phenomenon")
    assert changes["mean"].to_dict() == pytest.approx(
        {"discourse": -0.2, "syntax": 0.0, OVERALL: -0.1}, abs=1e-5
    )
    assert changes.loc["discourse", "high"] < 0 < changes.loc["syntax", "high"]
    assert changes.loc["discourse", "percent"] == pytest.approx(-50, abs=0.01)
    assert changes.loc[OVERALL, "n_tasks"] == 4


def test_changes_of_nothing_are_seldom_called_changes() -> None:
    false = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        full = np.full(32, 0.8)
        tasks = [_Task("syntax", 0.5, full, random.normal(0, 0.1, 32)) for _ in range(3)]
        row = weighted_change("syntax", tasks, [1 / 3] * 3)
        false += not float(row["low"]) <= 0 <= float(row["high"])  # type: ignore[arg-type]
    assert false <= 20


def test_percent_is_left_out_where_there_is_nothing_to_lose() -> None:
    random = np.random.default_rng(0)
    at_chance = _Task("syntax", 0.5, random.normal(0.5, 0.1, 32), random.normal(0, 0.1, 32))
    assert np.isnan(weighted_change("syntax", [at_chance], [1.0])["percent"])  # type: ignore[call-overload]
    clear = _Task("syntax", 0.5, random.normal(0.9, 0.1, 32), np.full(32, -0.2))
    row = weighted_change("syntax", [clear], [1.0])
    assert row["percent"] == pytest.approx(-50, abs=3)
    assert row["percent_se"] > 0  # type: ignore[operator]


def test_a_model_without_full_precision_has_no_changes(tmp_path: Path) -> None:
    write_probed(tmp_path, "tiny", "magnitude-70")
    assert competence_changes(ResultStore(tmp_path), "bundled", ["tiny"]).empty
    assert competence_changes(ResultStore(tmp_path / "none"), "bundled", ["tiny"]).empty


def test_models_are_listed_trained_and_large_first(tmp_path: Path) -> None:
    write_probed(tmp_path, "tiny", twin=0.5)
    write_probed(tmp_path, "large", n_parameters=10**9)
    assert probed_models(ResultStore(tmp_path), "bundled") == ["large", "tiny", "tiny:random"]


def test_the_best_layer_stands_for_a_task(tmp_path: Path) -> None:
    write_probed(tmp_path, "tiny", none=0.9)
    best = best_layers(probe_scores(ResultStore(tmp_path)))
    assert best["phenomenon"].tolist() == ["discourse"] * 2 + ["syntax"] * 2
    assert (best["layer"] > 0).all()
