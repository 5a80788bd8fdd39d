"""Variance partitioning by banded ridge, through himalaya."""

import numpy as np
from himalaya.backend import set_backend
from himalaya.kernel_ridge import (
    predict_weighted_kernel_ridge,
    solve_multiple_kernel_ridge_random_search,
)

from backend.encoding.scores import r2


def unique_variance(kernels, what, responses, fold, alphas):
    names = list(kernels)
    y = responses[fold.train]
    mean = y.mean(axis=0)

    def held_out(chosen):
        ks = np.stack([kernels[n][np.ix_(fold.train, fold.train)] for n in chosen])
        new = np.stack([kernels[n][np.ix_(fold.test, fold.train)] for n in chosen])
        w = np.array([0.02, 0.1, 0.3, 0.7, 0.9, 0.98])
        gammas = np.ones((1, 1)) if len(chosen) == 1 else np.stack([w, 1 - w], axis=1)
        set_backend("numpy")
        deltas, dual, _ = solve_multiple_kernel_ridge_random_search(
            ks,
            y - mean,
            n_iter=gammas.astype(np.float32),
            alphas=np.asarray(alphas, dtype=np.float32),
            cv=__import__("sklearn.model_selection").model_selection.check_cv(list(fold.inner)),
            return_weights="dual",
            progress_bar=False,
            n_targets_batch=2000,
            n_alphas_batch=5,
            n_targets_batch_refit=500,
            local_alpha=True,
        )
        return predict_weighted_kernel_ridge(new, dual, deltas) + mean

    others = [n for n in names if n != what]
    test = responses[fold.test]
    return r2(held_out(names), test) - r2(held_out(others), test)
