"""Maps as a browser and as films get them: what is packed comes out again."""

import base64
import io
import json
import re
import zlib

import numpy as np
import pytest
from PIL import Image

from backend.cortex.flat import flat_cortex
from backend.cortex.surfaces import N_TARGETS
from backend.errors import InputError
from backend.figures.flat_film import film_available, film_bytes
from backend.figures.flat_html import flatmap_html
from backend.figures.flat_payload import (
    Film,
    LivePanel,
    atlas_payload,
    maps_payload,
    scale_ticks,
)
from backend.figures.flatmap import Panel
from backend.figures.inflated import VIEWS, inflated_figure
from backend.figures.map_scale import MAP_KINDS, scale_of

RANDOM = np.random.default_rng(0)
VALUES = RANDOM.normal(0.2, 0.1, (2, N_TARGETS)).astype(np.float32)
VALUES[0, :5] = np.nan
SHOWN = VALUES > 0.1
SCALE = scale_of(MAP_KINDS["r"], [VALUES])
PANEL = LivePanel("k", "A <b>title</b>", "alt", "simulated", VALUES, SHOWN)
FILM = Film("Layer", ("layer 0", "layer 1"), 1)


def unpacked(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), kind)


def test_values_come_out_as_they_went_in_and_say_what_is_not_drawn():
    payload = maps_payload([PANEL], SCALE, "r", "light", FILM)
    codes = unpacked(payload["panels"][0]["values"], "<u2").reshape(2, N_TARGETS)
    levels, hidden = codes & 0x7FFF, codes & 0x8000
    low, high = payload["range"]
    found = low + levels / 0x7FFE * (high - low)
    known = np.isfinite(VALUES)
    assert np.array_equal(levels == 0x7FFF, ~known)
    assert found[known] == pytest.approx(VALUES[known], abs=(high - low) / 0x7FFE)
    assert np.array_equal(hidden[known] == 0, SHOWN[known])


def test_steps_are_sent_as_their_places():
    layers = RANDOM.choice([0.0, 4.0, 12.0], N_TARGETS).astype(np.float32)[None]
    scale = scale_of(MAP_KINDS["preferred_layer"], [layers])
    payload = maps_payload([LivePanel("k", "", "", "measured", layers)], scale, "best", "dark")
    levels = unpacked(payload["panels"][0]["values"], "<u2") / 0x7FFE * payload["range"][1]
    assert np.array_equal(np.array(scale.steps)[np.rint(levels).astype(int)], layers[0])


def test_the_identity_differs_when_a_value_does():
    first = maps_payload([PANEL], SCALE, "r", "light")["identity"]
    assert first == maps_payload([PANEL], SCALE, "r", "dark")["identity"]
    changed = PANEL._replace(values=VALUES + 1)
    assert first != maps_payload([changed], SCALE, "r", "light")["identity"]


def test_the_mesh_is_the_flat_one():
    atlas = atlas_payload()
    points = unpacked(atlas["points"], "<u2").reshape(-1, 2) / 65535
    low, high = np.array([atlas["x"], atlas["y"]]).T
    assert low + points * (high - low) == pytest.approx(flat_cortex().points, abs=0.01)
    assert unpacked(atlas["triangles"], "<u2").size == flat_cortex().triangles.size
    assert len(atlas["regions"]) == 16


def test_ticks_are_round_and_inside():
    ticks = scale_ticks(SCALE)
    assert all(0 <= share <= 1 for share, _ in ticks)
    assert ticks[0] == (0, "0")
    assert 4 <= len(ticks) <= 8


def test_a_map_of_another_length_is_refused():
    with pytest.raises(InputError, match="20484 values"):
        maps_payload([PANEL._replace(values=VALUES[:, :99], shown=None)], SCALE, "r", "light")


def test_the_page_holds_all_it_needs_and_nothing_that_runs_from_a_name():
    evil = PANEL._replace(title="</script><script>alert(1)</script>")
    payload = maps_payload([evil], SCALE, "r", "light")
    page = flatmap_html(payload, "<i>T</i>", "caption & more").decode()
    assert "<script>alert" not in page
    assert page.count("<script>") == page.count("</script>") == 1
    assert "&lt;i&gt;T&lt;/i&gt;" in page
    assert not re.findall(r"(?:src|href)=", page)
    (sent,) = re.findall(r"maps\(\{data: (\{.*?\}), parentElement", page)
    assert json.loads(sent)["panels"][0]["title"] == evil.title


@pytest.mark.parametrize("kind", ["gif", "mp4"])
def test_films_have_a_frame_for_each_layer(kind):
    if not film_available(kind):
        pytest.skip("PyAV is not installed")
    frames = [[Panel(values, "simulated")] for values in VALUES]
    content = film_bytes(frames, FILM.labels, SCALE, kind, "A caption.")
    if kind == "gif":
        film = Image.open(io.BytesIO(content))
        assert film.n_frames == 2
        assert film.size[0] == 1296
        return
    import av

    with av.open(io.BytesIO(content)) as container:
        (stream,) = container.streams
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    assert len(pictures) == 24
    assert np.abs(pictures[0].astype(int) - pictures[-1]).max() > 30


def test_mp4_without_pyav_says_what_it_takes(monkeypatch):
    monkeypatch.setattr("backend.figures.flat_film.film_available", lambda kind: False)
    with pytest.raises(InputError, match="pip install av"):
        film_bytes([[Panel(VALUES[0], "measured")]], ["a"], SCALE, "mp4")


@pytest.mark.parametrize("view", VIEWS)
def test_the_inflated_surface_has_both_hemispheres_side_by_side(view):
    figure = inflated_figure(VALUES[0], SCALE, "dark", view, simulated=True)
    left, right, bar = figure.data
    assert max(left.x) < min(right.x)
    assert len(left.x) + len(right.x) == N_TARGETS
    assert np.ptp(left.vertexcolor[0]) == 0
    assert bar.marker.cmax == SCALE.vmax
    assert [note.text for note in figure.layout.annotations] == ["SIMULATED"]


def test_a_hemisphere_is_turned_and_never_mirrored():
    for view in VIEWS:
        left = inflated_figure(VALUES[0], SCALE, view=view).data[0]
        points = np.column_stack([left.x, left.y, left.z])
        corners = points[np.column_stack([left.i, left.j, left.k])]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        outwards = corners.mean(axis=1) - points.mean(axis=0)
        assert ((normals * outwards).sum(axis=1) > 0).mean() > 0.8
