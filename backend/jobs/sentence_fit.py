"""Ridge fits of a run on sentences: baselines, and layers beside them, on the same folds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from backend.datasets import SentenceRecording
from backend.encoding.banded import BandedFold, BandKernels
from backend.encoding.folds import Fold
from backend.encoding.parallel import map_parallel
from backend.encoding.ridge import fit_predict
from backend.encoding.scores import pearson_r, r2
from backend.features import baselines
from backend.jobs.progress import Progress

Array = NDArray[np.float32]
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class FoldScores:
    """Scores [n_folds, n_targets] of one feature set."""

    r: Array
    r2: Array


@dataclass(frozen=True)
class Baselines:
    """What the baselines score, and the joint models that layers are added to."""

    scores: Mapping[str, FoldScores]
    joint: tuple[BandedFold, ...]


def fit_nuisance(
    recording: SentenceRecording, folds: Sequence[Fold], progress: Progress
) -> Baselines:
    """Fit each nuisance baseline alone, and all of them together.

    Parameters
    ----------
    recording : SentenceRecording
    folds : sequence of Fold
    progress : Progress
        Advanced once per feature set and fold.

    Returns
    -------
    Baselines
        The same for every model.
    """
    responses = recording.responses
    features = {name: build(recording.sentences) for name, build in baselines.NUISANCE.items()}
    scores = {
        name: _score_baseline(name, values, responses, folds, progress)
        for name, values in features.items()
    }

    def join(fold: Fold) -> BandedFold:
        model = BandedFold(responses, fold)
        for name, values in features.items():
            model = model.extend(BandKernels.of(values, fold, baselines.scaling_of(name)))
        return model

    joint = _in_parallel(join, folds, progress)
    scores[baselines.JOINT] = score_folds([model.predict() for model in joint], responses, folds)
    return Baselines(scores, tuple(joint))


def with_static(
    nuisance: Baselines,
    recording: SentenceRecording,
    static: Array,
    folds: Sequence[Fold],
    progress: Progress,
) -> Baselines:
    """Fit a model's word embeddings without context beside the nuisance baselines.

    Parameters
    ----------
    nuisance : Baselines
    recording : SentenceRecording
    static : ndarray of shape (n_sentences, n_dims)
    folds : sequence of Fold
    progress : Progress
        Advanced once per fold.

    Returns
    -------
    Baselines
    """
    name = baselines.STATIC
    of_static = _score_baseline(name, static, recording.responses, folds, progress)
    return Baselines({**nuisance.scores, name: of_static}, nuisance.joint)


def _score_baseline(
    name: str, values: Array, responses: Array, folds: Sequence[Fold], progress: Progress
) -> FoldScores:
    fit = partial(fit_predict, values, responses, scaling=baselines.scaling_of(name))
    return score_folds(_in_parallel(fit, folds, progress), responses, folds)


def _in_parallel(
    fit: Callable[[Item], Result], items: Sequence[Item], progress: Progress
) -> list[Result]:
    results = []
    for result in map_parallel(fit, items):
        results.append(result)
        progress.advance()
    return results


def fit_layer(
    features: Array, responses: Array, folds: Sequence[Fold], base: Baselines, progress: Progress
) -> tuple[FoldScores, Array]:
    """Fit one layer alone, and together with the nuisance baselines.

    Parameters
    ----------
    features : ndarray of shape (n_sentences, n_dims)
    responses : ndarray of shape (n_sentences, n_targets)
    folds : sequence of Fold
    base : Baselines
        Fitted on the same folds.
    progress : Progress
        Advanced once per fold.

    Returns
    -------
    tuple of (FoldScores, ndarray of shape (n_folds, n_targets))
        Scores of the layer alone, and its unique R2: what adding it to the nuisance baselines
        adds to their held-out R2.
    """

    def fit(nuisance: BandedFold) -> tuple[Array, Array]:
        together = nuisance.extend(BandKernels.of(features, nuisance.fold))
        return fit_predict(features, responses, nuisance.fold), together.predict()

    alone, together = zip(*_in_parallel(fit, base.joint, progress), strict=True)
    joint = score_folds(together, responses, folds)
    unique = joint.r2 - base.scores[baselines.JOINT].r2
    return score_folds(alone, responses, folds), unique


def score_folds(predicted: Sequence[Array], responses: Array, folds: Sequence[Fold]) -> FoldScores:
    """Score held-out predictions fold by fold.

    Parameters
    ----------
    predicted : sequence of ndarray of shape (n_test, n_targets)
        One per fold.
    responses : ndarray of shape (n_sentences, n_targets)
    folds : sequence of Fold

    Returns
    -------
    FoldScores
    """
    pairs = [(p, responses[fold.test]) for p, fold in zip(predicted, folds, strict=True)]
    return FoldScores(
        r=np.stack([pearson_r(p, y) for p, y in pairs]), r2=np.stack([r2(p, y) for p, y in pairs])
    )
