"""Pinned selections as curves over layers, each in its pin's colour."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from backend.comparisons.layer_curves import baseline_table
from backend.figures.captions import results_caption
from backend.figures.labels import METRIC_TITLES
from backend.figures.layers import layer_figure
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.layer_controls import LayerControls
from backend.views.layer_parts import Curves, layer_parts
from backend.views.pins import Pin
from backend.views.sheet import Sheet

_TITLE = "Pinned selections"


def pins_sheet(
    store: ResultStore, pins: Sequence[Pin], chosen: Chosen, controls: LayerControls
) -> Sheet | None:
    """Draw each pinned selection as a curve.

    Parameters
    ----------
    store : ResultStore
    pins : sequence of Pin
        Of each the model that would be taken apart, in its first region, is drawn. Those of other
        evidence than ``chosen`` are left out: one figure cannot join measured and simulated
        results.
    chosen : Chosen
        Its metric is that of the figure.
    controls : LayerControls

    Returns
    -------
    Sheet or None
        None where no pin has a curve.
    """
    found = [(pin, _curve(store, pin, chosen, controls)) for pin in pins]
    drawn = [(pin, curves) for pin, curves in found if curves is not None]
    if not drawn:
        return None
    table = pd.concat([_marked(curves.table, pin) for pin, curves in drawn], ignore_index=True)
    peaks = pd.concat([_marked(curves.peaks, pin) for pin, curves in drawn], ignore_index=True)
    # Pins may differ in their data, and so in their baselines and ceilings.
    none = baseline_table(pd.DataFrame(columns=_BASELINE_COLUMNS))
    table = table.drop(columns="design").assign(ceiling=float("nan"))
    what = (
        f"{METRIC_TITLES[chosen.metric]} by layer of pinned selections ("
        f"{'; '.join(f'{pin.letter}: {pin.name}' for pin, _ in drawn)}), mean with 95% t interval "
        "over folds or subjects; below: the peak's layer and its 95% bootstrap interval"
    )
    runs = pd.concat([curves.runs for _, curves in drawn]).drop_duplicates("run_id")
    return Sheet(
        "layers-pinned",
        lambda mode: layer_figure(
            table, none, chosen.metric, mode, peaks=peaks, axis=controls.axis, title=_TITLE
        ),
        None,
        table,
        results_caption(runs, what),
        what,
        tuple(runs["run_id"]),
    )


_BASELINE_COLUMNS = ["split", "roi", "hemisphere", "baseline", "unit", "subject", "score"]


def _curve(store: ResultStore, pin: Pin, chosen: Chosen, controls: LayerControls) -> Curves | None:
    if pin.chosen.selection.evidence != chosen.selection.evidence:
        return None
    asked = replace(pin.chosen, metric=chosen.metric, shuffled=False)
    parts = layer_parts(store, asked, LayerControls(units=controls.units))
    return None if parts is None else parts.own


def _marked(frame: pd.DataFrame, pin: Pin) -> pd.DataFrame:
    """Name a pin's curve; all stand in one panel, whatever their folds."""
    return frame.assign(title=f"{pin.letter}: {pin.name}", pin=pin.index, split="pinned")
