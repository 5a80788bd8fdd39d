"""Story folders of two stories and two subjects, for tests to spoil."""

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import yaml

N_TRS = 30
SETTINGS: dict[str, Any] = {
    "name": "toy",
    "tr": 2.0,
    "evidence": "simulated",
    "citation": "this test",
    "modality": "fMRI",
    "space": {"name": "toy parcels", "kind": "parcels"},
}
AFFINE = np.diag([4.0, 4.0, 4.0, 1.0])


def make_folder(folder: Path, n_targets: int = 6, subjects: tuple[str, ...] = ("s1", "s2")) -> Path:
    """Stories "fox" and "owl" of 59.9 s, recorded for 60 s; subject s1 heard "owl" twice."""
    random = np.random.default_rng(0)
    (folder / "transcripts").mkdir(parents=True)
    write_settings(folder)
    for story in ("fox", "owl"):
        write_transcript(folder, story)
    for subject in subjects:
        (folder / "responses" / subject).mkdir(parents=True)
        runs = ("fox", "owl.run-1", "owl_run-2") if subject == "s1" else ("fox", "owl")
        for run in runs:
            write_run(folder, subject, run, random.normal(size=(N_TRS, n_targets)))
    return folder


def write_settings(folder: Path, without: str | None = None, **changes: Any) -> None:
    settings = {**SETTINGS, **changes}
    settings.pop(without or "", None)
    (folder / "dataset.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def write_transcript(folder: Path, story: str, n: int = 120) -> None:
    rows = [f"w{at},{at * 0.5},{at * 0.5 + 0.4}" for at in range(n)]
    text = "\n".join(["word,onset,offset", *rows])
    (folder / "transcripts" / f"{story}.csv").write_text(text)


def write_run(folder: Path, subject: str, run: str, values: np.ndarray) -> Path:
    path = folder / "responses" / subject / f"{run}.npy"
    np.save(path, values)
    return path


def write_nifti(
    path: Path, values: np.ndarray, affine: np.ndarray = AFFINE, tr: float = 2.0
) -> Path:
    image = nibabel.Nifti1Image(values.astype(np.float32), affine)
    if values.ndim == 4:
        image.header.set_zooms((4.0, 4.0, 4.0, tr))
        image.header.set_xyzt_units("mm", "sec")
    nibabel.save(image, path)
    return path


def make_volume_folder(folder: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    """One subject, one story, in a volume; its mask [3, 4, 5] and its values [3, 4, 5, TRs]."""
    make_folder(folder, subjects=())
    random = np.random.default_rng(1)
    mask = random.random((3, 4, 5)) > 0.5
    values = random.normal(size=(3, 4, 5, N_TRS)).astype(np.float32)
    (folder / "responses" / "s1").mkdir(parents=True)
    write_nifti(folder / "mask.nii.gz", mask)
    write_nifti(folder / "responses" / "s1" / "fox.nii.gz", values)
    write_settings(folder, space={"name": "native", "kind": "volume", "mask": "mask.nii.gz"})
    return folder, mask, values
