"""Scores are compared within one design, at a layer that was not chosen for its luck."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backend.comparisons.scores import (
    LayerRule,
    Scores,
    at_layer,
    by_unit,
    comparable_scores,
    paired_with_full_precision,
)
from backend.errors import InputError
from backend.jobs.config import EncodingConfig
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.store.shards import write_run
from tests.helpers import make_config, make_tables

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TOY = Selection(dataset="toy")


def add(store: Path, seed: int = 0, hours: int = 0, **changes: Any) -> EncodingConfig:
    config = make_config(**changes)
    made = NOON + timedelta(hours=hours)
    write_run(store, config.run_id, make_tables(config, seed, created_at=made))
    return config


def collected(store: Path, **kwargs: Any) -> Scores:
    return comparable_scores(ResultStore(store), TOY, "contiguous", **kwargs)


def made_up(scores: np.ndarray, **columns: object) -> pd.DataFrame:
    """Scores of one run, from an array of layers x folds."""
    n_layers, n_folds = scores.shape
    layer, fold = np.meshgrid(range(n_layers), range(n_folds), indexing="ij")
    given = {
        "run_id": "a", "model": "m", "weights": None, "data": "0", "subject": "s",
        "compression": "none", "roi": "left_ifg", "hemisphere": "left", **columns,
    }  # fmt: skip
    return pd.DataFrame(
        {
            "layer": layer.ravel(), "fold": fold.ravel(), "unit": fold.ravel().astype(str),
            "score": scores.ravel(), "n_layers": n_layers - 1,
        }
    ).assign(**given)  # fmt: skip


def test_every_score_of_one_design_is_collected(tmp_path: Path) -> None:
    for seed, compression in enumerate(("none", "bnb-nf4")):
        add(tmp_path, seed, compression=compression)
    frame, left_out = collected(tmp_path)
    assert left_out == 0
    assert len(frame) == 2 * 3 * 2 * 4
    assert set(frame["n_layers"]) == {2}
    assert set(frame["unit"]) == {"0", "1", "2", "3"}
    assert set(frame["n_folds"]) == {4}


def test_another_design_is_left_out_and_counted(tmp_path: Path) -> None:
    for compression in ("none", "bnb-nf4"):
        add(tmp_path, compression=compression)
    add(tmp_path, n_folds=6, hours=1)
    frame, left_out = collected(tmp_path)
    assert left_out == 1
    assert set(frame["fold"]) == {0, 1, 2, 3}


def test_of_designs_with_as_many_runs_the_latest_is_taken(tmp_path: Path) -> None:
    add(tmp_path, hours=1)
    add(tmp_path, n_folds=6)
    assert set(collected(tmp_path).frame["fold"]) == {0, 1, 2, 3}


def test_requests_of_an_older_version_are_of_the_same_design(tmp_path: Path) -> None:
    for compression, later in (("none", {}), ("bnb-nf4", {"targets": "all"})):
        config = make_config(compression=compression)
        stated = json.dumps({**config.model_dump(mode="json"), **later})
        tables = make_tables(config)
        (row,) = tables.runs
        write_run(tmp_path, config.run_id, replace(tables, runs=[{**row, "config": stated}]))
    assert collected(tmp_path).left_out == 0


def test_a_calibrated_run_is_paired(tmp_path: Path) -> None:
    shown = {"text": "demo", "sha256": "c" * 64}
    add(tmp_path)
    add(tmp_path, compression="gptq-w4a16", calibration=shown)
    pairs = paired_with_full_precision(collected(tmp_path).frame)
    assert len(pairs) == 2 * 4
    assert json.loads(pairs["calibration"].iloc[0])["sha256"] == shown["sha256"]


def test_other_folds_are_never_collected(tmp_path: Path) -> None:
    add(tmp_path, split="shuffled")
    assert collected(tmp_path).frame.empty


def test_measured_and_simulated_are_two_designs(tmp_path: Path) -> None:
    for evidence in ("measured", "simulated"):
        add(tmp_path, evidence=evidence)
    frame, left_out = collected(tmp_path)
    assert frame["evidence"].nunique() == left_out == 1


def test_of_runs_made_twice_the_latest_counts(tmp_path: Path) -> None:
    add(tmp_path, data_sha256="0" * 64, hours=2)
    late = add(tmp_path, data_sha256="1" * 64, hours=3)
    assert set(collected(tmp_path).frame["run_id"]) == {late.run_id}


def test_an_unknown_metric_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown metric 'rho'"):
        collected(tmp_path, metric="rho")


@pytest.mark.parametrize("depth", [-0.1, 1.1])
def test_a_depth_outside_the_model_is_refused(depth: float) -> None:
    with pytest.raises(InputError, match="goes from 0"):
        LayerRule(depth)


def test_the_best_layer_of_noise_scores_zero() -> None:
    """The best of 12 layers on the same folds scores half a standard deviation above zero."""
    random = np.random.default_rng(0)
    noise = random.normal(size=(500, 12, 8))
    chosen = np.array([at_layer(made_up(scores))["score"].mean() for scores in noise])
    naive = noise.mean(axis=2).max(axis=1)
    error = chosen.std(ddof=1) / np.sqrt(len(chosen))
    assert abs(chosen.mean()) < 3.3 * error
    assert naive.mean() > 10 * error


def test_a_layer_that_is_better_is_found_on_every_fold() -> None:
    scores = np.random.default_rng(0).normal(0, 0.01, size=(6, 5))
    scores[4] += 1
    chosen = at_layer(made_up(scores))
    assert list(chosen["layer"]) == [4] * 5
    assert list(chosen["fold"]) == list(range(5))


def test_the_fold_that_is_scored_has_no_say() -> None:
    # Layer 1 wins by fold 0 alone.
    scores = np.array([[0.0, 0.5, 0.5], [9.0, 0.4, 0.4]])
    chosen = at_layer(made_up(scores)).set_index("fold")["layer"]
    assert chosen[0] == 0
    assert chosen[1] == chosen[2] == 1


def test_a_single_fold_leaves_nothing_to_choose_by() -> None:
    assert at_layer(made_up(np.ones((3, 1)))).empty
    assert len(at_layer(made_up(np.ones((3, 1))), LayerRule(0.5))) == 1


@pytest.mark.parametrize(("depth", "layer"), [(0.0, 0), (0.5, 6), (0.7, 8), (1.0, 12)])
def test_a_fixed_depth_takes_the_nearest_layer(depth: float, layer: int) -> None:
    chosen = at_layer(made_up(np.zeros((13, 3))), LayerRule(depth))
    assert set(chosen["layer"]) == {layer}
    assert len(chosen) == 3


def test_pairs_are_of_the_layer_that_is_best_at_full_precision() -> None:
    full = made_up(np.array([[0.1] * 4, [0.5] * 4]))
    # The compressed model is better elsewhere, which is not what is asked.
    small = made_up(np.array([[0.9] * 4, [0.4] * 4]), run_id="b", compression="bnb-nf4")
    pairs = paired_with_full_precision(pd.concat([full, small]))
    assert set(pairs["layer"]) == {1}
    assert pairs["difference"].to_numpy() == pytest.approx([-0.1] * 4)
    every = paired_with_full_precision(pd.concat([full, small]), None)
    assert sorted(every["layer"]) == [0] * 4 + [1] * 4


def test_pairs_keep_to_subject_response_and_fold() -> None:
    parts = []
    for shift, (subject, roi) in enumerate((s, r) for s in "ab" for r in "xy"):
        base = np.arange(8.0).reshape(2, 4)
        parts.append(made_up(base, run_id=f"f{subject}", subject=subject, roi=roi))
        other = {"run_id": f"c{subject}", "compression": "bnb-nf4"}
        parts.append(made_up(base + shift, subject=subject, roi=roi, **other))
    pairs = paired_with_full_precision(pd.concat(parts), None)
    assert len(pairs) == 4 * 8
    got = pairs.groupby(["subject", "roi"])["difference"].agg(["min", "max"])
    assert got.to_numpy().tolist() == [[shift, shift] for shift in range(4)]


@pytest.mark.parametrize("changed", [{"weights": "new"}, {"data": "new"}, {"model": "other"}])
def test_other_weights_recordings_and_models_are_no_pair(changed: dict[str, str]) -> None:
    full = made_up(np.ones((2, 4)))
    small = made_up(np.ones((2, 4)), run_id="b", compression="bnb-nf4", **changed)
    assert paired_with_full_precision(pd.concat([full, small])).empty


def test_a_model_that_was_trained_again_is_not_paired_with_its_past(tmp_path: Path) -> None:
    add(tmp_path, model_fingerprint="old", compression="bnb-nf4")
    add(tmp_path, model_fingerprint="new", hours=1)
    assert paired_with_full_precision(collected(tmp_path).frame).empty
    add(tmp_path, model_fingerprint="new", compression="bnb-nf4", hours=2)
    assert len(paired_with_full_precision(collected(tmp_path).frame)) == 2 * 4


def test_units_are_folds_over_subjects_or_subjects_over_folds() -> None:
    frame = pd.concat(
        [made_up(np.array([[1.0, 2.0]]), subject="a"), made_up(np.array([[3.0, 6.0]]), subject="b")]
    )
    folds = by_unit(frame, "score", "folds").set_index("unit")["score"]
    assert folds.to_dict() == {"0": 2.0, "1": 4.0}
    subjects = by_unit(frame, "score", "subjects").set_index("unit")["score"]
    assert subjects.to_dict() == {"a": 1.5, "b": 4.5}


def test_a_subject_with_more_rows_does_not_count_for_more() -> None:
    once = made_up(np.array([[0.0]]), subject="a")
    twice = pd.concat([made_up(np.array([[1.0]]), subject="b", run_id=run) for run in "xy"])
    assert by_unit(pd.concat([once, twice]), "score", "folds")["score"].tolist() == [0.5]


def test_the_embedding_output_is_no_layer_to_compare_compressions_at() -> None:
    scores = np.array([[0.9, 0.9, 0.9], [0.1, 0.2, 0.3], [0.0, 0.0, 0.0]])
    full = made_up(scores)
    compressed = made_up(scores - [[0.0], [0.1], [0.1]], run_id="b", compression="bnb-nf4")
    pairs = paired_with_full_precision(pd.concat([full, compressed]))
    assert set(pairs["layer"]) == {1}
    assert pairs["difference"].to_numpy() == pytest.approx(-0.1)
