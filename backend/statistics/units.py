"""What statistics over subjects or stories ask of their values."""

import numpy as np
from numpy.typing import NDArray

from backend.errors import InputError

Values = NDArray[np.float64]
# Two values have a mean, but a spread that nothing can be concluded from.
LEAST_UNITS = 3


def require_units(values: Values, axis: int = 0, kind: str = "units") -> None:
    """Refuse values that hold NaN or come from fewer than three units.

    Parameters
    ----------
    values : ndarray
    axis : int
        Along which the units lie.
    kind : str
        What the units are, for the message.

    Raises
    ------
    InputError
    """
    if values.ndim <= axis or values.shape[axis] < LEAST_UNITS:
        n = values.shape[axis] if values.ndim > axis else 0
        raise InputError(
            f"{n} {kind} were given; at least {LEAST_UNITS} are needed to judge how much they vary."
        )
    others = tuple(other for other in range(values.ndim) if other != axis)
    bad = np.flatnonzero(~np.isfinite(values).all(axis=others))
    if bad.size:
        raise InputError(
            f"{bad.size} of {values.shape[axis]} {kind} hold NaN or infinite values, first number "
            f"{bad[0]} (from 0); leave out what is not known in all {kind}."
        )


def require_level(level: float) -> None:
    """Refuse an interval's level that is not between 0 and 1."""
    if not 0 < level < 1:
        raise InputError(
            f"an interval of level {level} was asked for; it lies between 0 and 1, as 0.95 does."
        )
