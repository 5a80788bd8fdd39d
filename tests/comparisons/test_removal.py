from pathlib import Path

import pandas as pd
import pytest

from backend.comparisons.removal import removal_falls
from backend.figures.removal import removal_figure
from backend.store.precomputed import write_precomputed
from backend.store.reader import ResultStore
from backend.store.removal_queries import removal_scores
from backend.store.schema import PUBLISHED
from tests.comparisons.removal_stores import N_FOLDS, write_removed


def test_what_costs_more_than_random_directions_is_told_from_what_does_not(tmp_path: Path) -> None:
    write_removed(tmp_path, falls={"syntax": -0.1, "reasoning": -0.02, "semantics": 0.05})
    falls = removal_falls(removal_scores(ResultStore(tmp_path)))
    one = falls[falls["layer"] == 1].set_index("phenomenon")
    assert list(one.index) == ["syntax", "semantics", "reasoning"]
    assert one["verdict"].to_dict() == {
        "syntax": "costs more", "semantics": "costs less", "reasoning": "undecided",
    }  # fmt: skip
    assert one.loc["syntax", "fall"] == pytest.approx(-0.1, abs=0.01)
    assert one.loc["syntax", "random"] == pytest.approx(-0.02, abs=0.01)
    assert one.loc["syntax", "low"] < -0.08 < one.loc["syntax", "high"]
    assert one.loc["syntax", "n_folds"] == N_FOLDS


def test_nothing_is_lost_where_nothing_was_predicted(tmp_path: Path) -> None:
    write_removed(tmp_path, full=0.0)
    falls = removal_falls(removal_scores(ResultStore(tmp_path)))
    assert set(falls["verdict"]) == {"nothing to lose"}
    assert falls["q"].isna().all()


def test_subjects_labels_and_sentences_are_told_apart(tmp_path: Path) -> None:
    write_removed(tmp_path)
    write_removed(tmp_path, subject="sub-01")
    write_removed(tmp_path, subject="sub-02", falls={"syntax": -0.02, "reasoning": -0.02})
    write_removed(tmp_path, subject="sub-01", labels="mine", falls={"Tense": -0.2, "kind": 0.0})
    scores = removal_scores(ResultStore(tmp_path))
    assert set(scores[scores["labels"] == "mine"]["unit"]) == {f"story {n}" for n in range(N_FOLDS)}
    falls = removal_falls(scores)
    assert (falls["n_folds"] == N_FOLDS).all()
    one = falls[falls["layer"] == 1].set_index(["subject", "labels", "phenomenon"])["verdict"]
    assert one[("s1", "bundled", "syntax")] == one[("sub-01", "bundled", "syntax")] == "costs more"
    assert one[("sub-02", "bundled", "syntax")] == "undecided"
    assert one[("sub-01", "mine", "Tense")] == "costs more"


def test_the_latest_of_the_same_is_read_and_precomputed_ones_too(tmp_path: Path) -> None:
    write_removed(tmp_path / "old", falls={"syntax": -0.3})
    out = tmp_path / "results.duckdb"
    write_precomputed(ResultStore(tmp_path / "old"), PUBLISHED.empty_table().to_pandas(), out)
    shipped = ResultStore(tmp_path / "none", out)
    assert removal_falls(removal_scores(shipped))["fall"].max() < -0.25
    write_removed(tmp_path / "new", falls={"syntax": -0.1}, layers=(1,))
    both = removal_falls(removal_scores(ResultStore(tmp_path / "new", out)))
    assert both.set_index("layer")["fall"].round(1).to_dict() == {1: -0.1, 2: -0.3}


def test_the_figure_shows_both_falls_and_says_simulated(tmp_path: Path) -> None:
    rois = tuple(f"roi_{number}" for number in range(8))
    write_removed(tmp_path, rois=rois, layers=(1,), evidence="simulated")
    falls = removal_falls(removal_scores(ResultStore(tmp_path)))
    figure = removal_figure(falls.assign(place=falls["roi"]))
    titles = [note.text for note in figure.layout.annotations]
    assert set(rois) <= set(titles)
    assert any("SIMULATED" in title for title in titles)
    assert {trace.name for trace in figure.data} == {
        "Phenomenon removed", "Random directions removed",
    }  # fmt: skip
    with pytest.raises(ValueError, match="at least one row"):
        removal_figure(pd.DataFrame())
