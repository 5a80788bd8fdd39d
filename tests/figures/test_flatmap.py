"""Flat maps: what is painted is what was given, and says what it is."""

import io
import re
import struct
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from pypdf import PdfReader

from backend.cortex.flat import flat_cortex
from backend.cortex.outlines import region_outlines
from backend.cortex.surfaces import N_TARGETS, N_VERTICES, SIDES, surface
from backend.errors import InputError
from backend.figures.export import picture_at
from backend.figures.flatmap import Panel, drawn_inches, flatmap_bytes, flatmap_figure, n_columns
from backend.figures.map_scale import MAP_KINDS, MapKind, scale_of
from backend.figures.sizes import page_size

VIRIDIS = colormaps["viridis"]


def draw(
    values, label="r", evidence="measured", mode="light", *, vmin=None, vmax=None, cmap="viridis",
    note="", shape="sequential", **options,
):  # fmt: skip
    """A figure of one map."""
    scale = scale_of(MapKind(label, label, cmap, shape), [values], vmin, vmax, note)
    return flatmap_figure([Panel(values, evidence)], scale, mode, **options)


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    """Smooth over the cortex, between 0 and 1."""
    y = np.concatenate([surface("white", side).coordinates[:, 1] for side in SIDES])
    return (y - y.min()) / np.ptp(y)


def pixels(figure) -> np.ndarray:
    """What the screen shows, as RGBA between 0 and 1."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()) / 255


def colours_at(figure, targets) -> np.ndarray:
    """The pixels where vertices are drawn, shape (n, 3)."""
    image = pixels(figure)
    found = []
    for target in np.atleast_1d(targets):
        place = flat_cortex().points[target]
        column, row = figure.axes[0].transData.transform(place)
        found.append(image[image.shape[0] - 1 - int(row), int(column), :3])
    return np.array(found)


def targets_inside(n: int = 12) -> np.ndarray:
    """Vertices well inside both flat maps: all of a wide neighbourhood is on the map."""
    random = np.random.default_rng(1)
    chosen = []
    for first, side in zip((0, N_VERTICES), SIDES, strict=True):
        points, triangles = surface("flat", side)
        used = np.unique(triangles)
        central = used[np.abs(points[used, :2]).max(axis=1) < 60]
        chosen += list(first + random.choice(central, n // 2, replace=False))
    return np.array(chosen)


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_text()]


def test_each_vertex_has_its_value_s_colour(values):
    figure = draw(values, "Pearson r", "measured", vmin=0, vmax=1)
    targets = targets_inside()
    expected = VIRIDIS(values[targets])[:, :3]
    assert colours_at(figure, targets) == pytest.approx(expected, abs=0.06)


def test_hemispheres_stand_side_by_side_without_touching():
    ones = np.ones(N_TARGETS)
    image = pixels(draw(ones, "r", "measured", vmin=0, vmax=1, cmap="magma"))
    painted = np.abs(image[..., :3] - colormaps["magma"](1.0)[:3]).max(axis=-1) < 0.02
    columns = np.flatnonzero((painted & (image[..., 3] > 0.9))[: int(0.85 * len(image))].any(0))
    width = image.shape[1]
    assert columns.min() > 0.01 * width
    assert columns.max() < 0.99 * width
    (gap,) = np.flatnonzero(np.diff(columns) > 20)
    assert columns[gap] < width / 2 < columns[gap + 1]


def test_left_is_on_the_left(values):
    only_left = np.where(np.arange(N_TARGETS) < N_VERTICES, 1.0, np.nan)
    figure = draw(only_left, "r", "measured", vmin=0, vmax=1)
    left, right = colours_at(figure, targets_inside(2))
    assert left == pytest.approx(VIRIDIS(1.0)[:3], abs=0.02)
    assert np.ptp(right) == 0


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_missing_values_show_the_sulci(values, mode):
    target = int(targets_inside(2)[0])
    holed = values.copy()
    mesh = surface("flat", "left")
    near = np.linalg.norm(mesh.coordinates[:, :2] - mesh.coordinates[target, :2], axis=1) < 15
    holed[:N_VERTICES][near] = np.nan
    (grey,) = colours_at(draw(holed, "r", "measured", mode), target)
    assert np.ptp(grey) == 0
    assert (grey[0] > 0.7) if mode == "light" else (grey[0] < 0.4)


def test_a_difference_is_centred_on_zero_and_what_is_not_shown_is_grey_and_said(values):
    signed = np.clip(4 * (values - 0.6), -1, 1)
    hidden = np.abs(signed) < 0.5
    figure = draw(
        np.where(hidden, np.nan, signed), "difference in r", cmap="RdBu_r", shape="diverging",
        note="shown where |difference| ≥ 0.5",
    )  # fmt: skip
    targets = targets_inside(40)
    targets = targets[np.abs(np.abs(signed[targets]) - 0.5) > 0.1]
    grey = np.ptp(colours_at(figure, targets), axis=1) < 0.01
    assert np.array_equal(grey, hidden[targets])
    assert 0 < grey.sum() < len(grey)
    (low, high), _ = bar(figure)
    assert low == -high < 0
    assert "difference in r, shown where |difference| ≥ 0.5" in texts(figure)


def test_steps_are_never_blended(values):
    layers = np.where(values > 0.5, 5.0, 1.0)
    scale = scale_of(MAP_KINDS["preferred_layer"], [layers, np.array([1.0, 3.0, 5.0])])
    image = pixels(flatmap_figure([Panel(layers, "measured")], scale))
    rows = image[: int(0.8 * len(image)), :, :3].reshape(-1, 3)
    middle = colormaps["plasma"](127)[:3]
    assert (np.abs(rows - middle).max(axis=1) < 0.02).sum() < 20


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_panels_share_a_scale_and_have_titles_and_frames(values, mode):
    panels = [Panel(values * k, "measured", f"panel {k}", "#D55E00") for k in (0.5, 1, 1.5)]
    scale = scale_of(MAP_KINDS["r"], [panel.values for panel in panels])
    figure = flatmap_figure(panels, scale, mode, title="Three")
    assert len(figure.axes) == 4
    assert {"panel 0.5", "panel 1", "panel 1.5", "Three"} <= set(texts(figure))
    assert scale.vmax == pytest.approx(np.percentile([p.values for p in panels], 99))
    orange = np.array([0xD5, 0x5E, 0x00]) / 255
    assert (np.abs(pixels(figure)[..., :3] - orange).max(axis=-1) < 0.02).sum() > 3_000


@pytest.mark.parametrize("n", [0, 25])
def test_no_panel_and_too_many_are_refused(values, n):
    scale = scale_of(MAP_KINDS["r"], [values])
    with pytest.raises(InputError, match="1 to 24 maps"):
        flatmap_figure([Panel(values, "measured")] * n, scale)


def test_few_panels_are_large():
    assert [n_columns(n) for n in (1, 2, 3, 4, 5, 12)] == [1, 2, 3, 2, 3, 3]


def bar(figure):
    """The colour bar's limits, and whether it has points at its ends."""
    axes = figure.axes[-1]
    return axes.get_xlim(), axes._colorbar.extend


def test_the_scale_runs_from_zero_to_the_99th_percentile(values):
    (low, high), extend = bar(draw(values, "r", "measured"))
    assert low == 0
    assert high == pytest.approx(np.percentile(values, 99))
    assert extend == "max"


@pytest.mark.parametrize(
    ("vmin", "vmax", "extend"),
    [(-1, 2, "neither"), (0.5, 2, "min"), (-1, 0.5, "max"), (0.4, 0.6, "both")],
)
def test_the_bar_has_a_point_where_values_lie_beyond(values, vmin, vmax, extend):
    figure = draw(values, "r", "measured", vmin=vmin, vmax=vmax)
    assert bar(figure) == ((vmin, vmax), extend)


@pytest.mark.parametrize("value", [0.0, 0.3, -0.3])
def test_a_map_of_one_value_is_drawn(value):
    low, high = bar(draw(np.full(N_TARGETS, value), "r", "measured"))[0]
    assert low <= value <= high
    assert low < high


def test_negative_maps_have_a_scale_of_their_own(values):
    low, high = bar(draw(-values - 1, "r", "measured"))[0]
    assert low == -2
    assert low < high < 0


def test_simulated_is_written_across_the_map_and_only_then(values):
    simulated = texts(draw(values, "r", "simulated"))
    assert simulated.count("SIMULATED") == 2
    assert "SIMULATED" not in texts(draw(values, "r", "measured"))
    plain = pixels(draw(values, "r", "measured"))
    marked = pixels(draw(values, "r", "simulated"))
    changed = np.abs(plain - marked).max(axis=-1) > 0.1
    half = changed.shape[1] // 2
    assert changed[:, :half].sum() > 2_000
    assert changed[:, half:].sum() > 2_000


def test_label_title_and_hemispheres_are_written(values):
    title = "demo-cortex: $a_b^c$ & more"
    written = texts(draw(values, "Pearson r", "measured", title=title))
    assert {title, "Pearson r", "left hemisphere", "right hemisphere"} <= set(written)


def test_no_text_is_cut_off_or_written_over_another(values):
    figure = draw(
        values,
        "Normalized predictivity (r / noise ceiling)",
        "measured",
        title="A model with a long name, 4-bit, layer 12 of 24, subject 3, three stories held out",
        note="shown where q ≤ 0.05",
    )
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [
        text.get_window_extent()
        for text in figure.findobj(matplotlib.text.Text)
        if text.get_text() and text.get_visible()
    ]
    width, height = canvas.get_width_height()
    for index, box in enumerate(boxes):
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
        assert not any(box.overlaps(other) for other in boxes[index + 1 :])


def test_regions_are_outlined_and_named(values):
    figure = draw(values, outlines=region_outlines())
    written = texts(figure)
    assert all(written.count(each.name) == 2 for each in region_outlines())
    plain = pixels(draw(values))
    assert (np.abs(plain - pixels(figure)).max(axis=-1) > 0.2).sum() > 5_000


def test_a_region_of_one_hemisphere_is_named_there_only(values):
    assert texts(draw(values, outlines=region_outlines()[:1])).count("AC") == 1


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_background_is_the_page_s(values, mode):
    assert pixels(draw(values, "r", "measured", mode))[0, 0, 3] == 0


def test_nothing_is_left_in_matplotlib_s_global_state(values):
    import matplotlib.pyplot as plt

    before = dict(matplotlib.rcParams)
    flatmap_bytes(draw(values, "r", "simulated"), "png", "caption")
    assert plt.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("n", [N_VERTICES, N_TARGETS - 1])
def test_a_map_of_another_length_is_refused(n):
    with pytest.raises(InputError, match="20484 values"):
        draw(np.zeros(n), "r", "measured")


def test_a_map_without_values_is_refused():
    with pytest.raises(InputError, match="no finite value"):
        draw(np.full(N_TARGETS, np.nan), "r", "measured")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vmin": 1, "vmax": 0}, "vmin has to be below vmax"),
        ({"vmin": 0.5, "vmax": 0.5}, "vmin has to be below vmax"),
        ({"cmap": "rainbows"}, "no colour map 'rainbows'"),
    ],
)
def test_a_scale_that_cannot_be_is_refused(values, options, message):
    with pytest.raises(InputError, match=message):
        draw(values, "r", "measured", **options)


# Files


@pytest.fixture(scope="module")
def figure(values):
    return draw(values, "Pearson r", "simulated", title="A title")


def png_size(content: bytes) -> tuple[int, int]:
    return struct.unpack(">II", content[16:24])


def test_png_is_as_wide_as_a_projector_and_as_much_taller_as_its_caption(figure):
    bare, short, long = (
        png_size(flatmap_bytes(figure, "png", caption))
        for caption in ("", "Data set: toy.", "Data set: toy. " * 60)
    )
    assert bare[0] == short[0] == long[0] == 1920
    assert bare[1] < short[1] < long[1]


@pytest.mark.parametrize("dpi", [100, 300])
def test_a_png_has_the_dots_that_were_asked_for(figure, dpi):
    assert png_size(flatmap_bytes(figure, "png", dpi=dpi))[0] == 12 * dpi


def test_svg_holds_letters_and_the_cortex_as_an_image(figure):
    content = flatmap_bytes(figure, "svg", "Data set: toy.")
    root = ET.fromstring(content)
    assert root.tag.endswith("svg")
    assert len(root.findall(".//{*}image")) >= 1
    assert "Data set: toy." in "".join(root.itertext())
    assert len(content) < 8_000_000
    assert b"<dc:date>" not in content


def test_pdf_holds_title_label_and_caption_as_text(figure):
    caption = "Data set: toy, n = 3 subjects. Evidence: simulated. " * 5
    reader = PdfReader(io.BytesIO(flatmap_bytes(figure, "pdf", caption)))
    assert len(reader.pages) == 1
    text = re.sub(r"\s+", " ", reader.pages[0].extract_text())
    for words in ("A title", "Pearson r", "n = 3 subjects", "left hemisphere"):
        assert words in text


def test_the_same_map_gives_the_same_pdf(figure):
    assert flatmap_bytes(figure, "pdf") == flatmap_bytes(figure, "pdf")


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_a_file_has_an_opaque_ground(values, mode):
    content = flatmap_bytes(draw(values, "r", "measured", mode), "png", "A caption.")
    image = matplotlib.image.imread(io.BytesIO(content))
    corner = image[0, 0]
    assert image.shape[-1] == 3 or corner[3] == 1
    assert (corner[:3].mean() > 0.95) == (mode == "light")
    # The caption can be read on it.
    bare = png_size(flatmap_bytes(draw(values, "r", "measured", mode), "png"))[1]
    assert np.ptp(image[bare:, :, :3]) > 0.6


def test_writing_a_file_leaves_the_figure_as_it_was(figure):
    before = pixels(figure)
    flatmap_bytes(figure, "pdf", "A caption.")
    assert np.array_equal(pixels(figure), before)


@pytest.mark.parametrize("width", ["single", "double", "slide"])
def test_a_file_is_as_wide_as_a_column_and_its_text_stays_text(values, width):
    size = page_size(width)
    assert 5.5 <= drawn_inches(size) <= drawn_inches(None) == 12
    figure = draw(values, "Pearson r", "measured")
    svg = picture_at(flatmap_bytes(figure, "svg"), "svg", size)
    assert f'width="{size.width_mm:.2f}mm"' in svg.decode()[:1000]
    (page,) = PdfReader(io.BytesIO(picture_at(flatmap_bytes(figure, "pdf"), "pdf", size))).pages
    assert float(page.mediabox.width) / 72 * 25.4 == pytest.approx(size.width_mm, abs=0.1)
    assert "Pearson r" in page.extract_text()
