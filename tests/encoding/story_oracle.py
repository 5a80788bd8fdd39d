"""Story regressions with the delayed design held and himalaya as the solver."""

from collections.abc import Sequence

import numpy as np
from himalaya.backend import set_backend
from himalaya.kernel_ridge import KernelRidgeCV
from himalaya.ridge import RidgeCV

from backend.encoding.delays import delay
from backend.encoding.folds import Fold
from backend.encoding.ridge import standardise


def explicit_design(
    features: np.ndarray,
    lengths: Sequence[int],
    delays: Sequence[int],
    rows: np.ndarray,
    train: np.ndarray,
    scaling: str = "each",
) -> np.ndarray:
    """Standardise by the training rows, delay inside each story, keep ``rows``."""
    values = np.asarray(features, dtype=np.float32)
    _, scaled = standardise(values[rows[train]], values, scaling)
    stories = np.split(scaled, np.cumsum(lengths)[:-1])
    return np.concatenate([delay(story, delays) for story in stories])[rows]


def himalaya_fit(
    kind: str, design: np.ndarray, responses: np.ndarray, fold: Fold, alphas: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Held-out predictions and alphas by KernelRidgeCV ("kernel") or RidgeCV ("primal")."""
    estimator = {"kernel": KernelRidgeCV, "primal": RidgeCV}[kind]
    set_backend("numpy")
    # In 64 bits, so that the oracle itself does not round.
    x = design.astype(np.float64)
    y = responses.astype(np.float64)
    mean = y[fold.train].mean(axis=0)
    options = {"solver_params": {"warn": False}} if kind == "primal" else {"warn": False}
    model = estimator(alphas=np.asarray(alphas, float), cv=list(fold.inner), **options)
    model.fit(x[fold.train], y[fold.train] - mean)
    return model.predict(x[fold.test]) + mean, model.best_alphas_
