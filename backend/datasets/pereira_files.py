"""Subjects' responses of Pereira et al. 2018, from MATLAB files to tables of sentences."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.io
from numpy.typing import NDArray

from backend.errors import InputError

_EXPERIMENTS = ("384sentences", "243sentences")
_NETWORKS = ("languageLH", "languageRH", "MD", "DMN", "visual")
_RESPONSES = ("examples", "examples_passagesentences")
_NEEDED = ("keySentences", "labelsPassageForEachSentence", "meta")


def tabulate_subjects(folder: Path) -> Path:
    """Make a table of each subject whose MATLAB files lie in the folder.

    Parameters
    ----------
    folder : Path
        With ``SUBJECT/examples_384sentences.mat`` and ``SUBJECT/examples_243sentences.mat``.

    Returns
    -------
    Path
        The folder, with a ``SUBJECT.csv`` for each: sentence, passage, and a column for each
        network, the mean of its voxels.

    Raises
    ------
    InputError
        If a file cannot be read or does not hold what it should.
    """
    subjects = sorted({path.parent for path in folder.glob("*/*sentences.mat")})
    for subject in subjects:
        parts = [
            _read(path, experiment)
            for experiment in _EXPERIMENTS
            for path in sorted(subject.glob(f"*_{experiment}.mat"))[:1]
        ]
        # A network that one of the two files lacks is left out.
        table = pd.concat(parts, join="inner", ignore_index=True)
        table.to_csv(folder / f"{subject.name}.csv", index=False)
    return folder


def _read(path: Path, experiment: str) -> pd.DataFrame:
    try:
        content = scipy.io.loadmat(path, simplify_cells=True)
    except (
        OSError, ValueError, TypeError, NotImplementedError, scipy.io.matlab.MatReadError
    ) as error:  # fmt: skip
        raise InputError(
            f"{path.name} cannot be read as a MATLAB file ({str(error)[:120]}); download it again."
        ) from error
    name = next((each for each in _RESPONSES if each in content), None)
    lacking = [each for each in _NEEDED if each not in content]
    if name is None or lacking:
        raise InputError(f"{path.name} lacks {lacking[0] if lacking else _RESPONSES[0]!r}.")
    responses = np.asarray(content[name], dtype=np.float64)
    sentences = [str(each) for each in np.ravel(content["keySentences"])]
    passages = np.ravel(content["labelsPassageForEachSentence"]).astype(int)
    if responses.ndim != 2 or not len(responses) == len(sentences) == len(passages):
        raise InputError(
            f"{path.name} holds responses of shape {responses.shape} to {len(sentences)} sentences "
            f"in passages of {len(passages)}; one row of each is needed."
        )
    means = {
        network: np.nanmean(responses[:, columns], axis=1)
        for network, columns in _networks(content["meta"], responses.shape[1], path).items()
    }
    return pd.DataFrame(
        {
            "sentence": sentences,
            "passage": [f"{experiment.removesuffix('sentences')}-{each}" for each in passages],
            **means,
        }
    )


def _networks(meta: Mapping[str, Any], n_voxels: int, path: Path) -> dict[str, NDArray[np.int64]]:
    """Find the columns of each network that is known, counted from 0."""
    try:
        names = [str(name) for name in np.ravel(meta["atlases"])]
        regions = list(np.atleast_1d(meta["roiColumns"]))
        found = {
            name: np.concatenate([np.ravel(each) for each in np.atleast_1d(regions[at])]).astype(
                np.int64
            )
            - 1
            for at, name in enumerate(names)
            if name in _NETWORKS
        }
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"{path.name}: its meta has no atlases with roiColumns.") from error
    inside = {
        name: columns
        for name, columns in found.items()
        if len(columns) and columns.min() >= 0 and columns.max() < n_voxels
    }
    if not inside:
        raise InputError(f"{path.name} names none of the networks {', '.join(_NETWORKS)}.")
    return inside
