"""Published layer curves."""

import numpy as np
import pandas as pd
import pytest

from backend.figures.published import published_layer_figure
from backend.paths import PRECOMPUTED
from backend.store.queries import published
from backend.store.reader import ResultStore


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    everything = published(ResultStore(PRECOMPUTED.parent / "none", PRECOMPUTED))
    return everything[everything["layer"].notna()]


def test_each_model_is_a_curve_of_its_published_values_in_the_order_of_layers(
    rows: pd.DataFrame,
) -> None:
    figure = published_layer_figure(rows.sample(frac=1, random_state=0))
    assert {trace.name for trace in figure.data} == set(rows["model"])
    for trace in figure.data:
        expected = rows[rows["model"] == trace.name].sort_values("layer")
        assert list(trace.x) == list(expected["layer"])
        assert list(trace.y) == list(expected["value"])
        assert np.allclose(trace.error_y.array, 1.96 * expected["sem"])


def test_what_nobody_reviewed_is_said_in_the_title(rows: pd.DataFrame) -> None:
    assert not rows["reviewed"].any()
    assert "not peer-reviewed" in published_layer_figure(rows).layout.title.text
    reviewed = published_layer_figure(rows.assign(reviewed=True))
    assert "not peer-reviewed" not in reviewed.layout.title.text


def test_more_models_than_there_are_colours_can_be_drawn(rows: pd.DataFrame) -> None:
    one = rows[rows["model"] == rows["model"].iloc[0]]
    many = pd.concat([one.assign(model=f"model {index}") for index in range(9)])
    assert len(published_layer_figure(many).data) == 9
