"""Which compressions there are, and which of them can be used on which model.

Nothing here imports torch, so that the app's pages may ask.
"""

from collections.abc import Mapping

from backend import catalog
from backend.catalog import Compression
from backend.compression.architecture import Architecture, Source, read_architecture
from backend.compression.awq import AWQ
from backend.compression.bitsandbytes import BitsAndBytes
from backend.compression.gptq import GPTQ
from backend.compression.magnitude import Magnitude
from backend.compression.method import LoadedMethod, WrittenMethod
from backend.compression.round_to_nearest import RoundToNearest
from backend.compression.smoothquant import SmoothQuant
from backend.compression.sparsegpt import SparseGPT
from backend.compression.wanda import Wanda
from backend.errors import InputError

METHODS: Mapping[str, LoadedMethod | WrittenMethod] = {
    "bitsandbytes": BitsAndBytes(),
    "round-to-nearest": RoundToNearest(),
    "gptq": GPTQ(),
    "awq": AWQ(),
    "smoothquant": SmoothQuant(),
    "wanda": Wanda(),
    "sparsegpt": SparseGPT(),
    "magnitude": Magnitude(),
}
"""The plugins, by the ``method`` of an entry in compressions.yaml."""


def find_compression(name: str) -> Compression:
    """Find a compression by name.

    Parameters
    ----------
    name : str

    Returns
    -------
    Compression

    Raises
    ------
    InputError
        If there is none of that name.
    """
    entry = catalog.compressions().get(name)
    if entry is None:
        raise InputError(
            f"unknown compression {name!r}; accepted are {', '.join(catalog.compressions())}."
        )
    return entry


def method_of(name: str) -> LoadedMethod | WrittenMethod | None:
    """Find the plugin of a compression; None for full precision.

    Raises
    ------
    InputError
        If there is no such compression.
    """
    method = find_compression(name).method
    return None if method is None else METHODS[method]


def needs_calibration(name: str) -> bool:
    """Whether a compression looks at a model while it reads text.

    Raises
    ------
    InputError
        If there is no such compression.
    """
    return find_compression(name).needs_calibration


def applies(compression: str, source: Source) -> str | None:
    """Say why a compression cannot be used on a model, from its config.json alone.

    Parameters
    ----------
    compression : str
        A name in compressions.yaml.
    source : Source
        A :class:`~backend.features.sources.ModelSource`.

    Returns
    -------
    str or None
        The reason; None where the compression can be used, or the model has to be downloaded for
        anything to be known of it.

    Raises
    ------
    InputError
        If there is no such compression.
    """
    architecture = read_architecture(source)
    return None if architecture is None else against(compression, architecture)


def against(compression: str, architecture: Architecture) -> str | None:
    """Say why a compression cannot be used on an architecture; None where it can."""
    entry, method = find_compression(compression), method_of(compression)
    if method is None:
        return None
    if architecture.quantised_as is not None:
        return (
            f"the checkpoint is quantised already ({architecture.quantised_as}); read it as it "
            "is, with the compression none"
        )
    if architecture.is_encoder_decoder:
        return f"{architecture.model_type} is an encoder-decoder, which is not read here"
    return method.against(architecture, entry.settings)
