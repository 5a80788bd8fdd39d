"""Panels of a figure in fewer columns, where its width has no room for them beside each other."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

Tree = dict[str, Any]
_GAP, _COLUMN_GAP = 62.0, 0.07


class _Cell(NamedTuple):
    """Where a panel stands, in shares of the plot."""

    left: float
    right: float
    bottom: float
    top: float


def restack(layout: Tree) -> None:
    """Set two panels that stand beside each other below each other, and more in two columns.

    Parameters
    ----------
    layout : dict
        Of a figure, with its height; changed in place. It grows by the rows that are added.
    """
    cells = dict(_panels(layout))
    if len({cell.left for cell in cells.values()}) < 2:
        return
    order = sorted(cells, key=lambda name: (-cells[name].top, cells[name].left))
    columns = 1 if len(order) <= 2 else 2
    n_rows = math.ceil(len(order) / columns)
    margin = layout.get("margin") or {}
    plotted = layout["height"] - margin.get("t", 60) - margin.get("b", 60)
    panel = plotted * max(cell.top - cell.bottom for cell in cells.values())
    total = n_rows * panel + (n_rows - 1) * _GAP
    layout["height"] += total - plotted
    wide = (1 - _COLUMN_GAP * (columns - 1)) / columns
    new = {}
    for place, name in enumerate(order):
        row, column = divmod(place, columns)
        left = column * (wide + _COLUMN_GAP)
        top = 1 - row * (panel + _GAP) / total
        new[name] = _Cell(left, left + wide, max(top - panel / total, 0.0), top)
    _name_axes(layout, order, columns)
    _move(layout, cells, new)


def _panels(layout: Tree) -> Iterator[tuple[str, _Cell]]:
    """Find the panels by their horizontal axes, with all vertical axes that stand on these."""
    for name, axis in layout.items():
        if not name.startswith("xaxis") or not axis.get("domain"):
            continue
        reference = name.replace("axis", "")
        own = {axis.get("anchor", "y"), reference.replace("x", "y")}
        domains = [
            other["domain"] for key, other in layout.items()
            if key.startswith("yaxis") and other.get("domain")
            and (key.replace("axis", "") in own or other.get("anchor") == reference)
        ]  # fmt: skip
        if domains:
            left, right = axis["domain"]
            ends = min(low for low, _ in domains), max(high for _, high in domains)
            yield name, _Cell(left, right, *ends)


def _name_axes(layout: Tree, order: Sequence[str], columns: int) -> None:
    """Write ticks and titles where panels now end at the left and at the bottom."""
    titles = [layout[name].get("title") for name in order]
    title = next((each for each in reversed(titles) if (each or {}).get("text")), None)
    shared = any(layout[name].get("showticklabels") is False for name in order)
    for place, name in enumerate(order):
        last = place + columns >= len(order)
        layout[name]["title"] = title if last else None
        if shared:
            layout[name]["showticklabels"] = last
        vertical = layout.get(name.replace("x", "y", 1))
        if vertical is not None:
            vertical["showticklabels"] = place % columns == 0


def _move(layout: Tree, cells: dict[str, _Cell], new: dict[str, _Cell]) -> None:
    """Move axes, titles and lines along with the panels that they belong to."""
    for name, old in cells.items():
        to, reference = new[name], name.replace("axis", "")

        def rise(y: float, old: _Cell = old, to: _Cell = to) -> float:
            return to.bottom + (y - old.bottom) / (old.top - old.bottom) * (to.top - to.bottom)

        layout[name]["domain"] = [to.left, to.right]
        own = {layout[name].get("anchor", "y"), reference.replace("x", "y")}
        for key, axis in layout.items():
            stands = key.startswith("yaxis") and axis.get("domain") and "_moved" not in axis
            if stands and (key.replace("axis", "") in own or axis.get("anchor") == reference):
                axis.update(
                    domain=[min(max(rise(y), 0.0), 1.0) for y in axis["domain"]], _moved=True
                )
        for each in (*layout.get("annotations", ()), *layout.get("shapes", ())):
            _move_along(each, old, to, reference, rise)
    for part in (*layout.values(), *layout.get("annotations", ()), *layout.get("shapes", ())):
        if isinstance(part, dict):
            part.pop("_moved", None)


def _move_along(
    each: Tree, old: _Cell, to: _Cell, reference: str, rise: Callable[[float], float]
) -> None:
    if "_moved" in each or each.get("yref") != "paper":
        return
    if str(each.get("xref", "")).split()[0:1] == [reference]:
        each.update({key: rise(each[key]) for key in ("y", "y0", "y1") if key in each})
        each["_moved"] = True
        return
    at_top = each.get("xref") == "paper" and abs(each.get("y", -1) - old.top) < 1e-6
    if at_top and old.left <= each["x"] <= old.right:
        share = (each["x"] - old.left) / (old.right - old.left)
        each.update(x=to.left + share * (to.right - to.left), y=to.top, _moved=True)
