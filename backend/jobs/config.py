"""The request for one encoding run: what the CLI parses, the Run page builds and a worker gets."""

import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from backend import catalog

Split = Literal["contiguous", "grouped", "shuffled"]


class EncodingConfig(BaseModel):
    """Everything that decides an encoding run's scores.

    Attributes
    ----------
    dataset : str
        Catalogue name, or the name under which the user's file is filed.
    data_sha256 : str
        Of the file's bytes, so that an edited file is another run.
    sentence : str
        Column of the sentences.
    responses : tuple of str
        Columns of the responses.
    group : str or None
        Column of passages.
    ceilings : tuple of (float or None)
        Noise ceiling (r) of each response, None where unknown.
    evidence : {"measured", "simulated"}
    citation : str
        Text of the data set's reference.
    subject, modality, hemisphere : str
        Whose responses, how recorded, from which side.
    model : str
        Catalogue name, folder name or hub name.
    model_fingerprint : str or None
        Hash of a local model's files.
    compression : str
        A name in compressions.yaml.
    layers : tuple of int or None
        None for all.
    pooling : {"mean", "last"}
    split : {"contiguous", "grouped", "shuffled"}
    n_folds, gap, seed : int
        See :func:`backend.encoding.folds.make_folds`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    dataset: str = Field(min_length=1, max_length=120)
    data_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    sentence: str
    responses: tuple[str, ...] = Field(min_length=1)
    group: str | None = None
    ceilings: tuple[float | None, ...]
    evidence: Literal["measured", "simulated"] = "measured"
    citation: str
    subject: str = "not stated"
    modality: str = "not stated"
    hemisphere: Literal["left", "right", "both"] = "both"
    model: str
    model_fingerprint: str | None = None
    compression: str = "none"
    layers: tuple[int, ...] | None = None
    pooling: Literal["mean", "last"] = "mean"
    split: Split = "contiguous"
    n_folds: int = Field(ge=2)
    gap: int = Field(ge=0)
    seed: int = Field(default=0, ge=0, lt=2**32)

    @field_validator("compression")
    @classmethod
    def _known_compression(cls, value: str) -> str:
        if value not in catalog.compressions():
            known = ", ".join(catalog.compressions())
            raise ValueError(f"unknown compression {value!r}; accepted are {known}")
        return value

    @model_validator(mode="after")
    def _ceilings_fit(self) -> "EncodingConfig":
        if len(self.ceilings) != len(self.responses):
            raise ValueError("ceilings needs one entry per response, None where it is unknown")
        if any(value is not None and not 0 < value <= 1 for value in self.ceilings):
            raise ValueError("a noise ceiling is a correlation above 0 and up to 1")
        return self

    @property
    def run_id(self) -> str:
        """Hash of the request: the run's name, cache key and file name."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Task(BaseModel):
    """A request and where, on this machine, its files are.

    Attributes
    ----------
    config : EncodingConfig
    data_path : Path
        The sentence table whose hash the request carries.
    model_name : str
        What :func:`backend.features.sources.resolve_model` is given: a name or a folder.
    store : Path
        Folder of the result store.
    device : {"auto", "cpu", "cuda"}
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    config: EncodingConfig
    data_path: Path
    model_name: str
    store: Path
    device: Literal["auto", "cpu", "cuda"] = "auto"
