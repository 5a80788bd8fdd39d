"""Words on coloured cells, dark or light, whichever is read more easily."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from plotly.colors import sample_colorscale, unlabel_rgb

_DARK, _LIGHT = "#000000", "#FFFFFF"
# On this luminance black and white have the same contrast, 4.6, by WCAG's formula; that of all
# other colours is higher for one of the two.
_EVEN = 0.179


def cell_words(
    words: Sequence[Sequence[str]],
    values: NDArray[np.float64],
    span: tuple[float, float],
    scale: str,
    size: float = 12,
) -> dict[str, Any]:
    """Write on the cells of a map, in black on bright ones and in white on dark ones.

    Plotly's own choice, a dark grey or white by a threshold, falls below a contrast of 4.5.

    Parameters
    ----------
    words : sequence of sequence of str
        By row and column; an empty one is left out.
    values : ndarray, shape (rows, columns)
        What the cells show.
    span : (float, float)
        Values at the ends of the scale.
    scale : str
        Plotly's name of it.
    size : float
        Pixels.

    Returns
    -------
    dict
        A trace for Plotly over a heatmap whose cells stand at whole numbers.
    """
    low, high = span
    written = [(row, column) for row, of_row in enumerate(words)
               for column, word in enumerate(of_row) if word]  # fmt: skip
    shares = [(float(values[place]) - low) / ((high - low) or 1.0) for place in written]
    bright = [luminance(colour) > _EVEN for colour in colours_at(shares, scale)]
    return {
        "type": "scatter", "mode": "text", "hoverinfo": "skip", "showlegend": False,
        "x": [column for _, column in written], "y": [row for row, _ in written],
        "text": [words[row][column] for row, column in written],
        "textfont": {"size": size, "color": [_DARK if each else _LIGHT for each in bright]},
    }  # fmt: skip


def colours_at(shares: Sequence[float], scale: str) -> list[tuple[float, float, float]]:
    """Look colours up, from 0 at the start of a scale to 1 at its end.

    Parameters
    ----------
    shares : sequence of float
    scale : str

    Returns
    -------
    list of (float, float, float)
        Red, green and blue from 0 to 255.
    """
    clipped = np.clip(shares, 0.0, 1.0).tolist()
    return [unlabel_rgb(colour) for colour in sample_colorscale(scale, clipped)] if clipped else []


def luminance(colour: tuple[float, float, float]) -> float:
    """Relative luminance of a colour (WCAG 2.2), from 0 to 1."""
    parts = np.asarray(colour) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
