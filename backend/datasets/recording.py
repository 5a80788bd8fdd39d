"""Responses to a stimulus, whatever file they came from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.stimuli import Sentences


@dataclass(frozen=True)
class SentenceRecording:
    """One response per sentence and target.

    Attributes
    ----------
    sentences : Sentences
        The stimulus, in presentation order.
    responses : ndarray of float32, shape (n_sentences, n_targets)
        Finite, and not constant in any target.
    targets : tuple of str
        Column name of each target.
    """

    sentences: Sentences
    responses: NDArray[np.float32]
    targets: tuple[str, ...]
