"""Folders as fMRIPrep writes them, with names, sidecars and masks, for tests to spoil."""

import json
from pathlib import Path

import nibabel
import numpy as np

from tests.datasets.folders import AFFINE, write_nifti

TR, N_TRS = 1.5, 40
SHAPE = (3, 4, 5)
MNI = "space-MNI152NLin2009cAsym"
DESCRIPTION = {
    "Name": "fMRIPrep - fMRI PREProcessing workflow",
    "BIDSVersion": "1.4.0",
    "DatasetType": "derivative",
    "SourceDatasets": [{"URL": "https://doi.org/10.18112/openneuro.ds000001", "DOI": "10.18112/x"}],
}


def make_raw(folder: Path) -> Path:
    """A raw data set: two subjects, two stories, which the events say began after 3 s."""
    for sub in ("01", "02"):
        for task in ("fox", "owl"):
            write_events(folder, sub, task, [(3.0, 50.0, "story", f"{task}_audio.wav")])
    return folder


def write_events(folder: Path, sub: str, task: str, rows: list, columns: str = "") -> Path:
    func = folder / f"sub-{sub}" / "func"
    func.mkdir(parents=True, exist_ok=True)
    header = columns or "onset\tduration\ttrial_type\tstim_file"
    path = func / f"sub-{sub}_task-{task}_events.tsv"
    path.write_text("\n".join([header, *("\t".join(map(str, row)) for row in rows)]) + "\n")
    return path


def write_words(folder: Path, *stories: str) -> None:
    (folder / "transcripts").mkdir(exist_ok=True)
    for story in stories:
        rows = [f"w{at},{at * 0.5},{at * 0.5 + 0.4}" for at in range(100)]
        text = "\n".join(["word,onset,offset", *rows])
        (folder / "transcripts" / f"{story}.csv").write_text(text)


def write_sidecar(path: Path, **facts) -> None:
    content = {"RepetitionTime": TR, "SliceTimingCorrected": False, **facts}
    path.write_text(json.dumps(content))


def add_volume(folder: Path, sub: str, task: str, run: str = "", seed: int = 0) -> np.ndarray:
    """A preprocessed run in MNI space, its sidecar and its brain mask; its values."""
    func = folder / f"sub-{sub}" / "func"
    func.mkdir(parents=True, exist_ok=True)
    stem = f"sub-{sub}_task-{task}{f'_run-{run}' if run else ''}_{MNI}_res-2"
    values = np.random.default_rng(seed).normal(size=(*SHAPE, N_TRS)).astype(np.float32)
    write_nifti(func / f"{stem}_desc-preproc_bold.nii.gz", values, tr=TR)
    write_sidecar(func / f"{stem}_desc-preproc_bold.json")
    mask = np.ones(SHAPE)
    mask[0] = 0
    nibabel.save(
        nibabel.Nifti1Image(mask.astype(np.uint8), AFFINE),
        func / f"{stem}_desc-brain_mask.nii.gz",
    )
    return values


def add_surface(
    folder: Path, sub: str, task: str, space: str = "toy", n: int = 6, style: str = "fmriprep"
) -> np.ndarray:
    """A run on both hemispheres, named as fMRIPrep or as AFNI's cleaning names it; its values."""
    func = folder / f"sub-{sub}" / "func"
    func.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(1).normal(size=(N_TRS, 2 * n)).astype(np.float32)
    for side, part in (("L", values[:, :n]), ("R", values[:, n:])):
        arrays = [nibabel.gifti.GiftiDataArray(volume) for volume in part]
        image = nibabel.gifti.GiftiImage(darrays=arrays)
        name = (
            f"sub-{sub}_task-{task}_hemi-{side}_space-{space}_bold"
            if style == "fmriprep"
            else f"sub-{sub}_task-{task}_space-{space}_hemi-{side}_desc-clean"
        )
        nibabel.save(image, func / f"{name}.func.gii")
        if style == "fmriprep":
            write_sidecar(func / f"{name}.json")
    return values


def make_derivatives(raw: Path) -> Path:
    """Volumes of both subjects in ``RAW/derivatives/fmriprep``, with transcripts."""
    folder = raw / "derivatives" / "fmriprep"
    folder.mkdir(parents=True)
    (folder / "dataset_description.json").write_text(json.dumps(DESCRIPTION))
    for sub in ("01", "02"):
        for task in ("fox", "owl"):
            add_volume(folder, sub, task)
    write_words(folder, "fox", "owl")
    return folder
