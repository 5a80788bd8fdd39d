"""What a sweep has to do here and what that takes, before anything is computed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backend.errors import CortexScaleError, InputError
from backend.features.sources import resolve_model
from backend.jobs.config import AnyTask, StoryTask
from backend.jobs.planner import DiskNeed, Plan, plan_run
from backend.paths import PRECOMPUTED
from backend.store.reader import ResultStore
from backend.store.schema import RUN_TABLES
from backend.store.shard_files import find_shards
from backend.sweeps.cells import Cell, SweepTasks, against, lay_out
from backend.sweeps.config import Sweep
from backend.sweeps.graph import Piece, Wanted, lay_graph

# Of a shard, per score: a score in four bytes, and what is said beside it, compressed.
_SHARD_BYTES = 16.0
_SHARD_BASE = 40_000.0


@dataclass(frozen=True)
class Layout:
    """A sweep against a store: what is there, what is wanted, what cannot be.

    Attributes
    ----------
    sweep : Sweep
    n_cells : int
    there : tuple of str
        Ids of the runs that the store has.
    wanted : tuple of Wanted
        What matters most first.
    left_out : mapping of str to str
        Cells whose compression does not apply to their model, and why.
    wrong : mapping of str to str
        Cells that cannot be asked for, and why.
    pieces : tuple of Piece
    """

    sweep: Sweep
    n_cells: int
    there: tuple[str, ...]
    wanted: tuple[Wanted, ...]
    left_out: Mapping[str, str]
    wrong: Mapping[str, str]
    pieces: tuple[Piece, ...]


@dataclass
class SweepCost:
    """What a sweep takes.

    Attributes
    ----------
    seconds : float
        Of one worker, for what is known.
    n_unknown : int
        Runs of which nothing tells how long they take.
    device : str
    download, copies, states, shards : float
        Bytes; each thing counted once, however many runs use it.
    n_unknown_size : int
        Models whose download is not known in size.
    free : float
        Bytes of disk.
    problems : dict of str to str
        Runs that this machine cannot do, and why; a larger one may.
    """

    seconds: float = 0.0
    n_unknown: int = 0
    device: str = "cpu"
    download: float = 0.0
    copies: float = 0.0
    states: float = 0.0
    shards: float = 0.0
    n_unknown_size: int = 0
    free: float = float("inf")
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def disk(self) -> float:
        """Bytes that are written."""
        return self.download + self.copies + self.states + self.shards

    def require(self, name: str) -> None:
        """Refuse a sweep that is larger than the disk.

        Raises
        ------
        InputError
        """
        if self.disk >= self.free:
            raise InputError(
                f"the sweep {name} writes {self.disk / 1e9:.1f} GB (downloads "
                f"{self.download / 1e9:.1f}, compressed models {self.copies / 1e9:.1f}, states "
                f"{self.states / 1e9:.1f}, results {self.shards / 1e9:.1f}), and "
                f"{self.free / 1e9:.1f} GB of disk are free. Make room, name other folders with "
                "CORTEXSCALE_CACHE and HF_HOME, or split the sweep."
            )


def lay_against(sweep: Sweep, store: Path, n_workers: int = 1) -> tuple[Layout, SweepTasks]:
    """Compare a sweep with a store.

    Parameters
    ----------
    sweep : Sweep
    store : Path
    n_workers : int
        That there will be: runs that are fewer are cut into blocks of layers.

    Returns
    -------
    tuple of (Layout, SweepTasks)
        The latter has looked at the data.

    Raises
    ------
    InputError
        With every data set, subject and model that is not there.
    """
    cells, tasks = lay_out(sweep), SweepTasks(store)
    shards = find_shards(store)
    whole = set.intersection(*(set(shards[name]) for name in RUN_TABLES))
    there: list[str] = []
    wanted: list[Wanted] = []
    left_out: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for cell in cells:
        try:
            reason = against(cell)
            if reason is not None:
                left_out[cell.title] = reason
                continue
            task = tasks.task(cell)
        except CortexScaleError as error:
            wrong[cell.title] = str(error)
            continue
        if task.config.run_id in whole:
            there.append(task.config.run_id)
        else:
            wanted.append(Wanted(cell, task, _stories(cell, tasks), _layers(task)))
    pieces = tuple(lay_graph(wanted, n_workers))
    layout = Layout(sweep, len(cells), tuple(there), tuple(wanted), left_out, wrong, pieces)
    return layout, tasks


def cost_of(layout: Layout, tasks: SweepTasks, store: Path) -> SweepCost:
    """Reckon what is wanted, from runs of the same kind that the store remembers.

    Parameters
    ----------
    layout : Layout
    tasks : SweepTasks
        That made its tasks.
    store : Path

    Returns
    -------
    SweepCost
    """
    known, cost = ResultStore(store, PRECOMPUTED), SweepCost()
    states: dict[tuple[object, ...], float] = {}
    copies: dict[tuple[object, ...], float] = {}
    downloads: dict[str, float | None] = {}
    for want in layout.wanted:
        plan = plan_run(want.task, tasks.looked_at(want.cell), known)
        config = want.task.config
        model = (want.task.model_name, config.compression, str(config.calibration))
        cost.device, cost.free = plan.device, min(cost.free, plan.disk.free)
        copies[model] = plan.disk.copy
        downloads[want.task.model_name] = plan.disk.download
        read = (*model, want.task.data_path, want.cell.context)
        first = read not in states
        states[read] = plan.disk.states or 0.0
        _add_time(cost, plan, first)
        cost.shards += _shard_bytes(plan, want.cell, tasks)
        if plan.problem is not None and not _is_disk(plan.disk):
            cost.problems[want.cell.title] = plan.problem
    cost.states, cost.copies = sum(states.values()), sum(copies.values())
    cost.download = sum(size or 0.0 for size in downloads.values())
    cost.n_unknown_size = sum(size is None for size in downloads.values())
    return cost


def _add_time(cost: SweepCost, plan: Plan, first: bool) -> None:
    if plan.cost.seconds is None:
        cost.n_unknown += 1
    else:
        # Text is read for the first run that needs it; the others find its states.
        cost.seconds += plan.cost.seconds - (0.0 if first else plan.cost.extraction_seconds or 0.0)


def _is_disk(disk: DiskNeed) -> bool:
    return disk.total >= disk.free


def _shard_bytes(plan: Plan, cell: Cell, tasks: SweepTasks) -> float:
    data = tasks.looked_at(cell)
    n_targets = getattr(data, "n_targets", 1)
    return _SHARD_BASE + _SHARD_BYTES * n_targets * max(1, (plan.cost.n_fits or 0) // 20)


def _stories(cell: Cell, tasks: SweepTasks) -> tuple[str, ...]:
    return () if cell.place.subject is None else tuple(tasks.stories(cell.place).stories)


def _layers(task: AnyTask) -> tuple[int, ...]:
    """Tell the layers of a run on stories; none where the model has to be there to be asked."""
    if not isinstance(task, StoryTask):
        # Fitted in seconds.
        return ()
    n_layers = resolve_model(task.model_name).n_layers
    return task.config.layers or (() if n_layers is None else tuple(range(n_layers + 1)))
