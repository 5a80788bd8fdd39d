"""Baseline features of stories: what a model has to beat before its score means anything.

Those of words have a row per word, and go to TRs by the way that the model's features go; those of
time have a row per TR. OASM has a row per TR that is kept, over all stories together.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.ndimage import gaussian_filter1d

from backend.errors import InputError
from backend.features.baselines import OASM_SIGMA
from backend.stimuli import Words

NUISANCE: tuple[str, ...] = (
    "word-rate",
    "phoneme-rate",
    "letter-rate",
    "word-length",
    "frequency",
    "position",
    "pauses",
    "oasm",
)
"""Baselines of stories that hold no meaning; the model's unique variance is what it adds to all.

A recording has one of the two rates of sounds: phonemes where every transcript counts them."""


def word_rate(words: Words) -> NDArray[np.float32]:
    """Give every word a one, whose sum over a TR is the number of words.

    Parameters
    ----------
    words : Words

    Returns
    -------
    ndarray of float32, shape (n_words, 1)
    """
    return np.ones((len(words), 1), dtype=np.float32)


def have_phonemes(stories: Iterable[Words]) -> bool:
    """Whether every story's transcript counts phonemes, so that they can be a rate for all.

    Parameters
    ----------
    stories : iterable of Words

    Returns
    -------
    bool
    """
    return all(words.n_phonemes is not None for words in stories)


def phoneme_rate(words: Words) -> NDArray[np.float32]:
    """Count the phonemes of each word.

    Parameters
    ----------
    words : Words

    Returns
    -------
    ndarray of float32, shape (n_words, 1)

    Raises
    ------
    InputError
        If the transcript has none.
    """
    if words.n_phonemes is None:
        raise InputError(
            f"story {words.story!r} has no tier of phonemes, which others of its recording have; "
            "count letters in all of them."
        )
    return words.n_phonemes.astype(np.float32)[:, None]


def letter_rate(words: Words) -> NDArray[np.float32]:
    """Count the letters and digits of each word.

    Parameters
    ----------
    words : Words

    Returns
    -------
    ndarray of float32, shape (n_words, 1)
    """
    counts = [sum(character.isalnum() for character in word) for word in words.words]
    return np.asarray(counts, dtype=np.float32)[:, None]


def word_length(words: Words) -> NDArray[np.float32]:
    """Letters and digits of each word, and how long it lasts.

    Parameters
    ----------
    words : Words

    Returns
    -------
    ndarray of float32, shape (n_words, 2)
        Number, and seconds.
    """
    seconds = (words.offsets - words.onsets).astype(np.float32)[:, None]
    return np.hstack([letter_rate(words), seconds])


def frequency(words: Words, language: str = "en") -> NDArray[np.float32]:
    """Zipf frequency of each word.

    Parameters
    ----------
    words : Words
    language : str
        One of wordfreq's codes, such as ``en`` or ``fr``.

    Returns
    -------
    ndarray of float32, shape (n_words, 1)
        Logarithm to base 10 of occurrences per billion words; 0 for a word that the list does not
        have.

    Raises
    ------
    InputError
        If there is no list of the language, or its words need a tokenizer that is not installed.

    References
    ----------
    Speer 2022, wordfreq 3.0. https://doi.org/10.5281/zenodo.7199437
    """
    # Loading the word list takes about a second, which only a fit should pay.
    from wordfreq import available_languages, zipf_frequency

    languages = sorted(available_languages())
    if language not in languages:
        # Otherwise wordfreq would take the nearest language that it knows, often English.
        raise InputError(
            f"no word frequencies for the language {language!r}; there are {', '.join(languages)}."
        )
    try:
        zipf = {word: zipf_frequency(word, language) for word in set(words.words)}
    except ImportError as error:
        raise InputError(
            f"words of the language {language!r} cannot be looked up ({error}); install what is "
            "missing, for instance by: pip install wordfreq[cjk]."
        ) from error
    return np.asarray([zipf[word] for word in words.words], dtype=np.float32)[:, None]


def silence_before(words: Words) -> NDArray[np.float32]:
    """Seconds between a word's onset and the end of what was said before it.

    Parameters
    ----------
    words : Words

    Returns
    -------
    ndarray of float32, shape (n_words, 1)
        Zero where words overlap; the first word's is counted from the story's start.
    """
    said = np.maximum.accumulate(np.concatenate([[0.0], words.offsets[:-1]]))
    return np.maximum(words.onsets - said, 0).astype(np.float32)[:, None]


def silent_share(words: Words, tr_times: NDArray[np.float64], tr: float) -> NDArray[np.float32]:
    """Share of each TR in which no word sounds.

    Parameters
    ----------
    words : Words
    tr_times : ndarray of float64, shape (n_trs,)
        Midpoint of each TR, in seconds from the story's start.
    tr : float
        Seconds from a volume to the next.

    Returns
    -------
    ndarray of float32, shape (n_trs, 1)
        Between 0 and 1.
    """
    ends = np.maximum.accumulate(words.offsets)
    # Speech that others overlap counts once: each word adds what lies beyond all before it.
    begins = np.maximum(words.onsets, np.concatenate([[-np.inf], ends[:-1]]))
    begins = np.minimum(begins, ends)
    spoken = np.cumsum(ends - begins)
    times = np.column_stack([begins, ends]).ravel()
    amounts = np.column_stack([spoken - (ends - begins), spoken]).ravel()
    edges = np.append(tr_times - tr / 2, tr_times[-1] + tr / 2)
    share = np.diff(np.interp(edges, times, amounts)) / tr
    return np.clip(1 - share, 0, 1).astype(np.float32)[:, None]


def position(words: Words, tr_times: NDArray[np.float64], tr: float) -> NDArray[np.float32]:
    """Place of each TR in its story.

    Parameters
    ----------
    words : Words
    tr_times : ndarray of float64, shape (n_trs,)
        Midpoint of each TR, in seconds from the story's start.
    tr : float
        Seconds from a volume to the next.

    Returns
    -------
    ndarray of float32, shape (n_trs, 3)
        Seconds from the story's start, the same as a share of the story's length, and words that
        were heard so far.
    """
    heard = np.searchsorted(np.sort(words.midpoints), tr_times + tr / 2)
    relative = tr_times / max(words.seconds, tr)
    return np.column_stack([tr_times, relative, heard]).astype(np.float32)


def oasm_features(lengths: Sequence[int], sigma: float = OASM_SIGMA) -> NDArray[np.float32]:
    """Features that know nothing but sample order (orthogonal autocorrelated sequences).

    An identity matrix over the TRs that are kept, smoothed along time inside each story. They are
    not delayed, since they follow the responses' own order, and are to be standardised together
    (:func:`~backend.features.baselines.scaling_of`).

    Parameters
    ----------
    lengths : sequence of int
        TRs that are kept of each run, in order.
    sigma : float
        Width of the Gaussian, in TRs.

    Returns
    -------
    ndarray of float32, shape (n, n)
        Where ``n`` is the sum of lengths: 4 bytes times its square. :func:`oasm_kernel` is as
        large, and is what a kernel method needs.

    References
    ----------
    Hadidi, Feghhi, Song, Blank & Kao 2025, Illusions of Alignment Between Large Language Models
    and Brains Emerge From Fragile Methods and Overlooked Confounds.
    """
    return _oasm(lengths, sigma).toarray()


def oasm_kernel(
    lengths: Sequence[int], train: NDArray[np.int64], sigma: float = OASM_SIGMA
) -> NDArray[np.float32]:
    """Inner products of OASM's features, standardised together on the training rows.

    Made from bands, so that nothing of its size is held beside it.

    Parameters
    ----------
    lengths : sequence of int
        TRs that are kept of each run, in order.
    train : ndarray of int
        Rows whose mean is taken off, and whose root mean square over all dimensions is one.
    sigma : float
        Width of the Gaussian, in TRs.

    Returns
    -------
    ndarray of float32, shape (n, n)
        Where ``n`` is the sum of lengths.
    """
    features = _oasm(lengths, sigma)
    kernel: NDArray[np.float32] = (features @ features.T).toarray()
    centre = np.asarray(features[train].mean(axis=0, dtype=np.float64)).ravel()
    mean, overall = features @ centre, centre @ centre
    kernel -= mean.astype(np.float32)
    kernel -= (mean - overall).astype(np.float32)[:, None]
    variance = kernel[train, train].mean(dtype=np.float64) / len(kernel)
    kernel /= np.float32(variance)
    return kernel


def _oasm(lengths: Sequence[int], sigma: float) -> Any:
    reach = int(4 * sigma + 0.5)
    impulse = np.zeros(2 * reach + 1)
    impulse[reach] = 1.0
    weights = gaussian_filter1d(impulse, sigma, mode="constant").astype(np.float32)
    blocks = []
    for length in lengths:
        offsets = [lag for lag in range(-reach, reach + 1) if abs(lag) < length]
        bands = [np.full(length - abs(lag), weights[lag + reach]) for lag in offsets]
        blocks.append(sparse.diags_array(bands, offsets=offsets, shape=(length, length)))
    return sparse.block_diag(blocks, format="csr", dtype=np.float32)
