"""The Cortex page's figures without the app."""

import numpy as np
import pytest

from backend.cortex.surfaces import N_TARGETS
from backend.paths import PRECOMPUTED
from backend.store.reader import ResultStore
from backend.views.cortex import find_place, map_choice
from backend.views.cortex_maps import possible_by
from backend.views.sheets import sheets_of
from backend.views.view import View

DEMO = {"data": ("demo-cortex",)}


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> ResultStore:
    return ResultStore(tmp_path_factory.mktemp("store"), PRECOMPUTED)


def sheets(store, **parameters: str):
    given = {key: (value,) for key, value in parameters.items()}
    return sheets_of(View(page="cortex", parameters={**DEMO, **given}), store)


def test_a_view_is_a_map_with_its_numbers_and_words(store):
    (flat,) = sheets(store, map_where="q", map_at="0.05")
    assert flat.draw is not None
    assert flat.draw("light", "png", None).startswith(b"\x89PNG")
    assert {"vertex", "hemisphere", "regions"} <= set(flat.data.columns)
    assert 0 < len(flat.data) < N_TARGETS
    assert "n = 783 TRs" in flat.caption
    assert "shown where q ≤ 0.05" in flat.caption
    assert len(flat.run_ids) == 1


def test_a_place_brings_its_curves(store):
    keys = [sheet.key for sheet in sheets(store, place="left AC")]
    assert keys == ["flatmap", "place-by-model", "place-by-compression", "place-by-subject"]


def test_small_multiples_have_a_column_each(store):
    (flat,) = sheets(store, map_by="subject", map_where="none")
    assert [name.split(",")[0] for name in flat.data.columns[3:]] == ["sub-01", "sub-02", "sub-03"]
    assert len(flat.data) == N_TARGETS


def test_pinned_selections_stand_beside_each_other_in_their_colours(store):
    pins = tuple(
        f"colour={letter}&data=demo-cortex&subject={subject}&folds=leave-story-out"
        for letter, subject in (("A", "sub-01"), ("B", "sub-03"))
    )
    view = View(page="cortex", parameters={**DEMO, "map_by": ("pins",), "pin": pins})
    (flat,) = sheets_of(view, store)
    assert [name.split(", layer")[0] for name in flat.data.columns[3:]] == [
        "A: MiniLM-L6, sub-01", "B: MiniLM-L6, sub-03"
    ]  # fmt: skip
    assert len(flat.run_ids) == 2


def test_a_data_set_without_maps_has_no_figure(store):
    assert sheets_of(View(page="cortex", parameters={}), store) == []


@pytest.mark.parametrize("name", ["", "left", "left XX", "vertex 20484", "vertex -1", "vertex ²"])
def test_places_that_are_none(name):
    assert find_place(name) is None


def test_a_vertex_of_a_region_is_found_in_both_kinds_of_runs():
    inside = find_place("left AC")
    assert inside is not None
    assert inside.roi == "AC"
    from backend.comparisons.maps import region_targets

    vertex = int(region_targets()[7])
    place = find_place(f"vertex {vertex}")
    assert place is not None
    assert place.targets == {N_TARGETS: vertex, len(region_targets()): 7}


def test_hostile_parameters_give_way_to_defaults(store):
    import pandas as pd

    runs = pd.DataFrame(
        {"run_id": ["a"], "subject": ["s"], "model": ["m"], "compression": ["none"]}
    )
    choice = map_choice(
        runs, {"map": ["<x>"], "map_layer": ["9" * 99], "map_at": ["inf"], "map_run": ["../.."]}
    )
    assert (choice.kind, choice.run_id, choice.layer, choice.against) == ("r", "a", None, "")
    assert choice.threshold is not None
    assert choice.threshold.at == pytest.approx(0.05)
    assert np.isfinite(choice.threshold.at)
    assert possible_by(runs, "r") == ["one", "film", "layer"]
