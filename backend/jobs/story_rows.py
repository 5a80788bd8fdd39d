"""A story run's scores as rows of the store."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from backend.datasets.story_recording import Region, Space
from backend.features.baselines import JOINT
from backend.jobs.story_scores import (
    RegionScore,
    Scoreboard,
    SetScores,
    score_region,
    target_regions,
)
from backend.statistics import benjamini_hochberg

Row = dict[str, object]


def roi_rows(run_id: str, board: Scoreboard, space: Space) -> list[Row]:
    """Score every layer in every region and fold.

    Parameters
    ----------
    run_id : str
    board : Scoreboard
    space : Space

    Returns
    -------
    list of dict
        Rows of ``roi_scores``.
    """
    joint = {
        (fold, region.name, region.hemisphere): score.r
        for fold, region, score in _scores(board.baselines[JOINT], board, space)
    }
    return [
        {
            "run_id": run_id,
            "layer": layer,
            "roi": region.name,
            "hemisphere": region.hemisphere,
            "fold": fold,
            "held_out": board.held_out[fold],
            "n_targets": score.n_targets,
            "r": score.r,
            "r_normalized": score.r_normalized,
            "n_normalized": score.n_normalized,
            "ceiling": score.ceiling,
            "baseline_r": joint[fold, region.name, region.hemisphere],
            "unique_r2": score.unique_r2,
        }
        for layer, scores in board.layers.items()
        for fold, region, score in _scores(scores, board, space)
    ]


def baseline_rows(run_id: str, board: Scoreboard, space: Space) -> list[Row]:
    """Score every baseline in every region and fold.

    Parameters
    ----------
    run_id : str
    board : Scoreboard
    space : Space

    Returns
    -------
    list of dict
        Rows of ``baseline_scores``.
    """
    return [
        {
            "run_id": run_id,
            "baseline": name,
            "roi": region.name,
            "hemisphere": region.hemisphere,
            "fold": fold,
            "held_out": board.held_out[fold],
            "r": score.r,
            "r_normalized": score.r_normalized,
        }
        for name, scores in board.baselines.items()
        for fold, region, score in _scores(scores, board, space)
    ]


def target_rows(run_id: str, board: Scoreboard, space: Space) -> list[Row]:
    """Score every target of every layer, over folds.

    Parameters
    ----------
    run_id : str
    board : Scoreboard
    space : Space

    Returns
    -------
    list of dict
        Rows of ``target_scores``; q is the p-value after Benjamini and Hochberg over the targets
        of a layer.
    """
    return [
        {
            "run_id": run_id,
            "layer": layer,
            "space": space.name,
            "r": _listed(scores.r.mean(axis=0)),
            "ceiling": _listed(board.ceilings.single),
            "p": _listed(scores.p),
            "q": None if scores.p is None else _listed(benjamini_hochberg(scores.p)),
            "unique_r2": None
            if scores.unique_r2 is None
            else _listed(scores.unique_r2.mean(axis=0)),
        }
        for layer, scores in board.layers.items()
    ]


def space_row(run_id: str, space: Space) -> Row:
    """Describe where the targets are: the way from a score back to the brain.

    Parameters
    ----------
    run_id : str
    space : Space

    Returns
    -------
    dict
        A row of ``spaces``.
    """
    return {
        "run_id": run_id,
        "space": space.name,
        "kind": space.kind,
        "n_targets": space.n_targets,
        "mask": space.mask,
        "affine": None if space.affine is None else space.affine.ravel().tolist(),
        "transform": space.transform,
        "target_rois": target_regions(space),
    }


def _scores(
    scores: SetScores, board: Scoreboard, space: Space
) -> Iterator[tuple[int, Region, RegionScore]]:
    for fold in range(len(scores.r)):
        for region in space.regions:
            repeats = board.repeats[fold]
            yield fold, region, score_region(scores, fold, region, board.ceilings, repeats)


def _listed(values: NDArray[np.floating] | None) -> NDArray[np.float32] | None:
    return None if values is None else np.asarray(values, dtype=np.float32)
