"""Nuisance baselines of a story run, which do not depend on the model."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.encoding.kernel_ridge import KernelFit
from backend.encoding.kernels import level_kernel
from backend.features.baselines import JOINT
from backend.features.story_baselines import NUISANCE, oasm_kernel
from backend.jobs.story_fitter import Fitter
from backend.jobs.story_scores import SetScores

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Nuisance:
    """What the nuisance baselines score, and their joint kernels.

    Attributes
    ----------
    scores : mapping of str to SetScores
        Each alone, and all together as ``JOINT``.
    kernels : tuple of ndarray of shape (n_samples, n_samples)
        Of all together, one per fold.
    fits : tuple of KernelFit
        Of all together, one per fold.
    """

    scores: Mapping[str, SetScores]
    kernels: tuple[Array, ...]
    fits: tuple[KernelFit, ...]


def fit_nuisance(baselines: Mapping[str, Array], fitter: Fitter) -> Nuisance:
    """Fit the baselines that do not depend on the model, each alone and all together.

    Parameters
    ----------
    baselines : mapping of str to ndarray of shape (n_trs, n_dims)
        All but OASM, which the folds make.
    fitter : Fitter

    Returns
    -------
    Nuisance
    """
    folds, design = fitter.folds, fitter.design
    fitter.progress.stage("fitting baselines", (len(baselines) + 2) * len(folds))
    scores = {}
    nuisance: list[Array] = [np.zeros((len(design.rows),) * 2, dtype=np.float32) for _ in folds]
    for name, features in baselines.items():
        scores[name], kernels, _ = fitter.score_baseline(fitter.kernels_of(features), name)
        if name in NUISANCE:
            nuisance = [total + kernel for total, kernel in zip(nuisance, kernels, strict=True)]
    kept = [design.labels.count(story) for story in design.stories]
    scores["oasm"], kernels, _ = fitter.score_baseline(
        lambda index: level_kernel(oasm_kernel(kept, folds[index].train), folds[index].train),
        "oasm",
    )
    nuisance = [total + kernel for total, kernel in zip(nuisance, kernels, strict=True)]
    nuisance = [level_kernel(sum_, fold.train) for sum_, fold in zip(nuisance, folds, strict=True)]
    scores[JOINT], _, fits = fitter.score_baseline(nuisance.__getitem__, JOINT)
    return Nuisance(scores, tuple(nuisance), tuple(fits))
