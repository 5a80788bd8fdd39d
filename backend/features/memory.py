"""How much memory a model takes, known before it is loaded, and how much is free."""

import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata

import psutil

from backend.features.footprint import FLOAT32, Footprint, is_packed, weight_bytes

# What a Python process takes that has imported everything a run needs, while it loads a model, and
# later with its tokenizer, threads and buffers: measured at 0.54 to 0.60 and 0.70 GB.
LOADING_PROCESS_BYTES = 0.6e9
PROCESS_BYTES = 0.7e9
_QUERY = ("nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits")


@dataclass(frozen=True)
class MemoryNeed:
    """Memory that a run takes.

    Attributes
    ----------
    peak : float
        Bytes of the process at its largest, as the operating system counts them: with the pages of
        weight files that it has read, which it gives back when others want them.
    needed : float
        Bytes of it that are not given back. These have to be free.
    """

    peak: float
    needed: float


def memory_need(footprint: Footprint, compression: str, work: float = 0.0) -> MemoryNeed:
    """Expect the memory of a process that loads a model and works with it, on a processor.

    A checkpoint in 32-bit floats is mapped and used in place. One in 16 bits is read through a
    mapping, which goes when it has been read. Packing to 4 bits holds the packed weights twice for
    a while (as measured). A copy that is compressed first is changed in memory while its file is
    mapped, whatever the method (as measured).

    Parameters
    ----------
    footprint : Footprint
    compression : str
        A name in compressions.yaml.
    work : float
        Bytes of what is done with the model's states.

    Returns
    -------
    MemoryNeed
    """
    weights, dense = footprint.weights, weight_bytes(footprint.weights, "none")
    loaded = weight_bytes(weights, compression)
    in_place = footprint.stored_bytes >= FLOAT32
    read = footprint.stored_bytes * weights.total
    twice = 0.0
    if is_packed(compression) and not in_place:
        twice = loaded - FLOAT32 * (weights.embeddings + weights.other)
    mapped = 0.0 if in_place and loaded == dense else read
    stays = mapped if in_place else 0.0
    written = compression != "none" and not is_packed(compression)
    return MemoryNeed(
        peak=max(
            PROCESS_BYTES + read + dense if written else 0.0,
            LOADING_PROCESS_BYTES + mapped + loaded + twice,
            PROCESS_BYTES + stays + loaded + work,
        ),
        needed=max(LOADING_PROCESS_BYTES + loaded + twice, PROCESS_BYTES + loaded + work),
    )


def states_bytes(n_layers: int, width: int, tokens: int) -> float:
    """Bytes of every layer's states of the tokens in one pass.

    Parameters
    ----------
    n_layers : int
        Transformer blocks; the embedding output comes on top.
    width, tokens : int

    Returns
    -------
    float
    """
    return FLOAT32 * (n_layers + 1) * width * tokens


def choose_device_kind(name: str) -> str:
    """Tell whether a run will be on ``cpu`` or ``cuda``, without importing torch.

    Parameters
    ----------
    name : {"auto", "cpu", "cuda"}

    Returns
    -------
    str
        For ``auto``, ``cuda`` where torch was built for it and the driver sees a device.
    """
    if name != "auto":
        return name
    return "cuda" if n_gpus() else "cpu"


def n_gpus() -> int:
    """Count the GPUs that torch can use, without importing torch."""
    built = not metadata.version("torch").endswith("+cpu")
    return len(_free_cuda()) if built else 0


def free_memory(kind: str) -> float:
    """Bytes of memory that are free on a device.

    Parameters
    ----------
    kind : {"cpu", "cuda"}

    Returns
    -------
    float
        On ``cuda`` those of the first device; 0 where there is none.
    """
    if kind == "cuda":
        return next(iter(_free_cuda()), 0.0)
    return float(psutil.virtual_memory().available)


def _free_cuda() -> list[float]:
    """Free bytes of each GPU that the driver sees."""
    if shutil.which(_QUERY[0]) is None:
        return []
    said = subprocess.run(_QUERY, capture_output=True, text=True, timeout=10, check=False).stdout
    lines = said.split()
    return [float(line) * 1024**2 for line in lines] if lines and lines[0].isdecimal() else []
