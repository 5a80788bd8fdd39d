"""Runs of probes and removals behind a figure: their rows, their requests, how to repeat them."""

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from backend import catalog
from backend.exports.runs import read_config, reading_options, story_data
from backend.jobs.config import ProbingConfig
from backend.jobs.removal_config import AnyRemovalConfig, RemovalConfig, StoryRemovalConfig
from backend.store.reader import ResultStore

# Under which option each source of probes is asked for.
_OPTIONS = {
    "holmes": ["--holmes", "FOLDER"],
    "transcript": ["--labels", "FILE"],
    "pairs": ["--pairs", "FILE"],
}


@dataclass(frozen=True)
class Asked:
    """A run of probes, judgements or removals as the store describes it.

    Attributes
    ----------
    row : pandas.Series
        Of the table ``probe_runs`` or ``removal_runs``.
    config : ProbingConfig, RemovalConfig or StoryRemovalConfig
        The request that it was computed from.
    tasks : pandas.DataFrame
        Of probes and judgements: task, phenomenon and n_items; of removals: phenomenon and rank.
    """

    row: pd.Series
    config: ProbingConfig | AnyRemovalConfig
    tasks: pd.DataFrame

    @property
    def run_id(self) -> str:
        """Its name in the store."""
        return str(self.row["run_id"])


def read_asked(store: ResultStore, run_ids: Iterable[str]) -> list[Asked]:
    """Read what the store says of runs of probes and removals; other runs are left out.

    Parameters
    ----------
    store : ResultStore
    run_ids : iterable of str

    Returns
    -------
    list of Asked
        Probes first, then removals; by data set, model and compression.

    Raises
    ------
    StoreError
        If a request is of a form that this version cannot read.
    """
    wanted = sorted(set(run_ids))
    return [
        *_read(store, wanted, "probe_runs", "task, phenomenon, max(n_items) AS n_items",
               "probe_scores", lambda row: ProbingConfig),
        *_read(store, wanted, "removal_runs", "phenomenon, max(rank) AS rank",
               "removal_scores", _removal_form),
    ]  # fmt: skip


def _read(
    store: ResultStore, wanted: list[str], runs: str, columns: str, scores: str,
    form_of: Callable[[pd.Series], type[ProbingConfig | AnyRemovalConfig]],
) -> list[Asked]:  # fmt: skip
    marks = ", ".join("?" * len(wanted)) or "NULL"
    rows = store.query(
        f"""
        SELECT * FROM {runs} WHERE run_id IN ({marks})
        ORDER BY dataset, model, compression <> 'none', compression, run_id
        """,
        wanted,
    )
    tasks = store.query(
        f"SELECT run_id, {columns} FROM {scores} WHERE run_id IN ({marks}) GROUP BY ALL "
        "ORDER BY ALL",
        wanted,
    )
    return [
        Asked(row, read_config(row, form_of(row)), tasks[tasks["run_id"] == row["run_id"]])
        for _, row in rows.iterrows()
    ]


def _removal_form(row: pd.Series) -> type[AnyRemovalConfig]:
    # Only words in a story have a context.
    return StoryRemovalConfig if pd.notna(row["context_length"]) else RemovalConfig


def asked_command(config: ProbingConfig | AnyRemovalConfig) -> str:
    """Write the command that computes a run of probes or removals again.

    Parameters
    ----------
    config : ProbingConfig, RemovalConfig or StoryRemovalConfig

    Returns
    -------
    str
        FILE, FOLDER, FILE_OR_FOLDER and LABELS stand for what does not ship with the project.
    """
    words = ["python", "-m", "backend"]
    words += _probe(config) if isinstance(config, ProbingConfig) else _remove(config)
    words += ["--model", config.model]
    if config.compression != "none":
        words += ["--compression", config.compression]
    if config.layers is not None:
        words += ["--layers", ",".join(map(str, config.layers))]
    return shlex.join(words)


def _probe(config: ProbingConfig) -> list[str]:
    words = ["probe", *_OPTIONS.get(config.source, [])]
    if config.source == "cloze":
        words += ["--cloze"] if config.dataset == "bundled facts" else ["--cloze", "FILE"]
    within = config.story_context
    if within is not None:
        words += ["--context", str(within.context), "--context-mode", within.mode]
        words += ["--pooling", within.pooling]
    elif config.source == "transcript":
        words += ["--context-mode", "sentence"]
    words += ["--tasks", *config.tasks] if config.tasks else []
    if config.source not in ("pairs", "cloze"):
        words += ["--seeds", str(config.n_seeds)]
    return words


def _remove(config: AnyRemovalConfig) -> list[str]:
    if isinstance(config, StoryRemovalConfig):
        words = ["remove", *story_data(config), *reading_options(config)]
        words += ["--labels", "LABELS"] if config.labels else []
    else:
        words = _remove_from_sentences(config)
    words += ["--pooling", config.pooling, "--split", config.split]
    words += ["--phenomena", *config.phenomena]
    return [*words, "--random", str(config.n_random)]


def _remove_from_sentences(config: RemovalConfig) -> list[str]:
    entry = catalog.datasets().get(config.dataset)
    if entry is not None and entry.file:
        words = ["remove", "--dataset", config.dataset]
    else:
        words = ["remove", "--dataset", "FILE", "--sentence", config.sentence]
        words += [word for name in config.responses for word in ("--response", name)]
        words += ["--group", config.group] if config.group else []
        if entry is None:
            words += ["--name", config.dataset, "--citation", config.citation]
            words += ["--simulated"] if config.evidence == "simulated" else []
    return words
