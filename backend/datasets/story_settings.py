"""A story folder's dataset.yaml."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from backend.datasets.findings import Findings

NAME = "dataset.yaml"
MAX_TR = 20.0
MIN_TR = 0.05
_MAX_BYTES = 1_000_000
_EXAMPLE = (
    "name: my-stories, tr: 2.0, evidence: measured, citation: ..., modality: fMRI, "
    "space: {name: fsaverage5, kind: surface}"
)


class SpaceSettings(BaseModel):
    """Where the targets are.

    Attributes
    ----------
    name : str
    kind : {"surface", "volume", "parcels"}
    mask : str or None
        NIfTI file, relative to the folder, of the mask whose true voxels are a volume's targets.
    transform : str or None
        Name of the pycortex transform by which the voxels lie on their subject's surface.
    regions : str, tuple of str, or None
        A CSV with the columns target and region, and hemisphere if it is known; or a text file or
        list with each target's region in order; or, in a volume, a list of NIfTI masks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    kind: Literal["surface", "volume", "parcels"]
    mask: str | None = None
    transform: str | None = None
    regions: str | tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _what_voxels_have(self) -> "SpaceSettings":
        if self.kind == "volume" and not self.mask:
            raise ValueError("a volume needs 'mask', the NIfTI file whose voxels are the targets")
        if self.kind != "volume" and self.mask:
            raise ValueError(f"'mask' belongs to a volume; leave it out of a space of {self.kind}")
        if self.kind == "surface" and self.transform:
            raise ValueError("'transform' belongs to voxels; leave it out of a space of surface")
        return self


class BidsSettings(BaseModel):
    """Which of a BIDS folder's recordings are meant.

    Attributes
    ----------
    space, res, desc : str or None
        As in their names, such as fsaverage5, 2 and preproc; None for any, of which there must
        then be one.
    tasks : tuple of str or None
        None for all that have words.
    leave_out : tuple of str
        Beginnings of the names of runs that are left out, such as sub-021_task-pieman.
    derivatives : str or None
        Folder of the recordings, where it is not this one, which is then the raw data set.
    raw : str or None
        Folder of the raw data set, for its ``events.tsv``; by default two folders up, where BIDS
        keeps derivatives.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    space: str | None = None
    res: str | None = None
    desc: str | None = None
    tasks: tuple[str, ...] | None = None
    leave_out: tuple[str, ...] = ()
    derivatives: str | None = None
    raw: str | None = None


class StorySettings(BaseModel):
    """What dataset.yaml says.

    Attributes
    ----------
    name, citation, modality : str
    tr : float
        Seconds.
    evidence : {"measured", "simulated"}
    space : SpaceSettings
    start : float, or mapping of str to float
        Seconds from a story's start to the first volume, of every story or by name.
    ceilings : str or None
        File with a noise ceiling (r) per target: ``.npy``, or NIfTI in a volume.
    test_stories : tuple of str
        Stories that a fixed split holds out.
    nan : {"refuse", "zero"}
        What becomes of responses that are NaN: the folder is refused, or they become 0.
    bids : BidsSettings or None
        Of a folder of BIDS derivatives.

    Notes
    -----
    File names are relative to the folder; ``{subject}`` in one, and in the name and the transform
    of a space, stands for the subject's name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    tr: float = Field(allow_inf_nan=False)
    evidence: Literal["measured", "simulated"]
    citation: str = Field(min_length=1)
    modality: str = Field(min_length=1)
    space: SpaceSettings
    start: float | dict[str, float] = 0.0
    ceilings: str | None = None
    test_stories: tuple[str, ...] = ()
    nan: Literal["refuse", "zero"] = "refuse"
    bids: BidsSettings | None = None

    @field_validator("tr")
    @classmethod
    def _in_seconds(cls, tr: float) -> float:
        if tr > MAX_TR:
            guess = (
                f"; did you mean {round(tr / 1000, 4)} s?"
                if tr >= 100
                else "; seconds are accepted."
            )
            raise ValueError(f"{tr:g} is too long for seconds between two volumes{guess}")
        if tr < MIN_TR:
            raise ValueError(f"seconds from {MIN_TR:g} to {MAX_TR:g} are accepted, not {tr:g}")
        return tr

    def start_of(self, story: str) -> float:
        """Seconds from a story's start to the beginning of its first volume."""
        return self.start.get(story, 0.0) if isinstance(self.start, dict) else self.start


def read_settings(folder: Path, findings: Findings) -> StorySettings | None:
    """Read dataset.yaml, and note everything that is wrong with it.

    Parameters
    ----------
    folder : Path
    findings : Findings
        Gains a problem per key that is missing, unknown or wrong.

    Returns
    -------
    StorySettings or None
        None where there was a problem.
    """
    content = load_settings(folder / NAME, findings)
    return None if content is None else check_settings(content, findings)


def check_settings(content: Mapping[str, Any], findings: Findings) -> StorySettings | None:
    """Check what a description says.

    Parameters
    ----------
    content : mapping of str to object
        As of :func:`load_settings`.
    findings : Findings
        Gains a problem per key that is missing, unknown or wrong.

    Returns
    -------
    StorySettings or None
        None where there was a problem.
    """
    try:
        return StorySettings.model_validate(content)
    except ValidationError as error:
        by_key = {_key(found): found for found in error.errors()}
        for key, found in by_key.items():
            # Where a number or a mapping may stand, what is wrong inside the mapping says more.
            if not any(other.startswith(f"{key}.") for other in by_key):
                findings.problems.append(f"{NAME}: {_explain(key, found)}")
        return None


def load_settings(path: Path, findings: Findings) -> dict[str, Any] | None:
    """Load a description, unchecked.

    Parameters
    ----------
    path : Path
        Of dataset.yaml.
    findings : Findings
        Gains a problem where there is none, or it is no YAML.

    Returns
    -------
    dict of str to object, or None
    """
    if not path.is_file():
        findings.problems.append(f"there is no {NAME}; write one such as {{{_EXAMPLE}}}.")
        return None
    if path.stat().st_size > _MAX_BYTES:
        findings.problems.append(f"{NAME} has more than 1 MB; a few lines are accepted.")
        return None
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        first = " ".join(str(error).split())[:200]
        findings.problems.append(f"{NAME} is not YAML in UTF-8: {first}")
        return None
    if not isinstance(content, dict):
        findings.problems.append(
            f"{NAME} holds {type(content).__name__}; keys with values are accepted: {_EXAMPLE}."
        )
        return None
    return {str(key): value for key, value in content.items()}


def _key(found: Mapping[str, Any]) -> str:
    """Name the key as it stands in the file, without the types that pydantic tried there."""
    place: Sequence[str | int] = found["loc"]
    tried = ("float", "str", "tuple[str, ...]", "dict[str,float]")
    return ".".join(str(part) for part in place if part not in tried)


def _explain(key: str, found: Mapping[str, Any]) -> str:
    """Say in words what pydantic found at one key."""
    if found["type"] == "missing":
        return f"{key!r} is missing; an example: {_EXAMPLE}."
    if found["type"] == "extra_forbidden":
        inside: dict[str, type[BaseModel]] = {"space": SpaceSettings, "bids": BidsSettings}
        model = inside.get(key.partition(".")[0], StorySettings) if "." in key else StorySettings
        return f"{key!r} is not a key it knows; those are {', '.join(model.model_fields)}."
    if found["type"] == "value_error":
        message = str(found["ctx"]["error"])
        return f"{key}: {message if message.endswith(('.', '?')) else f'{message}.'}"
    return f"{key} is {found['input']!r}: {found['msg'][:1].lower()}{found['msg'][1:]}."
