"""What was removed, as it is picked and said: on sentences, and on stories of several subjects."""

from pathlib import Path

import pytest

from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.views.choose import Chosen
from backend.views.pick import FromParameters
from backend.views.removal import RemovalResults, pair_title, removal_results
from tests.comparisons.removal_stores import write_removed


@pytest.fixture
def stories(tmp_path: Path) -> ResultStore:
    for subject in ("sub-01", "sub-02"):
        write_removed(tmp_path, subject=subject, evidence="simulated", rois=("AC", "TP"))
    write_removed(
        tmp_path, subject="sub-02", evidence="simulated", labels="mine", falls={"Tense": -0.1}
    )
    return ResultStore(tmp_path)


def picked(store: ResultStore, split: str, erased: str = "", **chosen: object) -> RemovalResults:
    selection = Selection(dataset="toy", **chosen)  # type: ignore[arg-type]
    found = removal_results(
        store, Chosen(selection, split, False, "r"), FromParameters({"erased": (erased,)})
    )
    assert found is not None
    return found


def test_one_subject_is_drawn_at_a_time_and_named(stories: ResultStore) -> None:
    found = picked(stories, "leave-story-out")
    assert set(found.shown["subject"]) == {"sub-01"}
    assert len(found.sheet.run_ids) == 1
    assert "sub-01, n = 100 TRs" in found.sheet.caption
    assert "learnt from the bundled tasks' texts" in found.sheet.caption
    assert "simulated" in found.sheet.caption
    assert any("SIMULATED" in note.text for note in found.sheet.build().layout.annotations)


def test_the_sidebars_subject_and_own_labels_are_chosen(stories: ResultStore) -> None:
    found = picked(stories, "leave-story-out", subjects=("sub-02",))
    assert set(found.shown["labels"]) == {"bundled"}
    own = picked(stories, "leave-story-out", "tiny|none|sub-02|128|mine", subjects=("sub-02",))
    assert set(own.shown["phenomenon"]) == {"Tense"}
    assert "read of mine, learnt from each fold's training words" in own.sheet.caption


def test_what_was_removed_from_has_a_title() -> None:
    assert pair_title("minilm-l6|none") == "MiniLM-L6, full precision"
    assert pair_title("minilm-l6|none|sub-01|64|bundled") == (
        "MiniLM-L6, full precision, sub-01, 64 tokens"
    )
    assert pair_title("minilm-l6|none|sub-01|64|a|b").endswith("64 tokens, a|b")


def test_sentences_are_picked_as_before(tmp_path: Path) -> None:
    write_removed(tmp_path)
    found = picked(ResultStore(tmp_path), "contiguous", "tiny|none")
    assert "n = 100 sentences" in found.sheet.caption


def test_the_largest_model_comes_first_but_for_those_that_are_chosen(tmp_path: Path) -> None:
    for name, n_parameters in (("middle", 20), ("large", 300), ("small", 1)):
        write_removed(tmp_path, model=name, n_parameters=n_parameters)
    store = ResultStore(tmp_path)
    assert set(picked(store, "contiguous").shown["model"]) == {"large"}
    assert set(picked(store, "contiguous", models=("small",)).shown["model"]) == {"small"}
