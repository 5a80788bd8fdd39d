"""Figures that Plotly checks only when it is asked to."""

import copy
import json
import threading

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from backend.figures.draft import Draft, Drafted
from backend.figures.theme import style


def drafted() -> Drafted:
    draft = Draft(cols=2, shared_yaxes=True)
    heights = np.array([1.0, np.nan, 3.0])
    draft.add_trace({"type": "scatter", "x": [0, 1, 2], "y": heights, "hoverinfo": None})
    draft.add_trace({"type": "heatmap", "z": heights.reshape(1, 3)}, col=2)
    draft.data[0]["error_y"] = {"array": pd.Series([0.1, 0.2, 0.3])}
    return style(draft).figure()


def test_the_page_gets_what_the_checked_figure_has() -> None:
    """The same settings and numbers, before and after Plotly has checked them."""
    figure = drafted()
    sent = figure.to_dict()
    checked = json.loads(go.Figure(sent).to_json())
    assert json.loads(json.dumps(sent)) == sent
    assert list(figure.data[0].x) == [0, 1, 2]
    assert json.loads(go.Figure(figure).to_json())["layout"] == checked["layout"]
    assert sent["data"][0]["y"] == [1.0, None, 3.0]
    assert "hoverinfo" not in sent["data"][0]


def test_the_figure_is_small() -> None:
    assert len(json.dumps(drafted().to_dict())) < 4_000


def test_a_wrong_setting_is_found_when_the_figure_is_asked_for_more() -> None:
    draft = Draft()
    draft.add_trace({"type": "scatter", "colour": "red"})
    with pytest.raises(ValueError, match="colour"):
        _ = draft.figure().data


def test_a_copy_is_a_checked_figure_of_its_own() -> None:
    figure = drafted()
    other = copy.deepcopy(figure)
    other.update_layout(height=100)
    assert type(other) is go.Figure
    assert figure.layout.height == 460


def test_what_a_caller_does_to_the_dictionary_stays_with_the_caller() -> None:
    figure = drafted()
    figure.to_dict()["layout"]["height"] = 1
    assert figure.to_dict()["layout"]["height"] == 460


def test_sessions_that_ask_at_once_get_the_same_figure() -> None:
    """Sheets are shared: two sessions may ask for more at the same moment."""
    figure, heights = drafted(), []
    threads = [
        threading.Thread(target=lambda: heights.append(figure.layout.height)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heights == [460] * 8
