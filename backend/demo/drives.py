"""What drives the simulated responses: speech rate, and a few directions of three layers.

Neighbouring layers of a transformer are so alike that a response to the leading components of one
would be predicted as well by the next. So a layer's drive is made of those directions, among its
leading components over TRs, that the other layers predict worst; they are still plain linear
functions of that layer's states, word by word, and few enough to be learned in half an hour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from backend.demo.stories import n_trs
from backend.encoding.alignment import downsample, tr_midpoints
from backend.encoding.delays import convolve_hrf
from backend.encoding.ridge import ridge_path
from backend.features.story_baselines import letter_rate, word_rate
from backend.stimuli import Words

Array = NDArray[np.float32]
Layers = Mapping[int, NDArray[np.floating]]

N_DIRECTIONS = 4
N_LEADING = 40
"""Components of a layer among which its directions are looked for: about three quarters of its
variance, so that a ridge regression finds what lies in them."""
PENALTY = 1000.0
"""Of the ridge regressions from layer to layer."""


@dataclass(frozen=True)
class WordDrives:
    """Drives of one story, word by word; those of TRs follow by the engine's own downsampling.

    Attributes
    ----------
    rate : ndarray of float32, shape (n_words, 2)
        A one per word, and its letters: their sum over a TR is the speech rate.
    layers : mapping of int to ndarray of float32, shape (n_words, n_directions)
    """

    rate: Array
    layers: Mapping[int, Array]


def word_drives(
    stories: Mapping[str, Words],
    states: Mapping[str, Layers],
    layers: Sequence[int],
    tr: float,
) -> dict[str, WordDrives]:
    """Find the drives of some layers, and what each word contributes to them.

    Parameters
    ----------
    stories : mapping of str to Words
    states : mapping of str to mapping of int to ndarray of shape (n_words, n_dims)
        Every layer's states of every story's words.
    layers : sequence of int
        Those that shall drive responses.
    tr : float
        Seconds from a volume to the next.

    Returns
    -------
    dict of str to WordDrives
        By story. Over all TRs, a layer's drives are uncorrelated with speech rate, and with each
        other.
    """
    labels = np.repeat(np.arange(len(stories)), [n_trs(w, tr) for w in stories.values()])
    rates = {story: np.hstack([word_rate(w), letter_rate(w)]) for story, w in stories.items()}
    rate = _centred(_responses(stories, rates, tr))
    of_trs: dict[int, NDArray[np.float64]] = {}
    spreads: dict[int, NDArray[np.float64]] = {}
    for layer in next(iter(states.values())):
        of_words = {story: states[story][layer] for story in stories}
        values = _centred(_responses(stories, of_words, tr))
        spreads[layer] = values.std(axis=0)
        of_trs[layer] = values / spreads[layer]
    drives: dict[str, dict[int, Array]] = {story: {} for story in stories}
    for layer in layers:
        slopes = linalg.lstsq(rate, of_trs[layer])[0]
        others = [values for other, values in of_trs.items() if other != layer]
        directions = _least_predicted(of_trs[layer] - rate @ slopes, others, labels)
        for story in stories:
            scaled = np.asarray(states[story][layer], dtype=np.float64) / spreads[layer]
            drive = scaled @ directions - rates[story] @ (slopes @ directions)
            drives[story][layer] = drive.astype(np.float32)
    return {story: WordDrives(rates[story], drives[story]) for story in stories}


def _responses(
    stories: Mapping[str, Words], features: Mapping[str, NDArray[np.floating]], tr: float
) -> NDArray[np.float64]:
    """Features of words as responses of TRs, story after story."""
    parts = []
    for story, words in stories.items():
        times = tr_midpoints(n_trs(words, tr), tr)
        parts.append(convolve_hrf(downsample(features[story], words.midpoints, times, tr), tr))
    return np.concatenate(parts).astype(np.float64)


def _least_predicted(
    values: NDArray[np.float64], others: Sequence[NDArray[np.float64]], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Directions whose variance other layers explain least, on stories that were held out.

    With C the covariance of the leading components and E that of what a ridge regression from
    another layer leaves of them, averaged over layers, the directions w maximise w'Ew / w'Cw.

    Returns
    -------
    ndarray of shape (n_dims, n_directions)
    """
    _, _, axes = np.linalg.svd(values, full_matrices=False)
    axes = axes[:N_LEADING].T
    leading = values @ axes
    left = np.zeros((leading.shape[1], leading.shape[1]))
    for other in others:
        for held_out in np.unique(labels):
            test = labels == held_out
            errors = leading[test] - ridge_path(
                other[~test], leading[~test], other[test], [PENALTY]
            ).squeeze(0)
            left += errors.T @ errors
    _, found = linalg.eigh(left, leading.T @ leading)
    found = found[:, ::-1][:, :N_DIRECTIONS]
    # An eigenvector's sign is arbitrary; fixing it keeps the drives the same everywhere.
    directions: NDArray[np.float64] = axes @ found
    largest = np.abs(directions).argmax(axis=0)
    return directions * np.sign(directions[largest, np.arange(directions.shape[1])])


def _centred(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values - values.mean(axis=0)
