"""Whether a model can be had at all: its licence's gate, its files, and an architecture we know."""

import importlib.util
from functools import cache
from importlib import metadata
from pathlib import Path

from backend import catalog
from backend.features.sources import TRUSTED, ModelSource

_NAMES = Path("models", "auto", "auto_mappings.py")
# transformers adds a few names to that table; this is the one of a language model.
_ADDED = frozenset({"gpt-sw3"})


def access_problem(source: ModelSource) -> str | None:
    """Say why a model cannot be loaded here, as far as that is known without loading it.

    Parameters
    ----------
    source : ModelSource

    Returns
    -------
    str or None
        What is wrong and what to do; None where nothing is known to be.
    """
    return _gate_problem(source) or _architecture_problem(source)


def is_downloaded(source: ModelSource) -> bool:
    """Whether a model needs nothing from the hub: a folder, or whole in the hub's cache."""
    return source.kind != "hub" or bool(_cached_weights(source.location))


def hub_cache() -> Path:
    """Return the folder that the hub's files are downloaded to."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def _cached_weights(hub: str) -> list[Path]:
    """Weight files in the cache, which names a repository's folder after it."""
    folder = hub_cache() / f"models--{hub.replace('/', '--')}" / "snapshots"
    return [path for path in folder.glob("*/*.safetensors") if path.exists()]


def _gate_problem(source: ModelSource) -> str | None:
    from huggingface_hub import get_token

    entry = catalog.models().get(source.entry or "")
    if entry is None or not entry.gated or is_downloaded(source) or get_token() is not None:
        return None
    return (
        f"{source.name} is gated: its licence ({entry.licence}) has to be accepted. Accept it at "
        f"https://huggingface.co/{entry.hub}, make a token at "
        "https://huggingface.co/settings/tokens, and set the environment variable HF_TOKEN to it "
        "(or run: hf auth login)."
    )


def _architecture_problem(source: ModelSource) -> str | None:
    if source.trusted or not source.architecture or source.architecture in known_architectures():
        return None
    version = metadata.version("transformers")
    return (
        f"{source.name} has an architecture that transformers {version} does not know: its "
        f"config.json says model_type {source.architecture!r}. Choose another model, or one saved "
        "by a class that comes with transformers; code that comes with a model is run only where "
        f"you say so of this one, as {source.name}{TRUSTED}."
    )


@cache
def known_architectures() -> frozenset[str]:
    """List the ``model_type`` names that the installed transformers can build.

    The table is read from the file that holds it, which imports nothing: importing transformers
    would import torch, which takes seconds that the app's pages do not have.

    Returns
    -------
    frozenset of str
    """
    found = importlib.util.find_spec("transformers")
    path = Path(str(found.origin if found else "")).parent / _NAMES
    spec = importlib.util.spec_from_file_location("transformers_names", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"transformers is not whole: {path} cannot be read; install it again")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return _ADDED | frozenset(module.CONFIG_MAPPING_NAMES)
