"""The simulated subjects, and how their responses come about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from backend.cortex.surfaces import N_TARGETS
from backend.demo.drives import N_DIRECTIONS, WordDrives
from backend.demo.fields import CortexMap, cortex_map, smooth_over_cortex
from backend.demo.stories import n_trs, presentations
from backend.encoding.alignment import downsample, tr_midpoints
from backend.encoding.delays import convolve_hrf
from backend.stimuli import Words

Array = NDArray[np.float32]

RATE_SHARE = 0.1
"""Share of speech rate in the signal's variance where a layer drives it."""
MIXING_SPREAD, OWN_MIXING_SPREAD = 0.5, 0.25
"""Standard deviations over the cortex of the weights, whose mean is 1, with which a vertex mixes
a driver's components: of the part that subjects share, and of a subject's own."""
_SHARED_SEED = 20
_BLOCK = 2048


@dataclass(frozen=True)
class Subject:
    """How one subject differs from the others.

    Attributes
    ----------
    seed : int
        Of the noise and of the subject's own mixing weights.
    strength : float
        Factor on all noise ceilings.
    extent : float
        Factor on the size of all fields.
    gain : float
        Standard deviation of every response.
    lag : float
        Seconds by which the response is later than Glover's.
    memory : float
        Correlation of the noise from a TR to the next.
    """

    seed: int
    strength: float
    extent: float
    gain: float
    lag: float
    memory: float

    @property
    def truth(self) -> CortexMap:
        """Where this subject has which signal."""
        return cortex_map(self.strength, self.extent)


SUBJECTS: dict[str, Subject] = {
    "sub-01": Subject(seed=1, strength=1.0, extent=1.0, gain=1.0, lag=0.0, memory=0.4),
    "sub-02": Subject(seed=2, strength=0.95, extent=1.1, gain=1.6, lag=0.5, memory=0.5),
    "sub-03": Subject(seed=3, strength=0.9, extent=0.9, gain=0.7, lag=-0.5, memory=0.45),
}


def simulate_responses(
    subject: Subject, stories: dict[str, Words], drives: Mapping[str, WordDrives], tr: float
) -> Array:
    """Simulate all runs of one subject.

    Parameters
    ----------
    subject : Subject
    stories : dict of str to Words
    drives : mapping of str to WordDrives
    tr : float
        Seconds from a volume to the next.

    Returns
    -------
    ndarray of float32, shape (n_trs of all runs, n_targets)
        In the order of :func:`~backend.demo.stories.presentations`; every run's mean is 0. Over
        all of them, a target's response correlates with its noiseless signal by exactly its noise
        ceiling.
    """
    lengths = [n_trs(stories[story], tr) for story in presentations(stories)]
    responses = _noise(lengths, subject)
    signals = noiseless_signals(subject, stories, drives, tr)
    ceilings = subject.truth.ceilings
    for start in range(0, N_TARGETS, _BLOCK):
        targets = slice(start, start + _BLOCK)
        signal, noise, r = signals[:, targets], responses[:, targets], ceilings[targets]
        noise -= signal * np.mean(signal * noise, axis=0)
        noise /= noise.std(axis=0)
        responses[:, targets] = subject.gain * (r * signal + np.sqrt(1.0 - r**2) * noise)
    return responses


def noiseless_signals(
    subject: Subject, stories: dict[str, Words], drives: Mapping[str, WordDrives], tr: float
) -> Array:
    """Responses without noise.

    Parameters
    ----------
    subject : Subject
    stories : dict of str to Words
    drives : mapping of str to WordDrives
    tr : float
        Seconds from a volume to the next.

    Returns
    -------
    ndarray of float32, shape (n_trs of all runs, n_targets)
        Standardised over all runs, every run's mean being 0; 0 where a target has no signal.
    """
    truth = subject.truth
    weights = _mixing_weights(subject)
    rate = _components(subject, stories, {s: d.rate for s, d in drives.items()}, tr).mean(axis=1)
    rate /= rate.std()
    signals = np.zeros((len(rate), N_TARGETS), dtype=np.float32)
    signals[:, truth.rate] = rate[:, None]
    for layer in next(iter(drives.values())).layers:
        targets = np.flatnonzero(truth.layer == layer)
        of_words = {story: drive.layers[layer] for story, drive in drives.items()}
        mixed = _components(subject, stories, of_words, tr) @ weights[:, targets]
        mixed /= mixed.std(axis=0)
        signal = np.sqrt(1 - RATE_SHARE) * mixed + np.sqrt(RATE_SHARE) * rate[:, None]
        signals[:, targets] = signal / signal.std(axis=0)
    return signals


def _components(
    subject: Subject, stories: dict[str, Words], of_words: Mapping[str, Array], tr: float
) -> Array:
    """Responses to each column of words' drives, standardised over all runs."""
    responses = {}
    for story, words in stories.items():
        times = tr_midpoints(n_trs(words, tr), tr)
        # Words that come later by the lag are words whose response is later by it.
        heard = downsample(of_words[story], words.midpoints + subject.lag, times, tr)
        response = convolve_hrf(heard, tr)
        responses[story] = response - response.mean(axis=0)
    runs = np.concatenate([responses[story] for story in presentations(stories)])
    return runs / runs.std(axis=0)


def _mixing_weights(subject: Subject) -> Array:
    """Weight of each component at each target, shape (n_directions, n_targets)."""
    shape = (N_DIRECTIONS, N_TARGETS)
    shared = _smooth_map(np.random.default_rng(_SHARED_SEED), shape)
    own = _smooth_map(np.random.default_rng([_SHARED_SEED, subject.seed]), shape)
    return 1.0 + MIXING_SPREAD * shared + OWN_MIXING_SPREAD * own


def _noise(lengths: Sequence[int], subject: Subject) -> Array:
    """Noise that is autocorrelated in each run and smooth over the cortex; a run's mean is 0."""
    rng = np.random.default_rng(subject.seed)
    runs = []
    for length in lengths:
        drive = rng.standard_normal((length, N_TARGETS), dtype=np.float32)
        # So that the process is in its long run from the first TR on.
        drive[0] /= np.sqrt(1.0 - subject.memory**2)
        drive = smooth_over_cortex(drive)
        run = lfilter([1.0], np.asarray([1.0, -subject.memory], np.float32), drive, axis=0)
        runs.append((run - run.mean(axis=0)).astype(np.float32))
    return np.concatenate(runs)


def _smooth_map(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    values = smooth_over_cortex(rng.standard_normal(shape, dtype=np.float32))
    return values / values.std(axis=1, keepdims=True)
