"""The app, run in this process over a store of its own."""

import base64
import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from backend.jobs.config import EncodingConfig
from backend.paths import PROJECT, STORE_VARIABLE
from backend.store.shards import write_run
from tests.helpers import make_config, make_tables

LAYERS, RUN = "pages/layers.py", "pages/run.py"
Open = Callable[..., AppTest]
_CARD = re.compile(r'<div class="card-label">(.*)</div><div class="card-value">(.*)</div>')


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's store, which does not exist yet; the app reads it."""
    folder = tmp_path / "store"
    monkeypatch.setenv(STORE_VARIABLE, str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the app from rendering pictures in the background, long after a test."""
    monkeypatch.setattr("pages.shared.poster._render_later", lambda name, figure: None)


@pytest.fixture
def open_app(store: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open the app as a link would, which is what a server is asked first: page and selection."""
    monkeypatch.chdir(PROJECT)

    def open_page(page: str | None = None, **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
        app.query_params.update(query)
        return app.run() if page is None else app.switch_page(page).run()

    return open_page


@pytest.fixture
def nothing_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the results that ship with the project."""
    monkeypatch.setattr("pages.shared.store.PRECOMPUTED", tmp_path / "missing.duckdb")


def add_run(store: Path, seed: int = 0, **changes: Any) -> EncodingConfig:
    """Put a finished run of made-up scores into a store."""
    config = make_config(**changes)
    write_run(store, config.run_id, make_tables(config, seed))
    return config


def is_well(app: AppTest) -> bool:
    return not app.exception and not app.error


def words(app: AppTest) -> str:
    """All text that the app shows, sidebar included."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error", "success")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def cards(app: AppTest) -> dict[str, str]:
    """The numbers on cards, by their labels."""
    found = [_CARD.fullmatch(element.value) for element in app.markdown]
    return {html.unescape(card[1]): html.unescape(card[2]) for card in found if card}


def chart(app: AppTest, key: str) -> go.Figure:
    """The figure that was sent to the browser."""
    (element,) = [e for e in app.get("plotly_chart") if e.proto.id.endswith(f"figure-{key}")]
    return go.Figure(_plain(json.loads(element.proto.spec)))


def _plain(value: Any) -> Any:
    """Turn the typed arrays of Plotly's JSON into lists."""
    if isinstance(value, dict):
        if set(value) >= {"dtype", "bdata"}:
            return np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"]).tolist()
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
