"""How models and their sizes are written on a figure of scale."""

_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))


def short_number(value: float) -> str:
    """Write a number of parameters as 300K, 1.3M, 70B.

    Parameters
    ----------
    value : float

    Returns
    -------
    str
        Three digits at most.
    """
    for unit, letter in _UNITS:
        # 999,600 is a million, not a thousand thousands.
        if value >= 0.9995 * unit:
            return f"{float(f'{value / unit:.3g}'):g}{letter}"
    return f"{value:.0f}"


def layers_text(first: float, last: float) -> str:
    """Say which layer stands for a model, or from which to which over folds."""
    return f"layer {int(first)}" if first == last else f"layers {int(first)} to {int(last)}"
