"""What the store says of a run, whatever was presented."""

import hashlib
import platform
import resource
import sys
from pathlib import Path

import numpy as np
import torch

from backend import __version__
from backend.features.loading import LoadedModel
from backend.features.sources import ModelSource
from backend.jobs.code import code_version
from backend.jobs.config import EncodingConfig, StoryConfig


def describe_run(
    config: EncodingConfig | StoryConfig, source: ModelSource, loaded: LoadedModel
) -> dict[str, object]:
    """Describe a run by its request, its model as measured, and this machine.

    Parameters
    ----------
    config : EncodingConfig or StoryConfig
    source : ModelSource
    loaded : LoadedModel

    Returns
    -------
    dict
        Columns of ``runs``; the caller adds those that depend on what was presented.
    """
    return {
        "run_id": config.run_id,
        "dataset": config.dataset,
        "subject": config.subject,
        "modality": config.modality,
        "model": config.model,
        "model_family": source.family,
        "n_parameters": loaded.weights.n_parameters,
        "compression": config.compression,
        "bits_per_weight": loaded.weights.bits_per_weight,
        "sparsity": loaded.weights.sparsity,
        "split": config.split,
        "evidence": config.evidence,
        "source": config.citation,
        "code_version": __version__,
        "peak_memory_bytes": _peak_memory(),
        "device": device_name(loaded.device),
        "config": config.model_dump_json(),
    }


def made_by(loaded: LoadedModel) -> str:
    """Name what decides scores beside the request: this code, libraries, device, the very weights.

    Parameters
    ----------
    loaded : LoadedModel

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    commit = getattr(loaded.model.config, "_commit_hash", None)
    facts = (code_version(), torch.__version__, np.__version__, loaded.device.type, commit)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _peak_memory() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage says would be that of the process that started this one, if it was larger.
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts kilobytes, macOS bytes.
    return peak if sys.platform == "darwin" else peak * 1024


def device_name(device: torch.device) -> str:
    """Name the GPU, or the processor and the threads that torch gives a product.

    Parameters
    ----------
    device : torch.device

    Returns
    -------
    str
    """
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU ({platform.machine()}, {torch.get_num_threads()} threads)"
