"""Let Dask's messages not depend on the clock on the wall."""

import time

from distributed import batched
from tornado.ioloop import IOLoop


def use_steady_clock() -> None:
    """Have Dask and Tornado, by which it sends, reckon by a clock that never steps.

    Messages are gathered until a moment on the wall's clock: when that is set back by an hour,
    they wait for an hour. Both must reckon alike, since one hands such moments to the other.
    """
    batched.time = time.monotonic
    IOLoop.time = _steady  # type: ignore[method-assign, assignment]


def _steady(loop: IOLoop) -> float:
    return time.monotonic()
