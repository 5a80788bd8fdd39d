"""Talks kept by name; and labels that larger type would set over each other."""

from itertools import pairwise

import plotly.graph_objects as go
import pytest

from backend.errors import InputError
from backend.figures.lay_out import lay_out
from backend.figures.sizes import stage_size
from backend.figures.stage import stage_style
from backend.figures.theme import style
from backend.views.talks import delete_talk, free_name, read_talk, talk_names, write_talk
from backend.views.view import View

VIEWS = (View(page="layers", title="One"), View(page="claims", title="Two", note="three\nfour"))


def test_a_talk_is_kept_by_name(tmp_path):
    assert talk_names(tmp_path) == []
    write_talk(tmp_path, "My talk", VIEWS)
    write_talk(tmp_path, "Another", VIEWS[:1])
    assert talk_names(tmp_path) == ["Another", "My talk"]
    assert read_talk(tmp_path, "My talk") == VIEWS
    assert free_name(tmp_path, "My talk") == "My talk 2"
    assert free_name(tmp_path, "../<b>:x") == "bx"
    delete_talk(tmp_path, "My talk")
    delete_talk(tmp_path, "My talk")
    assert talk_names(tmp_path) == ["Another"]


@pytest.mark.parametrize("name", ["", "../views", "a/b", ".hidden", "x" * 61, "a\n"])
def test_a_name_stays_in_the_folder(tmp_path, name):
    for act in (read_talk, delete_talk):
        with pytest.raises(InputError, match="cannot name a talk"):
            act(tmp_path, name)
    with pytest.raises(InputError, match="cannot name a talk"):
        write_talk(tmp_path, name, VIEWS)


def test_labels_at_the_side_stay_apart():
    figure = style(go.Figure(go.Scatter(x=[0, 1], y=[0, 1], name="a" * 30)))
    figure.update_yaxes(range=[0, 1])
    for y in (0.30, 0.31, 0.32, 0.9):
        figure.add_annotation(
            text=f"level {y}", x=1.0, xref="paper", xanchor="left", y=y, yref="y", showarrow=False
        )
    staged = stage_style(lay_out(figure, stage_size(768, 520)))
    margin = staged.layout.margin
    pixels = staged.layout.height - margin.t - margin.b
    places = [note.y * pixels + (note.yshift or 0) for note in staged.layout.annotations]
    gaps = [high - low for low, high in pairwise(places)]
    assert min(gaps) >= staged.layout.font.size
    assert places[3] == pytest.approx(0.9 * pixels)
    assert margin.t <= 0.28 * 520
