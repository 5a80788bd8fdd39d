"""The same models by scikit-learn, in 64 bits and without a shortcut."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import pearsonr
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from backend.encoding.folds import Fold
from backend.encoding.parallel import map_parallel


def grid_search(
    features: np.ndarray, response: np.ndarray, fold: Fold, alphas: Sequence[float]
) -> tuple[float, np.ndarray]:
    """Choose alpha for one target on the inner folds; return it and the held-out prediction."""
    pipeline = Pipeline([("scale", StandardScaler()), ("ridge", Ridge())])
    search = GridSearchCV(
        pipeline, {"ridge__alpha": list(alphas)}, cv=list(fold.inner), scoring="r2"
    )
    x = features.astype(np.float64)
    search.fit(x[fold.train], response[fold.train].astype(np.float64))
    return search.best_params_["ridge__alpha"], search.predict(x[fold.test])


def correlations(
    features: np.ndarray, responses: np.ndarray, folds: Sequence[Fold], alphas: Sequence[float]
) -> np.ndarray:
    """Held-out r by GridSearchCV, [n_folds, n_targets]."""

    def of_fold(fold: Fold) -> list[float]:
        predicted = [grid_search(features, y, fold, alphas)[1] for y in responses.T]
        return [pearsonr(p, y[fold.test])[0] for p, y in zip(predicted, responses.T, strict=True)]

    return np.array(list(map_parallel(of_fold, folds)))


def dense_bands(
    bands: Sequence[np.ndarray],
    response: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    alphas: Sequence[float],
) -> np.ndarray:
    """Banded ridge of one target: bands scaled by 1 / sqrt(alpha), then Ridge(alpha=1)."""
    scalers = [StandardScaler().fit(band[train].astype(np.float64)) for band in bands]
    scaled = np.hstack(
        [
            scaler.transform(band.astype(np.float64)) / np.sqrt(alpha)
            for scaler, band, alpha in zip(scalers, bands, alphas, strict=True)
        ]
    )
    model = Ridge(alpha=1.0).fit(scaled[train], response[train].astype(np.float64))
    return model.predict(scaled[test])


def greedy_alphas(
    bands: Sequence[np.ndarray], response: np.ndarray, fold: Fold, alphas: Sequence[float]
) -> list[float]:
    """Choose one target's alphas, band after band, by trying each."""
    chosen: list[float] = []
    inside = [band[fold.train] for band in bands]
    y = response[fold.train]
    for n_bands in range(1, len(bands) + 1):
        scores = [
            np.mean(
                [
                    r2_score(
                        y[test],
                        dense_bands(inside[:n_bands], y, train, test, [*chosen, alpha]),
                    )
                    for train, test in fold.inner
                ]
            )
            for alpha in alphas
        ]
        chosen.append(alphas[int(np.argmax(scores))])
    return chosen
