"""Baseline features: what a language model has to beat before its score means anything.

Each builder takes :class:`~backend.stimuli.Sentences` and returns ``[n_sentences, n_dims]``.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from backend.stimuli import Sentences

OASM_SIGMA = 2.0
Builder = Callable[[Sentences], NDArray[np.float32]]


def length(sentences: Sentences) -> NDArray[np.float32]:
    """Sentence length in words and in characters.

    Returns
    -------
    ndarray of float32, shape (n_sentences, 2)
    """
    counts = [(len(text.split()), len(text)) for text in sentences.texts]
    return np.asarray(counts, dtype=np.float32)


def frequency(sentences: Sentences) -> NDArray[np.float32]:
    """Mean and lowest Zipf frequency of a sentence's words, in English.

    Returns
    -------
    ndarray of float32, shape (n_sentences, 2)
        Zipf units: the logarithm to base 10 of occurrences per billion words; 0 for a word that
        the list does not have.

    References
    ----------
    Speer 2022, wordfreq 3.0. https://doi.org/10.5281/zenodo.7199437
    """
    # Loading the word list takes about a second, which only a fit should pay.
    from wordfreq import tokenize, zipf_frequency

    rows = []
    for text in sentences.texts:
        zipf = [zipf_frequency(word, "en") for word in tokenize(text, "en")] or [0.0]
        rows.append((np.mean(zipf), np.min(zipf)))
    return np.asarray(rows, dtype=np.float32)


def position(sentences: Sentences) -> NDArray[np.float32]:
    """Place of a sentence in its passage: index from its start, and relative place.

    Returns
    -------
    ndarray of float32, shape (n_sentences, 2)
        Where no passages are named, the whole recording is one.
    """
    values = np.empty((len(sentences), 2), dtype=np.float32)
    for members in _group_members(sentences):
        index = np.arange(len(members))
        values[members, 0] = index
        values[members, 1] = index / max(1, len(members) - 1)
    return values


def oasm(sentences: Sentences, sigma: float = OASM_SIGMA) -> NDArray[np.float32]:
    """Features that know nothing but sample order (orthogonal autocorrelated sequences).

    An identity matrix over samples, smoothed along time inside each passage: neighbours are
    alike, samples of different passages are orthogonal.

    Parameters
    ----------
    sentences : Sentences
        Only their order and their passages are used.
    sigma : float
        Width of the Gaussian, in samples.

    Returns
    -------
    ndarray of float32, shape (n_sentences, n_sentences)

    References
    ----------
    Hadidi, Feghhi, Song, Blank & Kao 2025, Illusions of Alignment Between Large Language Models
    and Brains Emerge From Fragile Methods and Overlooked Confounds.
    """
    n = len(sentences)
    values = np.zeros((n, n), dtype=np.float32)
    for members in _group_members(sentences):
        block = np.eye(len(members), dtype=np.float32)
        values[np.ix_(members, members)] = gaussian_filter1d(
            block, sigma=sigma, axis=0, mode="constant"
        )
    return values


def scaling_of(name: str) -> Literal["each", "together"]:
    """How a baseline is standardised: OASM's dimensions share a unit, the others' do not."""
    return "together" if name == "oasm" else "each"


NUISANCE: Mapping[str, Builder] = {
    "length": length,
    "frequency": frequency,
    "position": position,
    "oasm": oasm,
}
"""Baselines that hold no meaning; the model's unique variance is what it adds to all of them."""

STATIC = "static-embedding"
"""The model's own word embeddings without context. Fitted beside the others, but not among the
nuisance baselines: it is part of what a model represents, and differs from model to model."""

JOINT = "all nuisance"
"""The nuisance baselines together, as feature bands with penalties of their own."""


def _group_members(sentences: Sentences) -> list[NDArray[np.int64]]:
    if sentences.groups is None:
        return [np.arange(len(sentences))]
    return [np.flatnonzero(sentences.groups == code) for code in range(sentences.n_groups)]
