"""How the claims' sentences write sizes, effects and intervals."""

from backend.catalog import Window
from backend.comparisons.claims_verdict import Judged, Verdict


def size(n_parameters: float) -> str:
    """Write a number of parameters as papers do: 124M, 2.8B.

    Parameters
    ----------
    n_parameters : float

    Returns
    -------
    str
    """
    if n_parameters >= 1e9:
        return f"{n_parameters / 1e9:.3g}B"
    return f"{n_parameters / 1e6:.3g}M"


def window(sizes: Window) -> str:
    """Write a range of sizes."""
    return f"{size(sizes.low)} to {size(sizes.high)}"


def number(value: float, unit: str) -> str:
    """Write an effect with its sign: three decimals of r, one of percent."""
    return f"{value:+.1f}" if unit.startswith("%") else f"{value:+.3f}"


def interval(judged: Judged, unit: str = "r") -> str:
    """Write a mean with its interval.

    Parameters
    ----------
    judged : Judged
    unit : str

    Returns
    -------
    str
    """
    mean = number(judged.mean, unit) + (unit if unit == "%" else f" {unit}")
    if judged.low is None or judged.high is None:
        return f"{mean} (too few units for an interval)"
    bounds = f"{number(judged.low, unit)}, {number(judged.high, unit)}"
    return f"{mean} ({judged.level:.0%} interval {bounds})"


def side(judged: Judged) -> str:
    """Say where an interval lies: inside or outside a margin, below or above a bound."""
    if judged.low is None:
        return "too few units to judge against"
    return judged.place


def effect_line(verdict: Verdict) -> str:
    """Write a verdict's effect, interval and n in one line; empty where nothing was tested.

    Parameters
    ----------
    verdict : Verdict

    Returns
    -------
    str
    """
    if verdict.effect is None:
        return ""
    space = "" if verdict.unit.startswith("%") else " "
    line = f"{number(verdict.effect, verdict.unit)}{space}{verdict.unit}"
    if verdict.low is not None and verdict.high is not None:
        bounds = f"{number(verdict.low, verdict.unit)}, {number(verdict.high, verdict.unit)}"
        line += f" [{bounds}], {verdict.level:.0%} interval"
    return f"{line}, n = {verdict.n} {verdict.counts}"
