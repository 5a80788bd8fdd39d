"""Features of every TR of a story run: the model's layers, and the baselines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.datasets.story_recording import StoryRecording
from backend.encoding.alignment import downsampling_matrix, resample, tr_midpoints
from backend.encoding.delays import convolve_hrf
from backend.features.baselines import STATIC
from backend.features.cache import StateCache, StoryStates
from backend.features.contexts import ContextSettings
from backend.features.loading import LoadedModel
from backend.features.story_baselines import have_phonemes
from backend.features.story_states import extract_story_states, static_word_embeddings
from backend.jobs.config import StoryConfig
from backend.jobs.progress import Progress
from backend.jobs.story_baselines import story_baselines
from backend.jobs.story_design import StoryDesign

Array = NDArray[np.float32]


@dataclass(frozen=True)
class StoryAxis:
    """The way of each story from words to TRs, computed once and used for every layer.

    Attributes
    ----------
    matrices : mapping of str to scipy.sparse.csr_matrix
        Of shape (n_trs, n_words), by story, in the design's order.
    tr : float
        Seconds from a volume to the next.
    hrf : {"glover", "spm"} or None
        Response function that features are convolved with; None where they are delayed instead.
    """

    matrices: Mapping[str, Any]
    tr: float
    hrf: Any

    @classmethod
    def of(cls, recording: StoryRecording, design: StoryDesign, config: StoryConfig) -> "StoryAxis":
        """Build the matrices of a recording's stories."""
        matrices = {}
        for story, n_trs, start in zip(design.stories, design.lengths, design.starts, strict=True):
            matrices[story] = downsampling_matrix(
                recording.stimuli[story].midpoints,
                tr_midpoints(n_trs, recording.tr, start),
                recording.tr,
                config.downsampling,
            )
        return cls(matrices, recording.tr, config.hrf)

    def join(self, words_of: Callable[[str], NDArray[Any]]) -> Array:
        """Take features of words to the TRs of all stories.

        Parameters
        ----------
        words_of : callable
            Given a story, its features of shape (n_words, n_dims).

        Returns
        -------
        ndarray of float32, shape (n_trs, n_dims)
            Story after story, none trimmed.
        """
        return np.concatenate(
            [
                self.respond(resample(matrix, words_of(story)))
                for story, matrix in self.matrices.items()
            ]
        )

    def respond(self, features: Array) -> Array:
        """Convolve one story's features of shape (n_trs, n_dims), where an HRF was asked for."""
        return features if self.hrf is None else convolve_hrf(features, self.tr, self.hrf)


def extract_stories(
    loaded: LoadedModel,
    recording: StoryRecording,
    design: StoryDesign,
    config: StoryConfig,
    cache: StateCache,
    progress: Progress,
) -> dict[str, StoryStates]:
    """Read every story, from the cache where it was read before.

    Parameters
    ----------
    loaded : LoadedModel
    recording : StoryRecording
    design : StoryDesign
    config : StoryConfig
    cache : StateCache
    progress : Progress
        Advanced by words.

    Returns
    -------
    dict of str to StoryStates
    """
    settings = ContextSettings(config.context, config.context_mode, config.pooling)
    progress.stage("reading stories", sum(len(recording.stimuli[s]) for s in design.stories))
    states = {}
    for story in design.stories:
        progress.note(story)
        words = recording.stimuli[story]
        states[story] = extract_story_states(loaded, words, settings, cache, progress.advance)
    return states


def layer_features(states: Mapping[str, StoryStates], layer: int, axis: StoryAxis) -> Array:
    """Take one layer's states to the TRs of all stories.

    Parameters
    ----------
    states : mapping of str to StoryStates
    layer : int
    axis : StoryAxis

    Returns
    -------
    ndarray of float32, shape (n_trs, n_dims)
    """
    return axis.join(lambda story: word_states(states[story], layer))


def word_states(states: StoryStates, layer: int) -> NDArray[np.floating]:
    """Read one layer's states of a story's words as the model gave them.

    Parameters
    ----------
    states : StoryStates
    layer : int

    Returns
    -------
    ndarray of float, shape (n_words, n_dims)
        Mapped, unless they were scaled.
    """
    # A layer that was too large for half precision was scaled, in each story by its own factor.
    stored = states.layer(layer)
    scale = states.scales[layer]
    return stored if scale == 1.0 else stored.astype(np.float32) / scale


def baseline_features(
    loaded: LoadedModel,
    recording: StoryRecording,
    design: StoryDesign,
    config: StoryConfig,
    axis: StoryAxis,
) -> dict[str, Array]:
    """Build the baselines that the model has to beat, but OASM, at the TRs of all stories.

    Parameters
    ----------
    loaded : LoadedModel
        For its static embeddings.
    recording : StoryRecording
    design : StoryDesign
    config : StoryConfig
    axis : StoryAxis

    Returns
    -------
    dict of str to ndarray of float32, shape (n_trs, n_dims)
        The static embedding last.
    """
    phonemes = have_phonemes(recording.stimuli[story] for story in design.stories)
    parts: dict[str, list[Array]] = {}
    for story, n_trs, start in zip(design.stories, design.lengths, design.starts, strict=True):
        sets = story_baselines(
            recording.stimuli[story],
            n_trs,
            recording.tr,
            start,
            config.downsampling,
            phonemes=phonemes,
        )
        for name, values in sets.items():
            parts.setdefault(name, []).append(axis.respond(values))
    joined = {name: np.concatenate(values) for name, values in parts.items()}
    joined[STATIC] = axis.join(
        lambda story: static_word_embeddings(loaded, recording.stimuli[story])
    )
    return joined
