"""Where pieces of work are done: in this process, on this machine, on a scheduler, on Slurm.

All are Dask's: a cluster and a client. What is handed out is the same function everywhere.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any, Literal

import psutil

from backend.encoding.parallel import THREADS_VARIABLE
from backend.errors import InputError, JobError
from backend.features.memory import n_gpus
from backend.paths import cache_folder

GPU = "GPU"
ANSWER_SECONDS = 30.0
# A piece whose worker dies so often is given up: it kills its workers, by memory as a rule.
DEATHS = 3
PRELOAD = "backend.sweeps.preload"


@dataclass(frozen=True)
class Computers:
    """What to compute on.

    Attributes
    ----------
    kind : {"here", "local", "scheduler", "slurm"}
        ``here`` is this process, one piece at a time.
    workers : int or None
        None: one for each GPU, or by the processors and the memory there are. Of a scheduler, how
        many it has, for the plan.
    memory : str or None
        That a worker may hold, such as ``16GB``; None for its share.
    address : str or None
        Of a scheduler.
    answer_seconds : float
        How long a scheduler that does not answer is waited for.
    """

    kind: Literal["here", "local", "scheduler", "slurm"] = "local"
    workers: int | None = None
    memory: str | None = None
    address: str | None = None
    answer_seconds: float = ANSWER_SECONDS

    def n_workers(self) -> int:
        """Pieces that will be worked on at once, as far as it is known beforehand."""
        if self.kind == "local":
            return self.workers or n_gpus() or _fitting_workers()
        return 1 if self.kind == "here" else self.workers or 1


@dataclass
class Engine:
    """A cluster that answers.

    Attributes
    ----------
    client : distributed.Client
    title : str
        Where it is, in words.
    """

    client: Any
    title: str

    def workers(self) -> dict[str, dict[str, Any]]:
        """Facts of each worker, by address."""
        found: dict[str, dict[str, Any]] = self.client.scheduler_info(n_workers=-1)["workers"]
        return found

    def slots(self) -> int:
        """Pieces that can be worked on at once."""
        return sum(int(each["nthreads"]) for each in self.workers().values())

    def has_gpus(self) -> bool:
        """Whether any worker has a GPU to itself."""
        return any(each["resources"].get(GPU) for each in self.workers().values())

    def memory(self) -> tuple[int, int]:
        """Bytes that the workers hold, and may hold."""
        facts = list(self.workers().values())
        used = sum(int(each.get("metrics", {}).get("memory", 0)) for each in facts)
        return used, sum(int(each.get("memory_limit") or 0) for each in facts)


@contextmanager
def open_engine(computers: Computers) -> Iterator[Engine]:
    """Start or reach a cluster, and leave it.

    Parameters
    ----------
    computers : Computers

    Yields
    ------
    Engine

    Raises
    ------
    JobError
        If a scheduler does not answer.
    InputError
        If Slurm is asked for without dask-jobqueue.
    """
    # Before Dask is imported: it says on standard error whenever a worker comes or goes.
    os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "critical")
    from backend.sweeps.steady_clock import use_steady_clock

    use_steady_clock()
    with ExitStack() as stack:
        yield _OPEN[computers.kind](computers, stack)


def _here(computers: Computers, stack: ExitStack) -> Engine:
    from distributed import Client, LocalCluster

    cluster = stack.enter_context(
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0",
            memory_limit=0, resources=_resources(),
        )
    )  # fmt: skip
    return Engine(stack.enter_context(Client(cluster)), "this process")


def _local(computers: Computers, stack: ExitStack) -> Engine:
    import dask
    from distributed import Client, Nanny, Scheduler, SpecCluster
    from distributed.security import Security

    n_gpus_here = n_gpus()
    n_workers = computers.n_workers()
    threads = max(1, (os.cpu_count() or 1) // n_workers)
    limit = computers.memory or f"{int(0.9 * psutil.virtual_memory().total / n_workers)}B"
    scratch = stack.enter_context(TemporaryDirectory(prefix="cortexscale-dask-"))
    # Forked from a process that has imported torch, a worker is there in a second, again too.
    stack.enter_context(
        dask.config.set(
            {
                "distributed.worker.multiprocessing-method": "forkserver",
                "distributed.scheduler.allowed-failures": DEATHS,
            }
        )
    )
    _preload_forkserver()
    # Others who use this machine reach its ports too, and a worker runs what it is sent.
    security = Security.temporary()
    workers = {}
    for number in range(n_workers):
        alone = {"CUDA_VISIBLE_DEVICES": str(number % n_gpus_here)} if n_gpus_here else {}
        told = {**_own_variables(), THREADS_VARIABLE: str(threads), **alone}
        workers[number] = {
            "cls": Nanny,
            "options": {
                "nthreads": 1, "memory_limit": limit, "resources": {GPU: 1} if alone else {},
                "env": told, "dashboard": False, "host": "127.0.0.1", "local_directory": scratch,
                "security": security,
            },
        }  # fmt: skip
    scheduler = {
        "cls": Scheduler,
        "options": {
            "dashboard": False, "host": "127.0.0.1", "port": 0, "protocol": "tls://",
            "security": security,
        },
    }  # fmt: skip
    cluster = stack.enter_context(
        SpecCluster(workers=workers, scheduler=scheduler, security=security)
    )
    client = stack.enter_context(Client(cluster, security=security))
    return Engine(client, f"this machine, {n_workers} worker(s)")


def _scheduler(computers: Computers, stack: ExitStack) -> Engine:
    from distributed import Client

    assert computers.address is not None
    try:
        client = Client(computers.address, timeout=computers.answer_seconds)
    except (OSError, TimeoutError, ValueError) as error:
        raise JobError(
            f"the scheduler at {computers.address} does not answer ({error}). Start one with: dask "
            "scheduler, and its workers with: dask worker ADDRESS --nthreads 1 "
            f"--death-timeout 60 --preload {PRELOAD}; what is done is kept."
        ) from error
    stack.enter_context(client)
    return Engine(client, f"the scheduler at {computers.address}")


def _slurm(computers: Computers, stack: ExitStack) -> Engine:
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError as error:
        raise InputError(
            "Slurm needs dask-jobqueue, which is not installed; run: pip install "
            "dask-jobqueue==0.9.0, and describe your cluster in ~/.config/dask/jobqueue.yaml."
        ) from error
    import dask
    from distributed import Client

    # Certificates for this sweep alone go to the jobs through a folder that both see.
    shared = dask.config.get("jobqueue.slurm.shared-temp-directory", None)
    shared = shared or str(cache_folder())
    try:
        cluster = SLURMCluster(
            processes=1,
            worker_extra_args=["--nthreads", "1", "--preload", PRELOAD],
            scheduler_options={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            security=True,
            shared_temp_directory=shared,
        )
    except ValueError as error:
        raise InputError(
            f"the Slurm cluster is not described: {error}. Write queue, cores, memory and walltime "
            "under jobqueue: slurm: in ~/.config/dask/jobqueue.yaml."
        ) from error
    stack.enter_context(cluster)
    n_workers = computers.n_workers()
    cluster.scale(jobs=n_workers)
    client = stack.enter_context(Client(cluster, security=cluster.security))
    return Engine(client, f"Slurm, {n_workers} job(s)")


def _fitting_workers() -> int:
    """As many workers as have two processors and 8 GB each, and at least one."""
    by_memory = psutil.virtual_memory().total // 8_000_000_000
    return max(1, min((os.cpu_count() or 1) // 2, by_memory))


def _own_variables() -> dict[str, str]:
    """Folders as this process was told them; workers are forked from one that may be older."""
    return {name: value for name, value in os.environ.items() if name.startswith("CORTEXSCALE_")}


def _resources() -> dict[str, float]:
    return {GPU: 1} if n_gpus() else {}


def _preload_forkserver() -> None:
    from distributed.utils import get_mp_context

    context = get_mp_context()
    # Dask names what the first of its workers is forked from; this adds what ours need.
    context.set_forkserver_preload(["distributed", PRELOAD])


_OPEN: dict[str, Callable[[Computers, ExitStack], Engine]] = {
    "here": _here,
    "local": _local,
    "scheduler": _scheduler,
    "slurm": _slurm,
}
