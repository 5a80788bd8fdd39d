import plotly.graph_objects as go
import pytest

from backend.figures import poster
from backend.figures.export import images_available
from backend.figures.poster import make_poster, poster_path

FIGURE = go.Figure(go.Scatter(y=[1, 3, 2]), layout={"height": 300, "title": "A title"})


def test_another_figure_has_another_picture(tmp_path):
    same = go.Figure(FIGURE)
    other = go.Figure(FIGURE).update_layout(title="Another")
    assert poster_path(same, tmp_path) == poster_path(FIGURE, tmp_path)
    assert poster_path(other, tmp_path) != poster_path(FIGURE, tmp_path)


@pytest.mark.skipif(not images_available(), reason="no Chromium")
def test_a_picture_is_rendered_once(tmp_path, monkeypatch):
    path = make_poster(FIGURE, tmp_path / "posters")
    assert path == poster_path(FIGURE, tmp_path / "posters")
    text = path.read_text()
    assert text.startswith("<svg")
    assert "A title" in text
    assert 'height="300"' in text
    # Were it rendered again, it would fail for want of a browser.
    monkeypatch.setattr(poster, "images_available", lambda: False)
    assert make_poster(FIGURE, tmp_path / "posters") == path
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_without_a_browser_there_is_no_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(poster, "images_available", lambda: False)
    assert make_poster(FIGURE, tmp_path / "posters") is None
    assert not (tmp_path / "posters").exists()
