"""Bell-shaped curves over layers with known peaks, under noise that neighbouring layers share."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def bells(peaks: Array, n_layers: int, width: float, height: float = 0.2) -> Array:
    """Curves of shape (n_curves, n_layers)."""
    return height * np.exp(-0.5 * ((np.arange(n_layers) - peaks[:, None]) / width) ** 2)


def noisy(
    curves: Array, n_units: int, sd: float, random: np.random.Generator, shared: float = 0.8
) -> Array:
    """Curves of each unit, shape (n_units, n_curves, n_layers)."""
    noise = random.standard_normal((n_units, *curves.shape))
    for layer in range(1, curves.shape[-1]):
        noise[..., layer] *= np.sqrt(1 - shared**2)
        noise[..., layer] += shared * noise[..., layer - 1]
    # A story that is easy is easy in every layer and region.
    ease = 0.1 * random.standard_normal((n_units, 1, 1))
    return curves + sd * noise + ease
