"""What a run needs in memory, disk and time on this machine, and what would fit if it does not."""

import shutil
from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path

from backend import catalog
from backend.datasets import SentenceRecording
from backend.errors import ModelError
from backend.features.access import access_problem, hub_cache, is_downloaded
from backend.features.alternatives import Alternative, find_alternatives, resident_footprint
from backend.features.footprint import FLOAT32, Footprint, is_packed, weight_bytes
from backend.features.memory import (
    MemoryNeed,
    choose_device_kind,
    free_memory,
    memory_need,
    states_bytes,
)
from backend.features.sources import ModelSource, resolve_model
from backend.jobs.config import AnyTask, StoryTask, Task
from backend.jobs.cost import Cost, sentence_cost
from backend.jobs.stories import StoryChoice
from backend.jobs.story_cost import story_cost
from backend.paths import cache_folder
from backend.store.reader import ResultStore

BATCH_TOKENS = {"cpu": 1024, "cuda": 4096}
"""Tokens whose states, in every layer, are held at once."""


@dataclass(frozen=True)
class DiskNeed:
    """Bytes that a run writes, and that are free where it writes them.

    Attributes
    ----------
    download : float or None
        From the hub; 0 where its files are here, None where their size is not known.
    copy : float
        Of the model as it is compressed, or drawn at random; at most, since it may be there.
    states : float or None
        In the cache of states; None where they are not known.
    free : float
    """

    download: float | None
    copy: float
    states: float | None
    free: float

    @property
    def total(self) -> float:
        """Bytes that are known of."""
        return (self.download or 0.0) + self.copy + (self.states or 0.0)


@dataclass(frozen=True)
class Plan:
    """What a run needs on this machine.

    Attributes
    ----------
    model, compression : str
    device : {"cpu", "cuda"}
    memory : MemoryNeed or None
        On the device; None for a model that has to be downloaded to be known.
    free : float
        Bytes of memory that are free on the device.
    disk : DiskNeed
    cost : Cost
        Time, where it comes from, and the number of fits.
    problem : str or None
        Why the run cannot be started here, and what could; None where it can.
    alternatives : tuple of Alternative
        What would fit, where memory is what is missing.
    """

    model: str
    compression: str
    device: str
    memory: MemoryNeed | None
    free: float
    disk: DiskNeed
    cost: Cost
    problem: str | None
    alternatives: tuple[Alternative, ...] = ()

    def require(self) -> None:
        """Refuse a run that cannot be started here.

        Raises
        ------
        ModelError
        """
        if self.problem is not None:
            raise ModelError(self.problem)


def plan_run(task: AnyTask, data: SentenceRecording | StoryChoice, store: ResultStore) -> Plan:
    """Plan a run without loading its model, its responses or torch.

    Parameters
    ----------
    task : Task or StoryTask
    data : SentenceRecording or StoryChoice
        What the task was made of.
    store : ResultStore
        Whose runs tell how long such a run takes.

    Returns
    -------
    Plan
    """
    source = resolve_model(task.model_name)
    footprint = resident_footprint(source)
    n_weights = None if footprint is None else footprint.weights.total
    cost = _cost(data, task, source, n_weights, store)
    device = choose_device_kind(task.device)
    work = _work(cost, source, device)
    memory = None if footprint is None else _memory(footprint, task, device, work)
    free = free_memory(device)
    disk = _disk(source, footprint, task, cost)
    lacking = memory is not None and memory.needed >= free
    alternatives = find_alternatives(source, task.config.compression, free, work) if lacking else ()
    problem = access_problem(source)
    if problem is None and lacking and memory is not None:
        problem = _too_large(source, task, memory, free, device, alternatives)
    if problem is None and disk.total >= disk.free:
        problem = _disk_full(source, disk)
    return Plan(
        source.name, task.config.compression, device, memory, free, disk, cost, problem,
        alternatives,
    )  # fmt: skip


@singledispatch
def _cost(
    data: object, task: AnyTask, source: ModelSource, n_weights: int | None, store: ResultStore
) -> Cost:
    raise TypeError(f"data of type {type(data).__name__}; give a SentenceRecording or StoryChoice")


@_cost.register
def _(
    data: SentenceRecording, task: Task, source: ModelSource, n_weights: int | None,
    store: ResultStore,
) -> Cost:  # fmt: skip
    return sentence_cost(task.config, source, n_weights, data, store)


@_cost.register
def _(
    data: StoryChoice, task: StoryTask, source: ModelSource, n_weights: int | None,
    store: ResultStore,
) -> Cost:  # fmt: skip
    return story_cost(task.config, source, n_weights, data, store)


def _work(cost: Cost, source: ModelSource, device: str) -> float:
    """Bytes held beside the weights: of the fits, and of the states of one pass."""
    if source.n_layers is None or source.width is None:
        return cost.memory_bytes
    states = states_bytes(source.n_layers, source.width, BATCH_TOKENS[device])
    # On a GPU the states are there, and the fits in the machine's memory.
    return states + (cost.memory_bytes if device == "cpu" else 0.0)


def _memory(footprint: Footprint, task: AnyTask, device: str, work: float) -> MemoryNeed:
    compression = task.config.compression
    if device == "cpu":
        return memory_need(footprint, compression, work)
    on_device = weight_bytes(footprint.weights, compression) + work
    return MemoryNeed(on_device, on_device)


def _disk(source: ModelSource, footprint: Footprint | None, task: AnyTask, cost: Cost) -> DiskNeed:
    download: float | None = 0.0
    if not is_downloaded(source):
        # Of a random twin only the configuration and the tokenizer come, a few megabytes.
        download = 0.0 if source.random else None if footprint is None else footprint.file_bytes
    free = min(_free_disk(folder) for folder in (cache_folder(), hub_cache()))
    return DiskNeed(download, _copy_bytes(source, footprint, task), cost.disk_bytes, free)


def _copy_bytes(source: ModelSource, footprint: Footprint | None, task: AnyTask) -> float:
    """Bytes of the copies of the model that are written before it is read."""
    if footprint is None:
        return 0.0
    compression = task.config.compression
    total = FLOAT32 * footprint.weights.total
    drawn = total if source.random else 0.0
    if compression == "none" or is_packed(compression):
        return drawn
    bits = catalog.compressions()[compression].nominal_bits
    return drawn + total - (FLOAT32 - bits / 8) * footprint.weights.linear


def _free_disk(folder: Path) -> float:
    """Bytes that are free on the disk of a folder that may not be there yet."""
    while not folder.exists():
        folder = folder.parent
    return float(shutil.disk_usage(folder).free)


def _too_large(
    source: ModelSource,
    task: AnyTask,
    memory: MemoryNeed,
    free: float,
    device: str,
    alternatives: tuple[Alternative, ...],
) -> str:
    fitting = (
        f"What fits: {', '.join(map(str, alternatives))}."
        if alternatives
        else "No compression of it fits, nor a smaller model of its family; free memory, choose "
        "another model, or use a larger machine."
    )
    return (
        f"{source.name} with compression {task.config.compression} needs {memory.needed / 1e9:.1f} "
        f"GB of memory, and {free / 1e9:.1f} GB are free on {device}. Nothing was loaded. {fitting}"
    )


def _disk_full(source: ModelSource, disk: DiskNeed) -> str:
    return (
        f"a run of {source.name} writes {disk.total / 1e9:.1f} GB, and {disk.free / 1e9:.1f} GB of "
        "disk are free. Make room, or name other folders with the environment variables "
        "CORTEXSCALE_CACHE and HF_HOME."
    )
