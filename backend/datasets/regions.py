"""Which targets make up which region, from the files that a folder names."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from backend.datasets.story_recording import Hemisphere, Region
from backend.datasets.volumes import Mask, read_mask
from backend.errors import InputError

_HEMISPHERES: Mapping[str, Hemisphere] = {
    "left": "left", "l": "left", "lh": "left", "right": "right", "r": "right", "rh": "right",
    "both": "both", "": "both",
}  # fmt: skip
_Row = tuple[int, str, Hemisphere]


def whole(n_targets: int, is_surface: bool) -> tuple[Region, ...]:
    """Make the one region that holds every target; a surface has one per hemisphere.

    Parameters
    ----------
    n_targets : int
    is_surface : bool
        Whether the first half of the targets is the left hemisphere's, and the second the right's.

    Returns
    -------
    tuple of Region
    """
    return _group([(target, "all", "both") for target in range(n_targets)], n_targets, is_surface)


def regions_from_names(
    names: Sequence[str], n_targets: int, is_surface: bool, source: str
) -> tuple[Region, ...]:
    """Group targets by the name that each of them has.

    Parameters
    ----------
    names : sequence of str
        One per target, in order; a blank one belongs to no region.
    n_targets : int
    is_surface : bool
    source : str
        Where the names stand, for messages.

    Returns
    -------
    tuple of Region

    Raises
    ------
    InputError
        If there are more or fewer names than targets, or all are blank.
    """
    if len(names) != n_targets:
        raise InputError(
            f"{source} names the regions of {len(names):,} targets, and the responses have "
            f"{n_targets:,}; give a name per target in their order, a blank for none."
        )
    rows: list[_Row] = [(at, name.strip(), "both") for at, name in enumerate(names) if name.strip()]
    if not rows:
        raise InputError(f"{source} names no region; leave 'regions' out to score all targets.")
    return _group(rows, n_targets, is_surface)


def regions_from_file(path: Path, n_targets: int, is_surface: bool) -> tuple[Region, ...]:
    """Read regions from a CSV, or from a text file with a name per line.

    Parameters
    ----------
    path : Path
        ``.csv`` or ``.tsv``: a row per target and region, with the columns ``target`` (its index
        from 0, or a name where the rows stand in the order of the targets), ``region`` and, if it
        is known, ``hemisphere`` (left, right, both). Anything else: a name per line and target.
    n_targets : int
    is_surface : bool
        Then the hemisphere is told by the target.

    Returns
    -------
    tuple of Region

    Raises
    ------
    InputError
        If the file is missing, not UTF-8, or does not fit the targets.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read as UTF-8 text ({error}); a CSV with the columns target, "
            "region, hemisphere is accepted, or a text file with a name per line."
        ) from error
    if path.suffix.lower() not in (".csv", ".tsv"):
        return regions_from_names(text.splitlines(), n_targets, is_surface, path.name)
    table = csv.DictReader(text.splitlines(), delimiter="\t" if path.suffix == ".tsv" else ",")
    if not {"target", "region"} <= set(table.fieldnames or ()):
        raise InputError(
            f"{path.name} has the columns {', '.join(table.fieldnames or ())}; target and region "
            "are needed, hemisphere is optional."
        )
    rows = [{key: (cell or "").strip() for key, cell in row.items() if key} for row in table]
    return _group(_rows(rows, n_targets, path.name), n_targets, is_surface)


def regions_from_masks(paths: Sequence[Path], mask: Mask) -> tuple[Region, ...]:
    """Take each of several masks as a region, named by its file.

    Parameters
    ----------
    paths : sequence of Path
        NIfTI on the grid of the volume's own mask.
    mask : Mask

    Returns
    -------
    tuple of Region
        Voxels outside the volume's mask are no targets and are left out.

    Raises
    ------
    InputError
        If a file cannot be read, is on another grid, or shares no voxel with the mask.
    """
    regions = []
    for path in paths:
        own = read_mask(path)
        same_grid = own.voxels.shape == mask.voxels.shape and np.allclose(
            own.affine, mask.affine, atol=1e-3
        )
        if not same_grid:
            raise InputError(
                f"region {path.name} is on another grid than {mask.path.name}; resample it."
            )
        targets = np.flatnonzero(own.voxels[mask.voxels])
        if targets.size == 0:
            raise InputError(f"region {path.name} shares no voxel with {mask.path.name}.")
        regions.append(Region(path.name.split(".")[0], "both", targets))
    return tuple(regions)


def _rows(rows: Sequence[Mapping[str, str]], n_targets: int, source: str) -> list[_Row]:
    """Read each row's target, region and hemisphere."""
    targets = [row["target"] for row in rows]
    if all(target.isdecimal() for target in targets):
        indices = [int(target) for target in targets]
    else:
        order = {name: index for index, name in enumerate(dict.fromkeys(targets))}
        indices = [order[target] for target in targets]
        if len(order) != n_targets:
            raise InputError(
                f"{source} names {len(order):,} targets, and the responses have {n_targets:,}; "
                "targets by name need a row each, in their order. Indices from 0 are accepted too."
            )
    found: list[_Row] = []
    for number, (index, row) in enumerate(zip(indices, rows, strict=True), 2):
        hemisphere = _HEMISPHERES.get(row.get("hemisphere", "").lower())
        if hemisphere is None:
            raise InputError(
                f"{source}: hemisphere is {row['hemisphere']!r} in row {number}; left, right and "
                "both are accepted."
            )
        if index >= n_targets:
            raise InputError(
                f"{source}: row {number} names target {index:,}, and the responses have targets 0 "
                f"to {n_targets - 1:,}."
            )
        if row["region"]:
            found.append((index, row["region"], hemisphere))
    if not found:
        raise InputError(f"{source} names no region; leave 'regions' out to score all targets.")
    return found


def _group(rows: Sequence[_Row], n_targets: int, is_surface: bool) -> tuple[Region, ...]:
    members: dict[tuple[str, Hemisphere], list[int]] = {}
    for target, name, given in rows:
        hemisphere: Hemisphere = given
        if is_surface:
            hemisphere = "left" if target < n_targets // 2 else "right"
        members.setdefault((name, hemisphere), []).append(target)
    return tuple(
        Region(name, hemisphere, np.unique(targets).astype(np.int64))
        for (name, hemisphere), targets in members.items()
    )
