"""A request for removals: checked, and made ready to be computed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from backend.encoding.folds import Split
from backend.errors import InputError
from backend.jobs.config import RemovalConfig, RemovalTask
from backend.jobs.request import DataChoice, build_task, first_problem
from backend.probing.bundled import bundled_sha256
from backend.probing.tasks import PHENOMENA

LEAST_DRAWS = 2


def build_removal_task(
    data: DataChoice,
    model: str,
    store: Path,
    layers: Sequence[int],
    *,
    phenomena: Sequence[str] = PHENOMENA,
    n_random: int = 5,
    compression: str = "none",
    split: Split | None = None,
    citation: str | None = None,
    simulated: bool = False,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> RemovalTask:
    """Check what is to be removed from which states, and make the task that measures it.

    Parameters
    ----------
    data : DataChoice
    model : str
        Catalogue name, folder or hub name.
    store : Path
    layers : sequence of int
        0 is the embedding output.
    phenomena : sequence of str
        Each is taken out by itself.
    n_random : int
        Draws of random directions.
    compression, split, citation, simulated, device
        As in :func:`backend.jobs.request.build_task`.

    Returns
    -------
    RemovalTask

    Raises
    ------
    InputError
        If the table, a layer, a phenomenon or the number of draws cannot be used.
    ModelError
        If there is no such model, or the compression cannot be used on it.
    """
    unknown = [name for name in phenomena if name not in PHENOMENA]
    if unknown:
        raise InputError(
            f"there is no phenomenon {unknown[0]!r}; accepted are {', '.join(PHENOMENA)}."
        )
    if n_random < LEAST_DRAWS:
        raise InputError(f"{n_random} random draws were asked for; ask for two or more.")
    base, _ = build_task(
        data, model, store, compression=compression, layers=layers, split=split,
        citation=citation, simulated=simulated, device=device,
    )  # fmt: skip
    stated = base.config.model_dump()
    try:
        config = RemovalConfig(
            **stated,
            phenomena=tuple(name for name in PHENOMENA if name in phenomena),
            tasks_sha256=bundled_sha256(),
            n_random=n_random,
        )
    except ValidationError as error:
        raise InputError(first_problem(error)) from error
    return RemovalTask(config=config, **base.model_dump(exclude={"config"}))
