"""The Cortex page: which maps it offers, what it refuses, and what its address says."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from backend.cortex.surfaces import N_TARGETS
from backend.store.schema import TARGET_SCORES
from tests.pages.conftest import Open, chart, is_well, words
from tests.story_helpers import make_space, make_story_config, make_surface, write_story_run

CORTEX = "pages/cortex.py"
DEMO = {"data": "demo-cortex"}


def sent(app: AppTest, key: str = "flatmap") -> dict[str, Any]:
    """What the maps' component was sent."""
    (found,) = [
        element.proto
        for element in app.get("bidi_component")
        if element.proto.id.endswith(f"-{key}")
    ]
    return json.loads(found.json)


def test_the_shipped_demo_is_drawn_at_its_best_layer(open_app: Open) -> None:
    app = open_app(CORTEX, **DEMO)
    assert is_well(app)
    payload = sent(app)
    (panel,) = payload["panels"]
    assert panel["evidence"] == "simulated"
    assert payload["scale"]["note"] == "shown where q ≤ 0.05"
    assert app.query_params["map_layer"] == "5"
    assert "n = 783 TRs" in words(app)


def test_panels_and_films_share_one_scale(open_app: Open) -> None:
    app = open_app(CORTEX, **DEMO, map_by="subject", map_where="none")
    payload = sent(app)
    assert [panel["title"].split(",")[0] for panel in payload["panels"]] == [
        "sub-01", "sub-02", "sub-03"
    ]  # fmt: skip
    app.selectbox(key="map_by").set_value("film").run()
    assert is_well(app)
    assert sent(app)["film"]["labels"] == [f"layer {layer}" for layer in range(7)]
    assert len(app.get("download_button")) == 8
    app.selectbox(key="map_by").set_value("layer").run()
    assert len(sent(app)["panels"]) == 7


@pytest.mark.parametrize("kind", ["r_normalized", "unique_r2", "p", "q", "ceiling"])
def test_each_kind_of_map_is_drawn(open_app: Open, kind: str) -> None:
    app = open_app(CORTEX, **DEMO, map=kind)
    assert is_well(app)
    assert app.selectbox(key="map").value == kind
    assert len(sent(app)["panels"]) == 1


def test_preferred_layers_are_steps_and_have_no_film(open_app: Open) -> None:
    app = open_app(CORTEX, **DEMO, map="preferred_layer", map_by="film")
    assert is_well(app)
    assert sent(app)["scale"]["steps"] == list(range(7))
    assert "film" not in app.selectbox(key="map_by").options


def test_a_preferred_context_says_what_it_takes(open_app: Open) -> None:
    app = open_app(CORTEX, **DEMO, map="preferred_context")
    assert is_well(app)
    assert "differ in their context length" in words(app)
    assert "flatmap" not in {each.key for each in app.get("bidi_component")}


def test_a_difference_is_diverging_and_paired(open_app: Open, store: Path) -> None:
    for seed, compression in enumerate(("none", "bnb-nf4")):
        config = make_story_config(dataset="mapped", compression=compression)
        write_story_run(store, config, seed, make_surface())
    app = open_app(CORTEX, data="mapped", map="difference", map_where="r")
    assert is_well(app)
    scale = sent(app)["scale"]
    assert scale["vmin"] == -scale["vmax"]
    assert f"paired at n = {N_TARGETS} vertices" in words(app)


def test_a_place_in_the_address_opens_its_curves(open_app: Open) -> None:
    app = open_app(CORTEX, **DEMO, place="left AC", place_by="subject")
    assert is_well(app)
    assert len(chart(app, "place-by-subject").data) == 3
    app = open_app(CORTEX, **DEMO, place="vertex 4711")
    assert is_well(app)
    assert "a single vertex" in words(app)
    assert app.query_params["place"] == "vertex 4711"


def test_a_store_without_maps_says_what_to_run_and_offers_what_there_is(open_app: Open) -> None:
    app = open_app(CORTEX)
    assert is_well(app)
    assert "python -m backend encode --dataset demo-cortex" in words(app)
    app.button(key="show-demo-cortex").click().run()
    assert is_well(app)
    assert len(sent(app)["panels"]) == 1


@pytest.mark.usefixtures("nothing_shipped")
def test_an_empty_store_is_no_error(open_app: Open) -> None:
    app = open_app(CORTEX)
    assert is_well(app)
    assert "python -m backend encode" in words(app)


def test_parcels_have_no_map(open_app: Open, store: Path) -> None:
    write_story_run(store, make_story_config(), 0, make_space())
    app = open_app(CORTEX, data="tales")
    assert is_well(app)
    assert "no vertices of fsaverage5" in words(app)


def test_a_map_without_a_value_is_said(open_app: Open, store: Path) -> None:
    config = make_story_config(dataset="void")
    write_story_run(store, config, 0, make_surface())
    overwrite_r(store, config.run_id, np.full(N_TARGETS, np.nan, dtype=np.float32))
    app = open_app(CORTEX, data="void")
    assert is_well(app)
    assert "no finite value" in words(app)


def overwrite_r(store: Path, run_id: str, values: np.ndarray) -> None:
    """Write a run's shard of maps again, with other values."""
    (path,) = (store / "target_scores").glob(f"{run_id}*.parquet")
    frame = pd.read_parquet(path).assign(r=lambda rows: [values] * len(rows))
    pq.write_table(pa.Table.from_pandas(frame, TARGET_SCORES, preserve_index=False), path)


@pytest.mark.parametrize(
    "query",
    [
        {"map": "<script>", "map_by": "'; DROP TABLE runs", "map_layer": "99999"},
        {"map_run": "../../etc", "map_against": "x" * 3000, "map_at": "nan", "map_where": "r"},
        {"place": "vertex 99999999", "map_at": "-1"},
        {"place": "left <b>", "map_layer": "²"},
    ],
)
def test_hostile_addresses_give_way_to_defaults(open_app: Open, query: dict[str, str]) -> None:
    app = open_app(CORTEX, **DEMO, **query)
    assert is_well(app)
    assert len(sent(app)["panels"]) == 1
    assert "The link names what this store does not have" in words(app)
