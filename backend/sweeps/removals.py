"""What the study removes from its models' states of the sentences."""

from collections.abc import Sequence
from pathlib import Path

from backend.features.sources import resolve_model
from backend.jobs.removal_config import RemovalTask
from backend.jobs.removal_request import build_removal_task
from backend.jobs.request import DataChoice
from backend.sweeps.study import TRAINED


def study_removals(
    data: DataChoice, store: Path, models: Sequence[str] | None = None
) -> list[RemovalTask]:
    """List the removals of the study: every phenomenon, every layer past the embeddings.

    Parameters
    ----------
    data : DataChoice
    store : Path
    models : sequence of str, optional
        By default the trained ones, at full precision; random twins hold nothing to remove.

    Returns
    -------
    list of RemovalTask
    """
    names = TRAINED if models is None else [name for name in models if name in TRAINED]
    return [
        build_removal_task(
            data, name, store, range(1, (resolve_model(name).n_layers or 1) + 1), split="contiguous"
        )
        for name in names
    ]
