"""Responses made by a program, with a ground truth that is known exactly."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Array = NDArray[np.floating]


def leading_signal(features: Array, without: Array, n_components: int, seed: int) -> Array:
    """Mix the leading principal components of what confounds leave of some features.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_dims)
    without : ndarray of shape (n_samples, n_confounds)
        Regressed out of the features first, by least squares.
    n_components : int
        Few, so that the signal can be learned from a few hundred samples.
    seed : int
        Of the mixing weights.

    Returns
    -------
    ndarray of shape (n_samples,)
        Standardised.
    """
    design = np.column_stack([np.ones(len(without)), without])
    values = features.astype(np.float64)
    values = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    left, _, _ = np.linalg.svd(values, full_matrices=False)
    components = left[:, :n_components]
    # A singular vector's sign is arbitrary; fixing it keeps the signal the same everywhere.
    components = components * np.sign(
        components[np.abs(components).argmax(axis=0), range(n_components)]
    )
    weights = np.random.default_rng(seed).uniform(0.5, 1.5, n_components)
    return _standardised(components @ weights)


def autocorrelated_noise(n_samples: int, correlation: float, seed: int) -> Array:
    """Noise of a first-order autoregressive process.

    Parameters
    ----------
    n_samples : int
    correlation : float
        Between neighbouring samples, 0 up to but not 1.
    seed : int

    Returns
    -------
    ndarray of shape (n_samples,)
        Standardised.
    """
    drive = np.random.default_rng(seed).standard_normal(n_samples + 100)
    return _standardised(lfilter([1.0], [1.0, -correlation], drive)[100:])


def simulate_response(signal: Array, noise: Array, ceiling: float) -> Array:
    """Mix a signal and noise so that response and signal correlate by exactly ``ceiling``.

    Parameters
    ----------
    signal, noise : ndarray of shape (n_samples,)
        The part of the noise that lies along the signal is removed first.
    ceiling : float
        Between 0 (noise alone) and 1 (signal alone): the best r that any model can reach.

    Returns
    -------
    ndarray of shape (n_samples,)
        Standardised.
    """
    s = _standardised(signal)
    rest = noise - noise.mean()
    rest = _standardised(rest - s * (s @ rest) / (s @ s))
    return ceiling * s + np.sqrt(1.0 - ceiling**2) * rest


def _standardised(values: Array) -> Array:
    return (values - values.mean()) / values.std()
