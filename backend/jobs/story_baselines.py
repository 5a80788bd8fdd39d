"""Baselines of one story at its TRs, beside the model's features."""

import numpy as np
from numpy.typing import NDArray

from backend.encoding.alignment import (
    WINDOW,
    Method,
    downsampling_matrix,
    resample,
    tr_midpoints,
)
from backend.features import story_baselines as sets
from backend.stimuli import Words


def story_baselines(
    words: Words,
    n_trs: int,
    tr: float,
    start: float = 0.0,
    method: Method = "lanczos",
    *,
    window: int = WINDOW,
    language: str = "en",
    phonemes: bool | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Build every nuisance baseline of a story but OASM, which spans stories.

    Parameters
    ----------
    words : Words
    n_trs : int
        Volumes of the recording, none trimmed.
    tr : float
        Seconds from a volume to the next.
    start : float
        Seconds from the story's start to the beginning of the first volume.
    method : {"lanczos", "mean", "sum", "last"}
        As of the model's features, so that both are on the same footing. Rates are numbers per
        TR, which the mean and the last word are not; they are summed where the model's features
        are not filtered.
    window : int
        Lobes of the Lanczos kernel.
    language : str
        Of the word frequencies.
    phonemes : bool, optional
        Whether the rate of sounds counts phonemes or letters; phonemes where this story's
        transcript has them. The stories of a recording need the same sets, since their rows are
        joined: with several, give ``have_phonemes`` of all.

    Returns
    -------
    dict of str to ndarray of float32, shape (n_trs, n_dims)
        By the names of :data:`backend.features.story_baselines.NUISANCE`, in their order, without
        ``oasm`` and with one of ``phoneme-rate`` and ``letter-rate``. They are delayed as the
        model's features are.

    Raises
    ------
    InputError
        If times or the TR are impossible, the language has no word list, or phonemes are asked
        for and not there.
    """
    trs = tr_midpoints(n_trs, tr, start)
    as_model = downsampling_matrix(words.midpoints, trs, tr, method, window)
    as_rate = (
        as_model
        if method == "lanczos"
        else downsampling_matrix(words.midpoints, trs, tr, "sum", window)
    )
    if phonemes is None:
        phonemes = sets.have_phonemes([words])
    rate = ("phoneme-rate", sets.phoneme_rate) if phonemes else ("letter-rate", sets.letter_rate)
    pauses = resample(as_model, sets.silence_before(words))
    return {
        "word-rate": resample(as_rate, sets.word_rate(words)),
        rate[0]: resample(as_rate, rate[1](words)),
        "word-length": resample(as_model, sets.word_length(words)),
        "frequency": resample(as_model, sets.frequency(words, language)),
        "position": sets.position(words, trs, tr),
        "pauses": np.hstack([pauses, sets.silent_share(words, trs, tr)]),
    }
