"""The Cortex page under a person's hands: pointing, clicking, keys, the film."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from backend.comparisons.maps import layer_maps, on_surface
from backend.cortex.flat import BOTTOM, HALF_WIDTH, TOP, flat_cortex
from backend.cortex.surfaces import N_TARGETS
from backend.figures.map_scale import MAP_KINDS, colour_table, scale_of
from backend.paths import PRECOMPUTED
from backend.store.map_queries import map_runs
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from tests.browser.conftest import OpenTab
from tests.browser.harness import Server, Tab

pytestmark = pytest.mark.browser
DEMO = "/cortex?data=demo-cortex"
# Where the left auditory cortex lies on the flat map, as shares of its width and height.
AUDITORY = (0.26, 0.61)


def canvas(tab: Tab) -> Locator:
    """The first map, once it is painted."""
    expect(tab.page.locator("[data-ready]")).to_be_visible()
    return tab.page.locator(".panel canvas").first


def place(of: Locator, shares: tuple[float, float]) -> dict[str, float]:
    box = of.bounding_box()
    assert box is not None
    return {"x": box["width"] * shares[0], "y": box["height"] * shares[1]}


def test_pointing_names_a_region_and_clicking_opens_its_curves(
    open_tab: OpenTab, server: Server
) -> None:
    tab = open_tab(server, DEMO)
    drawn = canvas(tab)
    drawn.hover(position=place(drawn, AUDITORY))
    tip = tab.page.locator(".tip")
    expect(tip).to_contain_text("Auditory cortex")
    expect(tip).to_contain_text("left hemisphere")
    expect(tip).to_contain_text("r: 0.")
    drawn.click(position=place(drawn, AUDITORY))
    curve = tab.page.locator(".js-plotly-plot .gtitle")
    expect(curve).to_have_text("Auditory cortex (Heschl's gyrus), left hemisphere: models")
    tab.settle()
    tab.wait_for_query({"place": ["left AC"]})
    assert tab.is_well()


def test_regions_are_reached_with_the_keyboard(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(server, DEMO)
    drawn = canvas(tab)
    drawn.focus()
    tab.page.keyboard.press("ArrowRight")
    expect(tab.page.locator(".live")).to_contain_text("Auditory cortex")
    expect(tab.page.locator(".live")).to_contain_text("mean r 0.")
    tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("Enter")
    curve = tab.page.locator(".js-plotly-plot .gtitle")
    expect(curve).to_contain_text("right hemisphere: models")
    assert tab.settle().is_well()


def test_a_film_steps_and_plays_to_its_end(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(server, f"{DEMO}&map_by=film&map_layer=0")
    canvas(tab)
    said = tab.page.locator(".film output")
    expect(said).to_have_text("layer 0")
    before = picture(tab)
    tab.page.get_by_role("button", name="Next").click()
    expect(said).to_have_text("layer 1")
    assert picture(tab) != before
    tab.page.get_by_role("button", name="Play").click()
    expect(said).to_have_text("layer 6", timeout=20_000)
    tab.settle()
    tab.page.wait_for_url("**map_layer=6**")
    assert tab.is_well()


def picture(tab: Tab) -> str:
    """The first map's pixels."""
    return str(canvas(tab).evaluate("canvas => canvas.toDataURL()"))


def test_the_canvas_shows_what_the_file_shows(open_tab: OpenTab, server: Server) -> None:
    """Two programs paint: the browser's colours are those of the raster's."""
    store = ResultStore(server.store, PRECOMPUTED)
    chosen = Selection(dataset="demo-cortex", subjects=("sub-01",))
    run = on_surface(map_runs(store, chosen, "leave-story-out")).iloc[0]
    maps = layer_maps(store, run, "r")
    scale = scale_of(MAP_KINDS["r"], [maps.values])
    tab = open_tab(server, f"{DEMO}&map_where=none&map_layer=3")
    drawn = canvas(tab)
    points = flat_cortex().points
    # Away from outlines, names and the word SIMULATED: along the lower temporal lobe.
    sides = np.abs(np.abs(points[:, 0]) - HALF_WIDTH / 2)
    targets = np.flatnonzero(flat_cortex().shown & (points[:, 1] < -85) & (sides < 120))[::25]
    got = drawn.evaluate(
        """(canvas, places) => places.map(([x, y]) => Array.from(canvas.getContext("2d")
            .getImageData(Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1)
            .data.slice(0, 3)))""",
        [
            [float((x + HALF_WIDTH) / (2 * HALF_WIDTH)), float((TOP - y) / (TOP - BOTTOM))]
            for x, y in points[targets]
        ],
    )
    expected = colour_table(scale.cmap)[scale.indices(maps.at(3)[targets])]
    # A vertex seldom lies in a pixel's middle, and its neighbours take part.
    assert len(targets) > 20
    assert np.median(np.abs(np.array(got, dtype=int) - expected.astype(int))) < 8


@pytest.mark.parametrize(
    ("n_values", "said"), [(N_TARGETS, "evidence unknown"), (64_984, "fsLR 32k")]
)
def test_a_map_of_one_s_own_is_drawn_and_one_of_another_surface_refused(
    open_tab: OpenTab, server: Server, tmp_path: Path, n_values: int, said: str
) -> None:
    np.save(tmp_path / "own.npy", np.linspace(0, 1, n_values))
    tab = open_tab(server, "/cortex")
    tab.page.get_by_text("A map of your own").click()
    tab.keyed("own_map").locator("input[type=file]").set_input_files(tmp_path / "own.npy")
    expect(tab.page.get_by_text(said)).to_be_visible()
    expect(tab.page.locator("[data-ready]")).to_have_count(int(n_values == N_TARGETS))
    assert tab.settle().is_well()
