"""The runs behind a figure: their rows in the store, their requests, and how to make them again."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pandas as pd
from pydantic import BaseModel, ValidationError

from backend import catalog
from backend.errors import StoreError
from backend.jobs.config import EncodingConfig, StoryConfig
from backend.store.reader import ResultStore

Form = TypeVar("Form", bound=BaseModel)

_STORY_FOLDS = ("contiguous", "shuffled")


@dataclass(frozen=True)
class Run:
    """A run as the store describes it.

    Attributes
    ----------
    row : pandas.Series
        Of the table ``runs``.
    config : EncodingConfig or StoryConfig
        The request that it was computed from.
    baselines : tuple of str
        Those that were fitted on the same folds.
    """

    row: pd.Series
    config: EncodingConfig | StoryConfig
    baselines: tuple[str, ...]

    @property
    def run_id(self) -> str:
        """Its name in the store."""
        return str(self.row["run_id"])


def read_runs(store: ResultStore, run_ids: Iterable[str]) -> list[Run]:
    """Read what the store says of runs.

    Parameters
    ----------
    store : ResultStore
    run_ids : iterable of str

    Returns
    -------
    list of Run
        By data set, model, compression, subject and split, whatever the order of the ids.

    Raises
    ------
    StoreError
        If a run is not in the store, or its request is of a form that this version cannot read.
    """
    wanted = sorted(set(run_ids))
    marks = ", ".join("?" * len(wanted))
    rows = store.query(
        f"""
        SELECT runs.*, list_sort(baselines) AS baselines FROM runs LEFT JOIN (
            SELECT run_id, list(DISTINCT baseline) AS baselines FROM baseline_scores GROUP BY run_id
        ) USING (run_id)
        WHERE run_id IN ({marks or "NULL"})
        ORDER BY dataset, model, compression <> 'none', compression, subject, split, run_id
        """,
        wanted,
    )
    missing = set(wanted) - set(rows["run_id"])
    if missing:
        raise StoreError(f"the store does not hold the run {min(missing)}.")
    return [_run(row) for _, row in rows.iterrows()]


def _run(row: pd.Series) -> Run:
    is_stories = '"kind":"stories"' in str(row["config"]).replace(" ", "")
    named = row["baselines"]
    baselines = () if named is None else tuple(str(name) for name in named)
    config = read_config(row, StoryConfig) if is_stories else read_config(row, EncodingConfig)
    return Run(row, config, baselines)


def read_config(row: pd.Series, form: type[Form]) -> Form:
    """Read the request of a run.

    Parameters
    ----------
    row : pandas.Series
        With run_id, code_version and config (JSON).
    form : type
        Of the request.

    Returns
    -------
    form

    Raises
    ------
    StoreError
        If it is of a form that this version cannot read.
    """
    try:
        return form.model_validate_json(str(row["config"]))
    except ValidationError as error:
        raise StoreError(
            f"the request of the run {row['run_id']} is of a form that this version cannot read "
            f"({error.errors()[0]['msg']}). Use the version that wrote it: {row['code_version']}."
        ) from error


def encode_command(config: EncodingConfig | StoryConfig) -> str:
    """Write the command that computes a run again.

    Parameters
    ----------
    config : EncodingConfig or StoryConfig

    Returns
    -------
    str
        FILE_OR_FOLDER stands for data that do not ship with the project, CALIBRATION_TEXT for a
        text of the user's.
    """
    words = ["python", "-m", "backend", "encode", *_data(config), "--model", config.model]
    if config.compression != "none":
        words += ["--compression", config.compression]
    if config.calibration is not None and not config.calibration.text.startswith("demo-"):
        words += ["--calibration", "CALIBRATION_TEXT"]
    if config.layers is not None:
        words += ["--layers", ",".join(map(str, config.layers))]
    words += ["--pooling", config.pooling, "--split", config.split]
    words += _story_options(config) if isinstance(config, StoryConfig) else _folds(config)
    return shlex.join([*words, "--seed", str(config.seed)])


def story_data(config: StoryConfig) -> list[str]:
    """Write which stories, and whose responses, as options of a command.

    Parameters
    ----------
    config : StoryConfig

    Returns
    -------
    list of str
    """
    ships = config.dataset in catalog.story_datasets()
    place = [] if ships else ["--name", config.dataset]
    return [
        "--dataset", config.dataset if ships else "FILE_OR_FOLDER", *place,
        "--subject", config.subject,
    ]  # fmt: skip


def _data(config: EncodingConfig | StoryConfig) -> list[str]:
    if isinstance(config, StoryConfig):
        return story_data(config)
    entry = catalog.datasets().get(config.dataset)
    if entry is not None and entry.file:
        return ["--dataset", config.dataset]
    words = ["--dataset", "FILE_OR_FOLDER", "--sentence", config.sentence]
    for response in config.responses:
        words += ["--response", response]
    if config.group is not None:
        words += ["--group", config.group]
    if entry is None:
        words += ["--name", config.dataset]
        for response, ceiling in zip(config.responses, config.ceilings, strict=True):
            words += ["--ceiling", f"{response}={ceiling:g}"] if ceiling is not None else []
        words += ["--citation", config.citation]
        words += ["--simulated"] if config.evidence == "simulated" else []
    return words


def _folds(config: EncodingConfig) -> list[str]:
    words = ["--folds", str(config.n_folds)]
    return [*words, "--gap", str(config.gap)] if config.split == "contiguous" else words


def reading_options(config: StoryConfig) -> list[str]:
    """Write how stories were read and brought to TRs, as options of a command.

    Parameters
    ----------
    config : StoryConfig

    Returns
    -------
    list of str
    """
    words = ["--context", str(config.context), "--context-mode", config.context_mode]
    words += ["--downsampling", config.downsampling]
    words += ["--hrf", config.hrf] if config.hrf else ["--delays", _list(config.delays)]
    words += ["--trim", str(config.trim_head), str(config.trim_tail)]
    for story in config.test_stories:
        words += ["--test-story", story]
    return words


def _story_options(config: StoryConfig) -> list[str]:
    words = reading_options(config)
    if config.n_folds is not None:
        words += ["--folds", str(config.n_folds)]
    if config.split in _STORY_FOLDS:
        words += ["--gap", str(config.gap)]
    if config.ceiling is not None:
        words += ["--ceiling-from", config.ceiling]
    words += ["--ceiling-floor", f"{config.ceiling_floor:g}"]
    words += ["--permutations", str(config.permutations), "--targets", config.targets]
    return words


def _list(values: Sequence[int]) -> str:
    return ",".join(map(str, values))
