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
from threadpoolctl import threadpool_limits

from backend.demo.stories import n_trs
from backend.encoding.alignment import downsample, tr_midpoints
from backend.encoding.delays import convolve_hrf
from backend.features.story_baselines import letter_rate, word_rate
from backend.stimuli import Words

Array = NDArray[np.float32]
Matrix = NDArray[np.float64]
Layers = Mapping[int, NDArray[np.floating]]

N_DIRECTIONS = 4
N_LEADING = 30
"""Components of a layer among which its directions are looked for: about two thirds of its
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
    of_trs: dict[int, Matrix] = {}
    spreads: dict[int, Matrix] = {}
    for layer in next(iter(states.values())):
        of_words = {story: states[story][layer] for story in stories}
        values = _centred(_responses(stories, of_words, tr))
        spread = values.std(axis=0)
        # A dimension may be constant: two of MiniLM's last layer are always 0.
        spreads[layer] = np.where(spread > 0, spread, 1.0)
        of_trs[layer] = values / spreads[layer]
    slopes = {layer: linalg.lstsq(rate, of_trs[layer])[0] for layer in layers}
    targets = {layer: of_trs[layer] - rate @ slopes[layer] for layer in layers}
    # The matrices are so small that threads would wait for each other longer than they work.
    with threadpool_limits(limits=1, user_api="blas"):
        directions = _least_predicted(targets, of_trs, labels)
    drives: dict[str, dict[int, Array]] = {story: {} for story in stories}
    for layer, found in directions.items():
        for story in stories:
            scaled = np.asarray(states[story][layer], dtype=np.float64) / spreads[layer]
            drive = scaled @ found - rates[story] @ (slopes[layer] @ found)
            drives[story][layer] = drive.astype(np.float32)
    return {story: WordDrives(rates[story], drives[story]) for story in stories}


def _responses(
    stories: Mapping[str, Words], features: Mapping[str, NDArray[np.floating]], tr: float
) -> Matrix:
    """Features of words as responses of TRs, story after story."""
    parts = []
    for story, words in stories.items():
        times = tr_midpoints(n_trs(words, tr), tr)
        parts.append(convolve_hrf(downsample(features[story], words.midpoints, times, tr), tr))
    return np.concatenate(parts).astype(np.float64)


def _least_predicted(
    targets: Mapping[int, Matrix], layers: Mapping[int, Matrix], labels: NDArray[np.int64]
) -> dict[int, Matrix]:
    """Directions whose variance other layers explain least, on stories that were held out.

    With C the covariance of a layer's leading components and E that of what a ridge regression
    from another layer leaves of them, averaged over layers, its directions w maximise w'Ew / w'Cw.

    Parameters
    ----------
    targets : mapping of int to ndarray of shape (n_trs, n_dims)
        The layers whose directions are wanted, without speech rate.
    layers : mapping of int to ndarray of shape (n_trs, n_dims)
        All layers.
    labels : ndarray of int, shape (n_trs,)
        Story of each TR.

    Returns
    -------
    dict of int to ndarray of shape (n_dims, n_directions)
    """
    axes = {layer: _leading_axes(values) for layer, values in targets.items()}
    leading = {layer: values @ axes[layer] for layer, values in targets.items()}
    together = np.hstack(list(leading.values()))
    left = {layer: np.zeros((N_LEADING, N_LEADING)) for layer in targets}
    for other, values in layers.items():
        errors = np.empty_like(together)
        for held_out in np.unique(labels):
            test = labels == held_out
            errors[test] = together[test] - _ridge(values[~test], together[~test], values[test])
        for layer, part in zip(targets, np.hsplit(errors, len(targets)), strict=True):
            if layer != other:
                left[layer] += part.T @ part
    found = {}
    for layer, values in leading.items():
        _, vectors = linalg.eigh(left[layer], values.T @ values)
        directions = axes[layer] @ vectors[:, ::-1][:, :N_DIRECTIONS]
        # An eigenvector's sign is arbitrary; fixing it keeps the drives the same everywhere.
        largest = np.abs(directions).argmax(axis=0)
        found[layer] = directions * np.sign(directions[largest, np.arange(N_DIRECTIONS)])
    return found


def _leading_axes(values: Matrix) -> Matrix:
    """Principal axes over TRs, shape (n_dims, n_leading)."""
    n_dims = values.shape[1]
    wanted = (n_dims - N_LEADING, n_dims - 1)
    return linalg.eigh(values.T @ values, subset_by_index=wanted)[1]


def _ridge(features: Matrix, responses: Matrix, new_features: Matrix) -> Matrix:
    gram = features.T @ features + PENALTY * np.eye(features.shape[1])
    return new_features @ linalg.solve(gram, features.T @ responses, assume_a="pos")


def _centred(values: Matrix) -> Matrix:
    return values - values.mean(axis=0)
