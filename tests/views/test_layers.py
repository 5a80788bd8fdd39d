"""The Layers page's figures, as page and command line make them."""

from pathlib import Path

import pandas as pd
import pytest

from backend.figures.theme import pin_colour
from backend.store.queries import choices
from backend.store.reader import ResultStore
from backend.views.choose import Chosen, choose
from backend.views.layer_controls import LayerControls, read_controls
from backend.views.layer_parts import LayerParts, layer_parts
from backend.views.layers import sheets
from backend.views.pins import Pin
from tests.shipped import make_part

Parameters = dict[str, list[str]]
CORTEX: Parameters = {"data": ["demo-cortex"], "compressions": ["none"]}
ALL = ["sub-01", "sub-02", "sub-03"]


@pytest.fixture(scope="module")
def store() -> ResultStore:
    return ResultStore(Path("missing"), make_part())


@pytest.fixture(scope="module")
def available(store: ResultStore) -> pd.DataFrame:
    return choices(store)


def test_sentences_have_their_curves_alone(store: ResultStore, available: pd.DataFrame) -> None:
    parameters: Parameters = {"data": ["pereira2018-language-network"]}
    (sheet,) = sheets(store, choose(available, parameters), parameters)
    assert sheet.key == "layers"
    assert sheet.build is not None
    assert len(sheet.run_ids) == 3
    assert "Data set: Pereira 2018, language network, n = 627 sentences" in sheet.caption
    assert set(sheet.data["title"]) == {
        "MiniLM-L6, full precision", "MiniLM-L6, int8", "MiniLM-L6, NF4"
    }  # fmt: skip
    assert "design" not in sheet.data


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_demo_cortex_has_a_map_and_a_hierarchy_that_say_simulated(
    store: ResultStore, available: pd.DataFrame, mode: str
) -> None:
    made = sheets(store, choose(available, CORTEX), {**CORTEX, "by": ["region"]})
    assert [sheet.key for sheet in made] == ["layers-by-region", "layer-map", "hierarchy"]
    for sheet in made:
        assert sheet.build is not None
        figure = sheet.build(mode)  # type: ignore[arg-type]
        assert figure is sheet.build(mode)  # type: ignore[arg-type]
        assert "SIMULATED" in [a.text for a in figure.layout.annotations]
        assert "Evidence: simulated" in sheet.caption
        assert len(sheet.data)
    assert "Lerner et al. 2011" in made[2].caption
    assert set(made[2].data.loc[~made[2].data["counted"], "roi"]) == {"AC"}


@pytest.mark.parametrize(
    ("by", "titles"),
    [("subject", set(ALL)), ("model", {"MiniLM-L6, full precision"})],
)
def test_what_has_a_curve_each_is_asked_for(
    store: ResultStore, available: pd.DataFrame, by: str, titles: set[str]
) -> None:
    parameters = {**CORTEX, "by": [by]}
    first = sheets(store, choose(available, parameters), parameters)[0]
    assert set(first.data["title"]) == titles


def parts_of(store: ResultStore, available: pd.DataFrame, parameters: Parameters) -> LayerParts:
    chosen = choose(available, parameters)
    parts = layer_parts(store, chosen, read_controls(chosen, parameters))
    assert parts is not None
    return parts


def test_several_subjects_are_averaged_over_folds_or_are_the_units(
    store: ResultStore, available: pd.DataFrame
) -> None:
    three = {**CORTEX, "subject": ALL}
    over_folds = parts_of(store, available, three).models
    over_subjects = parts_of(store, available, {**three, "units": ["subjects"]}).models
    assert set(over_folds.table["n_units"]) == {6}
    assert set(over_subjects.table["n_units"]) == {3}
    assert over_folds.table["mean"].to_numpy() == pytest.approx(
        over_subjects.table["mean"].to_numpy()
    )


def test_intervals_over_fewer_than_three_subjects_are_over_folds(
    store: ResultStore, available: pd.DataFrame
) -> None:
    two = {**CORTEX, "subject": ALL[:2], "units": ["subjects"]}
    assert parts_of(store, available, two).models.units == "folds"


def test_several_regions_have_a_curve_each_and_are_the_map(
    store: ResultStore, available: pd.DataFrame
) -> None:
    rois = ["pSTS", "aSTS", "BA45"]
    parts = parts_of(store, available, {**CORTEX, "roi": rois})
    assert parts.apart is parts.regions
    assert parts.regions is not None
    assert list(dict.fromkeys(parts.regions.table["roi"])) == rois
    assert parts.hierarchy is None
    assert "takes 20 or more" in parts.no_hierarchy


def test_the_model_that_is_taken_apart_can_be_chosen(
    store: ResultStore, available: pd.DataFrame
) -> None:
    parameters: Parameters = {"data": ["pereira2018-language-network"], "of": ["minilm-l6/bnb-nf4"]}
    assert parts_of(store, available, parameters).of == "minilm-l6/bnb-nf4"
    assert parts_of(store, available, {**parameters, "of": ["?"]}).of == "minilm-l6/none"


def test_shuffled_folds_stand_beside_honest_ones_and_are_never_the_best(
    store: ResultStore, available: pd.DataFrame
) -> None:
    parameters: Parameters = {"data": ["pereira2018-language-network"], "shuffled": ["true"]}
    parts = parts_of(store, available, parameters)
    assert list(dict.fromkeys(parts.models.table["split"])) == ["contiguous", "shuffled"]
    assert parts.best["split"] == "contiguous"


def test_controls_that_are_unknown_give_way(available: pd.DataFrame) -> None:
    chosen = choose(available, CORTEX)
    hostile = {"by": ["<b>"], "axis": ["x" * 999], "units": ["", "?"], "of": ["'; DROP"]}
    assert read_controls(chosen, hostile) == LayerControls(of="'; DROP")


def test_pinned_selections_have_a_curve_each_in_their_colour(
    store: ResultStore, available: pd.DataFrame
) -> None:
    pinned = [
        Pin("first", 2, choose(available, {**CORTEX, "roi": ["pSTS"]})),
        Pin("second", 0, choose(available, {**CORTEX, "roi": ["TP"], "subject": ["sub-02"]})),
        Pin("measured", 1, choose(available, {"data": ["pereira2018-language-network"]})),
    ]
    parameters = {**CORTEX, "pin": [pin.word() for pin in pinned]}
    sheet = sheets(store, choose(available, parameters), parameters)[-1]
    assert sheet.key == "layers-pinned"
    assert sheet.build is not None
    # Measured results do not stand among simulated ones.
    assert set(sheet.data["title"]) == {"C: first", "A: second"}
    curves = {t.name: t for t in sheet.build("light").data if t.mode == "lines+markers"}
    assert curves["C: first"].line.color == pin_colour(2, "light")
    assert curves["A: second"].line.color == pin_colour(0, "light")


def test_what_the_store_lacks_has_no_sheets(store: ResultStore, available: pd.DataFrame) -> None:
    chosen: Chosen = choose(available, CORTEX)
    nothing = chosen.selection.model_copy(update={"models": ("missing",)})
    assert sheets(store, Chosen(nothing, chosen.split, False, "r"), {}) == []
