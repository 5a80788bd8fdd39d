"""Whether folds leak: features that know nothing but sample order must not predict anything."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

LEVEL = 0.05
FEW_FOLDS = 3
FEW_FOLDS_R = 0.1


def leak_warning(oasm_r: ArrayLike) -> str | None:
    """Say so when OASM scores above chance on the folds of a run.

    Scores are averaged over targets, which are far from independent, and the folds' means are
    compared with zero by Student's one-sided t test. So it speaks up in one honest run out of
    twenty at most; where folds hold out whole stories OASM predicts a constant, scores exactly
    zero and is never reported. With one or two folds, which leave little to test, a mean r above
    0.1 is reported.

    Parameters
    ----------
    oasm_r : array-like of shape (n_folds, n_targets)
        Held-out correlations of OASM, on the folds that the model is scored on. Targets may be
        vertices or regions; NaN is left out.

    Returns
    -------
    str or None
        What was found, what it means and what to do; None when there is nothing to report.

    References
    ----------
    Hadidi, Feghhi, Song, Blank & Kao 2025, Illusions of Alignment Between Large Language Models
    and Brains Emerge From Fragile Methods and Overlooked Confounds.
    """
    scores = np.atleast_2d(np.asarray(oasm_r, dtype=np.float64))
    scores = scores[np.isfinite(scores).any(axis=1)]
    if not len(scores):
        return None
    by_fold = np.nanmean(scores, axis=1)
    mean, n_folds = float(by_fold.mean()), len(by_fold)
    if n_folds < FEW_FOLDS:
        found = f"mean r = {mean:.3f} over {n_folds} fold{'s' if n_folds > 1 else ''}"
        above = mean > FEW_FOLDS_R
    else:
        p = _p_above_zero(by_fold)
        found = f"mean r = {mean:.3f} over {n_folds} folds, one-sided t test over folds p = {p:.2g}"
        above = p < LEVEL
    if not above:
        return None
    return (
        f"These folds leak. OASM, features that know nothing but the order of samples, predicts "
        f"held-out responses above chance ({found}). Held-out samples are like their neighbours "
        "in the training data, so that every score of this run is inflated. Hold out whole "
        "stories or passages; where there is only one, hold out contiguous blocks and widen the "
        "gap around them."
    )


def _p_above_zero(values: np.ndarray) -> float:
    """One-sided p of a mean above zero; values without any spread decide by their sign."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    if error == 0:
        return 0.0 if values.mean() > 0 else 1.0
    return float(stdtr(len(values) - 1, -values.mean() / error))
