"""From words to TRs: one row of features per volume, from one row per word.

Whatever the method, a word stands at its midpoint and a TR at the middle of its volume, and the
step is linear in the features. So it is a sparse matrix, built once per story and applied to every
layer.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from backend.errors import InputError
from backend.stimuli import Words

Method = Literal["lanczos", "mean", "sum", "last"]
METHODS: tuple[Method, ...] = ("lanczos", "mean", "sum", "last")
WINDOW = 3
HEAD = 5
TAIL = 5
LONGEST_TR = 20.0
LONGEST_SILENCE = 20.0
"""Seconds without words at either end of a recording that need no remark: dummy volumes before the
story, and the rest of the response after it."""

_BLOCK = 256
# A time that equals a TR's edge but for rounding belongs to the TR that begins there.
_ROUNDING = 1e-9


def check_tr(tr: float) -> None:
    """Refuse a TR that cannot be one in seconds.

    Parameters
    ----------
    tr : float
        Seconds from a volume to the next.

    Raises
    ------
    InputError
        If it is not a positive number, or so long that it must be in milliseconds.
    """
    if not np.isfinite(tr) or tr <= 0:
        raise InputError(f"a TR of {tr} s was given; give the seconds from a volume to the next.")
    if tr > LONGEST_TR:
        raise InputError(
            f"a TR of {tr:g} s was given; at most {LONGEST_TR:g} s are accepted. If this is in "
            f"milliseconds, did you mean {tr / 1000:.4}?"
        )


def tr_midpoints(n_trs: int, tr: float, start: float = 0.0) -> NDArray[np.float64]:
    """Time in the middle of each TR.

    Parameters
    ----------
    n_trs : int
    tr : float
        Seconds from a volume to the next.
    start : float
        Seconds from the story's start to the beginning of the first volume; negative when the
        scanner ran before the story began.

    Returns
    -------
    ndarray of float64, shape (n_trs,)
        Seconds from the story's start.
    """
    return np.asarray(start + (np.arange(n_trs) + 0.5) * tr, dtype=np.float64)


def downsampling_matrix(
    word_times: ArrayLike,
    tr_times: ArrayLike,
    tr: float,
    method: Method = "lanczos",
    window: int = WINDOW,
) -> Any:
    """Weights that turn a row per word into a row per TR.

    Parameters
    ----------
    word_times : array-like of shape (n_words,)
        Midpoint of each word, in seconds.
    tr_times : array-like of shape (n_trs,)
        Midpoint of each TR, in seconds, ``tr`` apart.
    tr : float
        Seconds from a volume to the next.
    method : {"lanczos", "mean", "sum", "last"}
        ``lanczos`` weighs a word by ``sinc(x) * sinc(x / window)``, where ``x`` is its distance
        from the TR's middle in TRs: a low-pass filter at the TRs' own rate. As in the code that
        the field shares, weights are not divided by their sum, so that the result follows the
        *rate* of words times their value: a steady train of ones comes back as the number of words
        per TR (to within one percent). The nearest ``window`` TRs on either side take part, also
        for a word that falls just outside of the recording.
        The others look at the words whose midpoint lies in the TR, from its beginning (included)
        to its end (excluded): their ``mean``, their ``sum``, or the ``last`` of them. Without
        words in it, a TR is zero by any of the three; its neighbours are not asked, since what
        was not heard yet must not reach back, and silence is no repetition of the last word.
    window : int
        Lobes of the Lanczos kernel.

    Returns
    -------
    scipy.sparse.csr_matrix of float32, shape (n_trs, n_words)
        Words that are too far from every TR have a column of zeros.

    Raises
    ------
    InputError
        If the method is unknown, the TR or the window impossible, the times not finite, or the
        TRs not evenly spaced.

    References
    ----------
    Lanczos resampling: Duchon 1979, J. Appl. Meteorol. 18:1016. Used for stories since Huth et al.
    2016, Nature 532:453; ``lanczosinterp2D`` of LeBel et al. 2023, Sci. Data 10:555, is the same
    matrix in dense form.
    """
    words, trs = _checked_times(word_times, tr_times, tr)
    if method not in METHODS:
        raise InputError(f"unknown method {method!r}; accepted are {', '.join(METHODS)}.")
    if method == "lanczos":
        return _lanczos(words, trs, tr, window)
    return _inside(words, trs, tr, method)


def _checked_times(
    word_times: ArrayLike, tr_times: ArrayLike, tr: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    check_tr(tr)
    words = np.asarray(word_times, dtype=np.float64)
    trs = np.asarray(tr_times, dtype=np.float64)
    n_bad = int((~np.isfinite(words)).sum())
    if n_bad:
        raise InputError(
            f"{n_bad} of {len(words)} words have no finite time; give each a time in seconds."
        )
    if not np.isfinite(trs).all():
        raise InputError("the times of the TRs are not all finite; give them in seconds.")
    if not np.allclose(np.diff(trs), tr, rtol=0, atol=1e-3 * tr):
        raise InputError(
            f"the TRs' times are not {tr:g} s apart; give those of one run, from tr_midpoints."
        )
    return words, trs


def _lanczos(words: NDArray[np.float64], trs: NDArray[np.float64], tr: float, window: int) -> Any:
    if window < 1 or window != int(window):
        raise InputError(f"a window of {window} lobes was given; give a whole number from 1.")
    places = (words - trs[0]) / tr
    reach = np.arange(2 * window + 1)
    columns = np.ceil(places - window).astype(np.int64)[:, None] + reach
    distances = columns - places[:, None]
    weights = np.sinc(distances) * np.sinc(distances / window)
    kept = (np.abs(distances) < window) & (columns >= 0) & (columns < len(trs))
    word = np.broadcast_to(np.arange(len(words))[:, None], kept.shape)
    return _matrix(weights[kept], columns[kept], word[kept], (len(trs), len(words)))


def _inside(words: NDArray[np.float64], trs: NDArray[np.float64], tr: float, method: Method) -> Any:
    places = np.floor((words - trs[0]) / tr + 0.5 + _ROUNDING).astype(np.int64)
    (word,) = np.nonzero((places >= 0) & (places < len(trs)))
    if method == "last":
        word = word[np.argsort(words[word], kind="stable")]
        # In order of time, a TR's last word is the one that another TR's word follows.
        word = word[np.append(np.diff(places[word]) != 0, True)[: len(word)]]
    place = places[word]
    counts = np.bincount(place, minlength=len(trs))
    weights = 1.0 / counts[place] if method == "mean" else np.ones(len(word))
    return _matrix(weights, place, word, (len(trs), len(words)))


def _matrix(
    weights: NDArray[np.float64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    shape: tuple[int, int],
) -> Any:
    return sparse.csr_matrix((weights.astype(np.float32), (rows, columns)), shape=shape)


def resample(matrix: Any, features: NDArray[Any]) -> NDArray[np.float32]:
    """Apply a sparse matrix over time to features, a few hundred rows at a time.

    Parameters
    ----------
    matrix : scipy.sparse.csr_matrix of shape (n_out, n_in)
        For instance from :func:`downsampling_matrix`. Each of its rows should look at neighbours
        only, as words in order of time do; otherwise the result is right, but takes more memory.
    features : ndarray of shape (n_in, n_dims)
        Of any float type; a memory-mapped file is read in order and in parts.

    Returns
    -------
    ndarray of float32, shape (n_out, n_dims)
        Beside it, no more than the rows that a block needs are held.

    Raises
    ------
    InputError
        If the number of rows does not fit, or if a result is not finite.
    """
    n_out, n_in = matrix.shape
    if features.ndim != 2 or len(features) != n_in:
        raise InputError(
            f"features of shape {features.shape} were given for {n_in} words; give one row of "
            "numbers for each word."
        )
    result = np.zeros((n_out, features.shape[1]), dtype=np.float32)
    for first in range(0, n_out, _BLOCK):
        rows = matrix[first : first + _BLOCK]
        if not rows.nnz:
            continue
        low, high = int(rows.indices.min()), int(rows.indices.max()) + 1
        block = np.asarray(features[low:high], dtype=np.float32)
        result[first : first + _BLOCK] = rows[:, low:high] @ block
    n_bad = int((~np.isfinite(result)).any(axis=1).sum())
    if n_bad:
        raise InputError(
            f"features are not finite around {n_bad} of {n_out} time points; look for NaN in them, "
            "or for values beyond 65,504, which half precision cannot hold."
        )
    return result


def downsample(
    features: NDArray[Any],
    word_times: ArrayLike,
    tr_times: ArrayLike,
    tr: float,
    method: Method = "lanczos",
    window: int = WINDOW,
) -> NDArray[np.float32]:
    """Features of words as features of TRs; see :func:`downsampling_matrix` for the methods.

    Parameters
    ----------
    features : ndarray of shape (n_words, n_dims)
        Of any float type, memory-mapped or not.
    word_times : array-like of shape (n_words,)
        Midpoint of each word, in seconds.
    tr_times : array-like of shape (n_trs,)
        Midpoint of each TR, in seconds, ``tr`` apart.
    tr : float
        Seconds from a volume to the next.
    method : {"lanczos", "mean", "sum", "last"}
    window : int
        Lobes of the Lanczos kernel.

    Returns
    -------
    ndarray of float32, shape (n_trs, n_dims)

    Raises
    ------
    InputError
        As :func:`downsampling_matrix` and :func:`resample` do.
    """
    return resample(downsampling_matrix(word_times, tr_times, tr, method, window), features)


def check_story(words: Words, n_trs: int, tr: float, start: float = 0.0) -> tuple[str, ...]:
    """Whether a transcript and a recording belong together.

    Parameters
    ----------
    words : Words
    n_trs : int
        Volumes of the recording.
    tr : float
        Seconds from a volume to the next.
    start : float
        Seconds from the story's start to the beginning of the first volume.

    Returns
    -------
    tuple of str
        What a user should know: words that the recording does not cover, or long stretches of
        recording without words.

    Raises
    ------
    InputError
        If there are no words, fewer than two TRs, a TR that cannot be in seconds, times that are
        not finite, or no word inside the recording.
    """
    check_tr(tr)
    name = f"story {words.story!r}"
    if n_trs < 2:
        raise InputError(f"{name}: {n_trs} TR was recorded; at least 2 are needed.")
    if not np.isfinite(start):
        raise InputError(f"{name}: the recording starts at {start}; give the seconds as a number.")
    if not len(words):
        raise InputError(f"{name} has no words; give its transcript, or leave the story out.")
    times = words.midpoints
    if not np.isfinite(times).all():
        raise InputError(
            f"{name}: {int((~np.isfinite(times)).sum())} of {len(words)} words have no finite "
            "time; give each an onset and an offset in seconds."
        )
    return _mismatches(name, words, start, start + n_trs * tr)


def _mismatches(name: str, words: Words, start: float, end: float) -> tuple[str, ...]:
    times = words.midpoints
    early, late = int((times < start).sum()), int((times >= end).sum())
    span = (
        f"the recording runs from {start:.1f} to {end:.1f} s, the words from "
        f"{words.onsets.min():.1f} to {words.seconds:.1f} s"
    )
    if early + late == len(words):
        raise InputError(
            f"{name}: no word falls inside the recording ({span}); check that both belong to the "
            "same story, that times are in seconds, and the recording's start."
        )
    warnings = []
    for n_lost, where in ((early, "before the recording starts"), (late, "after it ends")):
        if n_lost:
            warnings.append(
                f"{name}: {n_lost} of {len(words)} words come {where} and are lost ({span})."
            )
    for silence, where in (
        (words.onsets.min() - start, "before its first word"),
        (end - words.seconds, "after its last word"),
    ):
        if silence > LONGEST_SILENCE:
            warnings.append(f"{name}: {silence:.1f} s were recorded {where} ({span}).")
    return tuple(warnings)


def trim(n_trs: int, head: int = HEAD, tail: int = TAIL) -> NDArray[np.int64]:
    """Rows of a run that are kept: the ends are left out.

    A run's first volumes carry the scanner's and the listener's settling in, and features of a
    story's first and last TRs lack the words beyond them. Five TRs on either side, ten seconds at
    a TR of two, is what studies of stories commonly leave out.

    Parameters
    ----------
    n_trs : int
        Volumes of the run.
    head, tail : int
        Volumes that are left out at its beginning and at its end.

    Returns
    -------
    ndarray of int, shape (n_trs - head - tail,)

    Raises
    ------
    InputError
        If either is negative, or nothing is left.
    """
    if head < 0 or tail < 0:
        raise InputError(f"trimming of {head} and {tail} TRs was asked for; give 0 or more.")
    if head + tail >= n_trs:
        raise InputError(
            f"trimming {head} TRs at the start and {tail} at the end leaves nothing of a run of "
            f"{n_trs}; trim less, or leave the run out."
        )
    return np.arange(head, n_trs - tail, dtype=np.int64)
