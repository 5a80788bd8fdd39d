"""The C library's memory, while weights come and go."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Of glibc's malloc.h.
_M_MMAP_THRESHOLD = -3
_SMALL = 2**20
# Where glibc's own rule ends up once blocks of that size have been freed.
_USUAL = 32 * 2**20


@contextmanager
def giving_back_at_once() -> Iterator[None]:
    """Give large blocks back to the system as soon as they are freed.

    Weights that are packed while they are loaded leave holes of their former size. By its own rule
    glibc keeps those for later, where a hole that one byte follows cannot shrink: the same load was
    seen to peak at 0.92 and at 1.30 GB. Blocks of a megabyte and more get a mapping of their own
    here. Elsewhere than on glibc nothing changes.
    """
    adjust = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if adjust is None:
        yield
        return
    adjust(_M_MMAP_THRESHOLD, _SMALL)
    try:
        yield
    finally:
        # Later large blocks are asked for again and again, and quicker to have when kept.
        adjust(_M_MMAP_THRESHOLD, _USUAL)
