import os
import subprocess
import sys

import pytest

from backend.paths import PROJECT

# Blocks of 8 MB in turn with smaller ones that outlive them, as weights and their statistics are.
HOLES = """
from pathlib import Path
from contextlib import nullcontext
import ctypes, re, sys
from backend.features.allocator import giving_back_at_once
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
def held():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
size = 8 * 2**20
# A freed block of its own mapping is what makes glibc raise its threshold.
libc.free(libc.malloc(2 * size))
with giving_back_at_once() if sys.argv[1] == "tight" else nullcontext():
    before, blocks = held(), []
    for _ in range(20):
        block = libc.malloc(size)
        libc.memset(block, 1, size)
        blocks.append(block)
        libc.malloc(100_000)
    for block in blocks:
        libc.free(block)
    print(held() - before)
"""


def held_after(how: str) -> float:
    # Dask sets glibc's thresholds in the environment, for the processes that it starts.
    usual = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", HOLES, how],
        cwd=PROJECT, env=usual, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return float(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's memory")
def test_freed_blocks_go_back_to_the_system():
    assert held_after("usual") > 100
    assert held_after("tight") < 10
