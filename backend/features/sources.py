"""Where a language model's files are, and what can be known of it without loading it."""

import hashlib
import importlib.util
import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from backend import catalog
from backend.catalog import ModelEntry
from backend.catalog.twins import RANDOM_TWIN, is_random
from backend.errors import ModelError
from backend.paths import ASSETS

_HUB_NAME = re.compile(r"^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$")
_SAMPLE_BYTES = 1 << 20
TRUSTED = ":remote-code"
"""At the end of a name, before ``:random``: code that comes with this one model may run."""


@dataclass(frozen=True)
class ModelSource:
    """A language model that has been named but not loaded.

    Attributes
    ----------
    name : str
        What results are filed under: the catalogue's name, the folder's, or the hub's.
    location : str
        What ``from_pretrained`` is given: a folder or a hub name.
    kind : {"package", "folder", "hub"}
        A package, or a folder of the project itself; a user's folder; the hub.
    family : str
        From the catalogue, else the architecture in config.json, else the name itself.
    n_parameters : int or None
        Weights, read from the headers of the safetensors files; None before a download.
    n_layers : int or None
        Transformer blocks, where config.json tells.
    width : int or None
        Dimensions of a hidden state, where config.json tells.
    fingerprint : str or None
        Hash of a folder's configuration and weights, so that two folders of one name are not
        taken for each other; None for the hub.
    random : bool
        The architecture and the tokenizer of the model, with weights freshly drawn: its twin that
        has learned nothing.
    entry : str or None
        Its name in the catalogue.
    architecture : str or None
        ``model_type`` of config.json, where that is known.
    trusted : bool
        Whether code that comes with it may run, because the user said so of this model.
    """

    name: str
    location: str
    kind: Literal["package", "folder", "hub"]
    family: str
    n_parameters: int | None = None
    n_layers: int | None = None
    width: int | None = None
    fingerprint: str | None = None
    random: bool = False
    entry: str | None = None
    architecture: str | None = None
    trusted: bool = False

    @property
    def address(self) -> str:
        """What :func:`resolve_model` finds the model by, from whatever folder it is asked."""
        place = self.location if self.kind == "folder" else self.name.removesuffix(RANDOM_TWIN)
        return place + (TRUSTED if self.trusted else "") + (RANDOM_TWIN if self.random else "")


def resolve_model(name: str) -> ModelSource:
    """Find a model by catalogue name, local folder or hub name, without loading it.

    Parameters
    ----------
    name : str
        With ``:random`` at its end, the twin of that model with random weights. With
        ``:remote-code``, code that comes with it may run when it is loaded.

    Returns
    -------
    ModelSource

    Raises
    ------
    ModelError
        If the name is none of the three, a folder is not a saved model, or a packaged model is
        not installed.
    """
    if is_random(name) and _existing_folder(name) is None:
        return _random_twin(resolve_model(name.removesuffix(RANDOM_TWIN)))
    if name.endswith(TRUSTED) and _existing_folder(name) is None:
        return _trusted(resolve_model(name.removesuffix(TRUSTED)))
    entry = catalog.models().get(name)
    if entry is not None:
        return _from_catalogue(name, entry)
    saved = _existing_folder(name)
    if saved is not None:
        return _from_folder(saved, saved.name, "folder")
    if not _HUB_NAME.match(name):
        raise ModelError(
            f"no model {name!r}: it is not in the catalogue (python -m backend models lists it), "
            "not a folder, and not of the form of a hub name (organisation/model)."
        )
    for known, entry in catalog.models().items():
        # One model is filed under one name, whichever way it was asked for.
        if entry.hub == name:
            return _from_catalogue(known, entry)
    return ModelSource(name, name, "hub", name.split("/")[-1].split("-")[0])


def _trusted(source: ModelSource) -> ModelSource:
    if source.kind == "package" or source.random or source.trusted:
        raise ModelError(
            f"{source.name}{TRUSTED} says nothing: write MODEL{TRUSTED} of a folder or a hub's "
            f"model that comes with code of its own (its twin is MODEL{TRUSTED}{RANDOM_TWIN})."
        )
    return replace(source, trusted=True)


def _random_twin(source: ModelSource) -> ModelSource:
    learned = source.fingerprint or source.location
    return replace(
        source,
        name=source.name + RANDOM_TWIN,
        family=f"{source.family}, random weights",
        fingerprint=hashlib.sha256(f"{learned}{RANDOM_TWIN}".encode()).hexdigest()[:16],
        random=True,
    )


def _from_catalogue(name: str, entry: ModelEntry) -> ModelSource:
    if entry.package is not None:
        folder = _package_folder(name, entry.package)
    elif entry.folder is not None:
        folder = _shipped_folder(name, entry.folder)
    else:
        return ModelSource(
            name, str(entry.hub), "hub", entry.family, entry.n_parameters, entry.n_layers,
            entry.width, entry=name, architecture=str(entry.architecture.get("model_type", "")),
        )  # fmt: skip
    return replace(_from_folder(folder, name, "package"), family=entry.family, entry=name)


def _existing_folder(name: str) -> Path | None:
    try:
        folder = Path(name).expanduser()
        return folder.resolve() if folder.is_dir() else None
    except (OSError, RuntimeError):
        # Too long for a path, or the home folder of nobody.
        return None


def _package_folder(name: str, package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModelError(
            f"the model {name} comes in the Python package {package.replace('_', '-')}, which is "
            "not installed here. Install it with: pip install -r requirements.txt"
        )
    return Path(spec.origin).parent / "model"


def _shipped_folder(name: str, folder: str) -> Path:
    path = ASSETS / folder
    if not path.is_dir():
        raise ModelError(
            f"the model {name} ships with the project in {path}, which is not there; get the whole "
            "project again, its assets included."
        )
    return path


def _from_folder(folder: Path, name: str, kind: Literal["package", "folder"]) -> ModelSource:
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(
            f"the folder {folder} holds no config.json, so it is not a saved Hugging Face model. "
            "Give the folder that model.save_pretrained(FOLDER) wrote."
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"{path} is not readable JSON: {error}. Save the model again.") from error
    if not isinstance(config, dict):
        raise ModelError(f"{path} does not hold a model's configuration. Save the model again.")
    return ModelSource(
        name=name,
        location=str(folder),
        kind=kind,
        family=str(config.get("model_type", name)),
        n_parameters=_count_parameters(folder),
        n_layers=_first(config, "num_hidden_layers", "n_layer", "num_layers"),
        width=_first(config, "hidden_size", "n_embd", "d_model"),
        fingerprint=_fingerprint(folder),
        architecture=str(config["model_type"]) if "model_type" in config else None,
    )


def _first(config: Mapping[str, Any], *keys: str) -> int | None:
    return next((int(config[key]) for key in keys if isinstance(config.get(key), int)), None)


def weight_files(folder: Path) -> list[Path]:
    """List a folder's safetensors files."""
    return sorted(folder.glob("*.safetensors"))


def _count_parameters(folder: Path) -> int | None:
    """Sum the shapes in the safetensors headers: a few kilobytes, whatever the model's size."""
    total = 0
    for path in weight_files(folder):
        header = safetensors_header(path)
        for name, tensor in header.items():
            if name != "__metadata__" and tensor["dtype"] in ("F64", "F32", "F16", "BF16"):
                size = 1
                for extent in tensor["shape"]:
                    size *= extent
                total += size
    return total or None


def safetensors_header(path: Path) -> dict[str, Any]:
    """Read the names, types and shapes in a safetensors file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        Tensor name to ``dtype``, ``shape`` and ``data_offsets``.

    Raises
    ------
    ModelError
        If the file is cut short or is no safetensors file.

    References
    ----------
    https://huggingface.co/docs/safetensors, "Format".
    """
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > path.stat().st_size:
                raise ValueError("the header is longer than the file")
            header = json.loads(file.read(length))
            if not isinstance(header, dict):
                raise ValueError("the header is not a table of tensors")
            return header
    except (struct.error, ValueError) as error:
        raise ModelError(
            f"{path} is not a whole safetensors file ({error}); copy or download it again."
        ) from error


def _fingerprint(folder: Path) -> str:
    """Hash the configuration, and of each weight file its name, size, first and last megabyte."""
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for path in weight_files(folder):
        size = path.stat().st_size
        digest.update(f"{path.name}:{size}".encode())
        with path.open("rb") as file:
            digest.update(file.read(_SAMPLE_BYTES))
            file.seek(max(0, size - _SAMPLE_BYTES))
            digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()[:16]
