"""Where the panels of a figure of scale stand, and what their axis of sizes shows."""

import math
from typing import Any, NamedTuple

import pandas as pd

from backend.figures.scale_words import short_number

_COLUMNS = 4
# Decades beyond the outermost models, and about a single one.
_EDGE, _ALONE_EDGE = 0.12, 0.7


class Place(NamedTuple):
    """A panel: its response, where it stands, and what its axes' names end in."""

    roi: str
    hemisphere: str
    row: int
    column: int
    number: str


def places_of(points: pd.DataFrame) -> list[Place]:
    """Give each response its panel, in rows."""
    responses = list(dict.fromkeys(zip(points["roi"], points["hemisphere"], strict=True)))
    width = n_columns(len(responses))
    return [
        Place(
            str(roi),
            str(hemisphere),
            index // width + 1,
            index % width + 1,
            str(index + 1) if index else "",
        )
        for index, (roi, hemisphere) in enumerate(responses)
    ]


def n_columns(n_panels: int) -> int:
    """Count the panels of a row."""
    # Four panels look better as two rows of two than as one strip.
    return 2 if n_panels == 4 else min(_COLUMNS, n_panels)


def size_ticks(values: pd.Series, axis: str, sparse: bool) -> dict[str, Any]:
    """Range and ticks of a logarithmic axis; perplexity runs from high to low."""
    low, high = math.log10(values.min()), math.log10(values.max())
    edge = max(_EDGE, 0.06 * (high - low)) if high > low else _ALONE_EDGE
    low, high = low - edge, high + edge
    decades = range(math.floor(low), math.ceil(high) + 1)
    most = 2 if sparse else 4
    steps = (1,) if high - low > most else (1, 3) if high - low > 1.5 else (1, 2, 5)
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    inside = [tick for tick in ticks if low <= math.log10(tick) <= high]
    if axis == "perplexity":
        return {"range": [high, low], "tickvals": inside, "ticktext": [f"{t:g}" for t in inside]}
    return {
        "range": [low, high], "tickvals": inside, "ticktext": [short_number(t) for t in inside]
    }  # fmt: skip
