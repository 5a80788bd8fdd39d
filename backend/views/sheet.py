"""One figure of a view with all that leaves the app beside it."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from backend.figures.render import ImageFormat
from backend.figures.sizes import PageSize
from backend.figures.theme import Mode

__all__ = ["ImageFormat", "Sheet"]


@dataclass(frozen=True)
class Sheet:
    """A figure, its numbers and its words.

    Attributes
    ----------
    key : str
        Names the figure among those of its view, and its files.
    build : callable or None
        Makes the Plotly figure for a mode.
    draw : callable or None
        Makes the file of a picture that is no Plotly figure, for a mode, a format, and the size
        that it is to have on paper, if any. Where neither is there, the sheet is a table.
    data : pandas.DataFrame
        The plotted numbers.
    caption : str
        Data set, n, split, evidence, citation.
    alt : str
        What a screen reader says.
    run_ids : tuple of str
        The runs that the numbers come from.
    stage : callable or None
        Makes a PNG for an audience, of a picture that is no Plotly figure.
    """

    key: str
    build: Callable[[Mode], go.Figure] | None
    draw: Callable[[Mode, ImageFormat, PageSize | None], bytes] | None
    data: pd.DataFrame
    caption: str
    alt: str
    run_ids: tuple[str, ...] = ()
    stage: Callable[[Mode], bytes] | None = None

    def __post_init__(self) -> None:
        """Refuse a sheet that shows two things."""
        if self.build is not None and self.draw is not None:
            raise ValueError(f"the sheet {self.key} takes one of build and draw")
