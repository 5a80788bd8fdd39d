"""Work on folds side by side."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

Item = TypeVar("Item")
Result = TypeVar("Result")

THREADS_VARIABLE = "CORTEXSCALE_THREADS"
_worker = threading.local()


def n_threads() -> int:
    """Threads that this process may use: all processors, unless ``CORTEXSCALE_THREADS`` says."""
    said = os.environ.get(THREADS_VARIABLE, "")
    return int(said) if said.isdecimal() and int(said) else os.cpu_count() or 1


def map_parallel(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Apply a numerical function to each item, in threads, and yield results in order.

    On matrices of a few hundred samples BLAS loses more time to its threads' meeting than they
    save (benchmarks/fold_threads.py), so each thread here gets a BLAS of one thread. That also
    makes the scores independent of the number of cores. Inside such a thread, items are worked on
    in turn: the cores have work already.

    Parameters
    ----------
    function : callable
    items : sequence

    Yields
    ------
    object
        ``function(item)``. Closing the iterator drops the items that have not begun.
    """
    if getattr(_worker, "busy", False):
        yield from map(function, items)
        return
    executor = ThreadPoolExecutor(max_workers=n_threads(), initializer=_mark_as_worker)
    with threadpool_limits(limits=1, user_api="blas"):
        try:
            yield from executor.map(function, items)
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


def _mark_as_worker() -> None:
    _worker.busy = True
