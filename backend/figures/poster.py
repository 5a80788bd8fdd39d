"""Still pictures of figures, to be seen while the browser is still loading Plotly."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import plotly.graph_objects as go

from backend.figures.render import Picture, images_available, render

# A browser window of 1440 pixels leaves a figure on a page about as many.
_WIDTH = 1040


def poster_path(figure: go.Figure, folder: Path) -> Path:
    """Name the file of a figure's picture, whether it is there or not.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    folder : Path

    Returns
    -------
    Path
        Another one for any figure that differs in anything.
    """
    # Equal figures may list their settings in different orders.
    settings = json.dumps(json.loads(figure.to_json()), sort_keys=True)
    digest = hashlib.sha256(settings.encode()).hexdigest()
    return folder / f"{digest[:24]}.svg"


def make_poster(figure: go.Figure, folder: Path) -> Path | None:
    """Render a figure to SVG, if that is not done yet.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    folder : Path
        Made if it is not there.

    Returns
    -------
    Path or None
        None where no Chrome or Chromium is at hand to render it.
    """
    path = poster_path(figure, folder)
    if path.exists():
        return path
    if not images_available():
        return None
    (svg,) = render([Picture(go.Figure(figure).update_layout(width=_WIDTH), "svg")])
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(svg)
    os.replace(temporary, path)
    return path
