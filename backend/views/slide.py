"""A view as it stands before an audience: one picture, laid out for it, and few words."""

from dataclasses import dataclass, replace

import pandas as pd
import plotly.graph_objects as go

from backend.errors import InputError
from backend.figures.captions import short_caption
from backend.figures.lay_out import lay_out
from backend.figures.sizes import stage_size
from backend.figures.stage import stage_style
from backend.figures.theme import Mode
from backend.store.probe_queries import probe_sources
from backend.store.queries import run_sources
from backend.store.reader import ResultStore
from backend.views.sheet import Sheet
from backend.views.sheets import sheets_of
from backend.views.view import View

FIGURE = "figure"
"""The parameter that names which of a view's figures stands on the stage; the first otherwise."""


# Of a stage of 1280 x 720: beside a note, and without one.
_BESIDE, _ALONE = (768, 520), (1184, 520)


def room(view: View) -> tuple[int, int]:
    """Return the width and the height of a view's picture, in pixels of a stage of 1280 x 720."""
    return _BESIDE if view.note else _ALONE


@dataclass(frozen=True)
class Slide:
    """What fills the stage.

    Attributes
    ----------
    figure : plotly.graph_objects.Figure or None
        Laid out for the stage, on a transparent ground.
    picture : bytes
        A PNG where the view's picture is no Plotly figure; empty otherwise.
    table : pandas.DataFrame or None
        Where the view is a table.
    caption : str
        Data set, n, folds and citation, in a line.
    evidence : str
        Empty where nothing is shown.
    alt : str
        What a screen reader says.
    absent : str
        Why there is nothing to show; empty where there is.
    """

    figure: go.Figure | None = None
    picture: bytes = b""
    table: pd.DataFrame | None = None
    caption: str = ""
    evidence: str = ""
    alt: str = ""
    absent: str = ""


def slide_of(view: View, store: ResultStore, mode: Mode, width: float, height: float) -> Slide:
    """Make the picture of a view for a stage.

    Parameters
    ----------
    view : View
        Its parameter ``figure`` names one of several figures.
    store : ResultStore
    mode : {"light", "dark"}
    width, height : float
        Room for the figure, in CSS pixels of a stage of 1280 x 720.

    Returns
    -------
    Slide

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    try:
        sheets = sheets_of(view, store)
    except InputError as error:
        return Slide(absent=str(error))
    if not sheets:
        return Slide(absent="Nothing in the store fits this view.")
    sheet = _chosen(sheets, view)
    sources = run_sources(store, sheet.run_ids)
    probes = probe_sources(store, sheet.run_ids)
    bare = Slide(
        caption=short_caption(sources, probes),
        evidence=" and ".join(sorted({*sources["evidence"], *probes["evidence"]})) or "published",
        alt=sheet.alt,
    )
    if sheet.build is not None:
        figure = lay_out(sheet.build(mode), stage_size(width, height), mode=mode)
        return replace(bare, figure=stage_style(figure))
    if sheet.stage is not None:
        return replace(bare, picture=sheet.stage(mode))
    return replace(bare, table=sheet.data)


def _chosen(sheets: list[Sheet], view: View) -> Sheet:
    asked = view.parameters.get(FIGURE, ())
    return next((sheet for sheet in sheets if sheet.key in asked), sheets[0])
