"""Files as BIDS names them: entities, a suffix and an ending."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SURFACE, _VOLUME, _CIFTI = (".func.gii",), (".nii.gz", ".nii"), (".dtseries.nii",)
_ENDINGS = {**dict.fromkeys(_SURFACE, "surface"), **dict.fromkeys(_VOLUME, "volume"),
            **dict.fromkeys(_CIFTI, "parcels")}  # fmt: skip
# What fMRIPrep calls a density of fsaverage has a name of its own elsewhere.
_DENSITIES = {"10k": "fsaverage5", "41k": "fsaverage6", "164k": "fsaverage"}
_MAX_JSON = 5_000_000


@dataclass(frozen=True)
class BidsFile:
    """A file with a name as BIDS has it.

    Attributes
    ----------
    path : Path
    entities : mapping of str to str
        Such as sub, ses, task, run, space, desc.
    suffix : str
        Such as bold; empty where there is none.
    ending : str
        From the first dot on.
    """

    path: Path
    entities: Mapping[str, str]
    suffix: str
    ending: str

    @property
    def kind(self) -> str:
        """Whether its targets are a surface's, a volume's or parcels."""
        return _ENDINGS.get(self.ending, "")

    @property
    def space(self) -> str:
        """The space, by the name that others know it by."""
        space = self.entities.get("space", "boldref")
        density = _DENSITIES.get(self.entities.get("den", ""))
        return density if space == "fsaverage" and density else space

    @property
    def variant(self) -> str:
        """What tells it from the same run in another space or after other processing."""
        parts = ("space", "res", "den", "desc")
        named = [f"{part}-{self.entities[part]}" for part in parts if part in self.entities]
        return "_".join([*named, self.ending])

    @property
    def run(self) -> str:
        """The part of the name that says which run of whom it is."""
        parts = ("sub", "ses", "task", "run")
        return "_".join(f"{part}-{self.entities[part]}" for part in parts if part in self.entities)

    def same_run(self, other: "BidsFile") -> bool:
        """Whether both are of one run of one subject."""
        return all(
            _number(self.entities.get(part)) == _number(other.entities.get(part))
            for part in ("sub", "ses", "task", "run")
        )


def parse(path: Path) -> BidsFile:
    """Take a name apart.

    Parameters
    ----------
    path : Path

    Returns
    -------
    BidsFile
    """
    stem, dot, ending = path.name.partition(".")
    parts = stem.split("_")
    suffix = "" if "-" in parts[-1] else parts[-1]
    entities = dict(part.split("-", 1) for part in parts if "-" in part)
    return BidsFile(path, entities, suffix, f"{dot}{ending}")


def functional(folder: Path) -> Iterator[BidsFile]:
    """Give the files about a subject's or a data set's runs: ``sub-*/[ses-*/]func/*``.

    Parameters
    ----------
    folder : Path

    Yields
    ------
    BidsFile
        In order of their paths.
    """
    found = {*folder.glob("sub-*/func/*"), *folder.glob("sub-*/ses-*/func/*")}
    for path in sorted(found):
        if path.is_file() and not path.name.startswith("."):
            yield parse(path)


def recordings(files: Iterable[BidsFile]) -> list[BidsFile]:
    """Take the preprocessed recordings, of a surface its left hemisphere's.

    Parameters
    ----------
    files : iterable of BidsFile

    Returns
    -------
    list of BidsFile
    """
    # Surfaces cleaned with AFNI bear no suffix.
    return [
        file
        for file in files
        if file.kind
        and "task" in file.entities
        and "echo" not in file.entities
        and (file.suffix == "bold" or (not file.suffix and file.kind == "surface"))
        and file.entities.get("hemi", "L") != "R"
    ]


def drop_runs(
    files: Iterable[BidsFile], beginnings: Sequence[str]
) -> tuple[list[BidsFile], list[str]]:
    """Leave out the runs whose names begin with one of several.

    Parameters
    ----------
    files : iterable of BidsFile
    beginnings : sequence of str
        Whole entities, such as sub-01_task-fox, which is no beginning of sub-01_task-foxes.

    Returns
    -------
    tuple of (list of BidsFile, list of str)
        Those that stay, and the names of the runs that do not.
    """
    stays: list[BidsFile] = []
    dropped: set[str] = set()
    for file in files:
        if any(f"{file.run}_".startswith(f"{name}_") for name in beginnings):
            dropped.add(file.run)
        else:
            stays.append(file)
    return stays, sorted(dropped)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file of keys and values; empty where it is none.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
    """
    try:
        if path.stat().st_size > _MAX_JSON:
            return {}
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _number(label: str | None) -> str | None:
    """Read run-01 and run-1 as one."""
    return str(int(label)) if label is not None and label.isdecimal() else label
