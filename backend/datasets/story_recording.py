"""Responses of one subject to stories, whatever files they came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from backend.stimuli import Words

Hemisphere = Literal["left", "right", "both"]


@dataclass(frozen=True)
class Region:
    """Targets that are scored together.

    Attributes
    ----------
    name : str
        Shown on the screen, without its hemisphere.
    hemisphere : {"left", "right", "both"}
    targets : ndarray of int
        Indices into the space's targets. Regions may overlap.
    """

    name: str
    hemisphere: Hemisphere
    targets: NDArray[np.int64]


@dataclass(frozen=True)
class Space:
    """Where the targets are: the way from a score back to the brain.

    Attributes
    ----------
    name : str
        ``fsaverage5``, the name of a parcellation, a subject's own space.
    kind : {"surface", "volume", "parcels"}
        Targets of a surface are its vertices, the left hemisphere's first.
    n_targets : int
    regions : tuple of Region
        Never empty: where nothing is known, one region holds every target.
    mask : str or None
        File of the mask whose true voxels are the targets, in C order.
    affine : ndarray of shape (4, 4), or None
        From voxel indices to millimetres.
    transform : str or None
        Name of the transform that ties a volume to its subject's surface.
    """

    name: str
    kind: Literal["surface", "volume", "parcels"]
    n_targets: int
    regions: tuple[Region, ...]
    mask: str | None = None
    affine: NDArray[np.float64] | None = None
    transform: str | None = None


@dataclass(frozen=True)
class StoryRun:
    """One presentation of a story.

    Attributes
    ----------
    story : str
    responses : ndarray of float32, shape (n_trs, n_targets)
        Finite. One row per volume, in order, from the first one that was kept.
    start : float
        Seconds from the story's start to the beginning of the first volume: negative when the
        scanner ran before the story began.
    """

    story: str
    responses: NDArray[np.float32]
    start: float = 0.0


@dataclass(frozen=True)
class StoryRecording:
    """One subject's responses to several stories.

    Attributes
    ----------
    dataset, subject, modality, citation : str
    evidence : {"measured", "simulated"}
    tr : float
        Seconds from a volume to the next.
    stimuli : mapping of str to Words
        The stories by name; each is heard in at least one run.
    runs : tuple of StoryRun
        A story that stands in several of them was repeated.
    space : Space
    ceilings : ndarray of float32, shape (n_targets,), or None
        Noise ceiling (r) of each target where one was given; NaN where it is unknown.
    warnings : tuple of str
        What was put right while reading, to be shown beside the results.
    """

    dataset: str
    subject: str
    modality: str
    citation: str
    evidence: Literal["measured", "simulated"]
    tr: float
    stimuli: Mapping[str, Words]
    runs: tuple[StoryRun, ...]
    space: Space
    ceilings: NDArray[np.float32] | None = None
    warnings: tuple[str, ...] = field(default=())
