"""Le Petit Prince (Li et al. 2022): 112 listeners in three languages (ds003643)."""

import re
from dataclasses import replace
from pathlib import Path

from backend.datasets.archives import OPENNEURO, Advance, RemoteFile, list_bucket
from backend.datasets.fetch.source import Fetched, Source, Wanted, fetch_source
from backend.datasets.volumes import write_varying
from backend.errors import InputError

N_SECTIONS = 9
_RUN = re.compile(r"_run-(\d+)_space-MNIColin27_desc-preproc_bold\.nii\.gz$")
_DESCRIPTION = """\
name: petitprince
tr: 2.0
evidence: measured
citation: {citation}
modality: fMRI
space: {{name: MNIColin27, kind: volume, mask: "masks/{{subject}}.nii.gz"}}
start: 0.0
"""

# Numbers in use, by language; others were left out by the authors.
_NUMBERS = {
    "EN": sorted({*range(57, 116)} - {60, 66, 71, 80, 85, 90, 102, 107, 111, 112}),
    "FR": sorted({*range(1, 31)} - {21, 27}),
    "CN": sorted({*range(1, 38)} - {12, 35}),
}


def fetch_petitprince(
    folder: Path, subjects: tuple[str, ...] = (), advance: Advance = lambda n: None
) -> Fetched:
    """Fetch subjects' preprocessed runs and the annotations of their languages.

    Downloads from OpenNeuro's bucket: per subject nine NIfTI files of some 80 MB each, and per
    language nine TextGrids of word times. They become a folder of stories, one for each section.

    Parameters
    ----------
    folder : Path
    subjects : tuple of str
        Such as sub-EN057, sub-FR001, sub-CN001; by default sub-EN057.
    advance : callable
        Told of bytes as they come.

    Returns
    -------
    Fetched

    Raises
    ------
    InputError
        As :func:`backend.datasets.archives.fetch_files`.

    Notes
    -----
    49 English, 35 Chinese and 28 French listeners, nine sections: the paper
    (10.1038/s41597-022-01625-7). A volume every 2.0 s, ``derivatives/SUBJECT/func/
    *_space-MNIColin27_desc-preproc_bold.nii.gz``, ``annotation/LANGUAGE/lppLANGUAGE_sectionN
    .TextGrid`` and CC0: ds003643 2.0.7. Its README (since 2.0.6) counts the volumes of each
    section: the preprocessed runs begin with the sound in all three languages and go on for 0
    (Chinese), 8 (English) or 4 s (French) after it, so that ``start`` is 0. The number of a run in
    a file's name need not be its section's; in order, the nine runs are the nine sections, and
    each subject of 2.0.7 has nine. The derivatives hold no mask: it is made here of the voxels
    that vary in every run.
    """
    return fetch_source(PETITPRINCE, folder, Wanted(subjects), advance)


def _list(wanted: Wanted) -> list[RemoteFile]:
    bucket = wanted.archive or OPENNEURO
    subjects = PETITPRINCE.choose(wanted)
    files = []
    for language in sorted({subject[4:6] for subject in subjects}):
        for file in list_bucket(f"ds003643/annotation/{language}/", bucket):
            if file.path.endswith(".TextGrid"):
                files.append(replace(file, path=f"transcripts/{Path(file.path).name}"))
    for subject in subjects:
        files += _sections(subject, list_bucket(f"ds003643/derivatives/{subject}/func/", bucket))
    return files


def _sections(subject: str, files: list[RemoteFile]) -> list[RemoteFile]:
    """Name a subject's runs, in order, by the sections that were heard in them."""
    runs = {
        int(found.group(1)): file for file in files if (found := _RUN.search(file.path)) is not None
    }
    if len(runs) != N_SECTIONS:
        raise InputError(
            f"{subject} has {len(runs)} runs in the archive, and there are {N_SECTIONS} sections, "
            "so that it cannot be told which run is which; fetch another subject."
        )
    story = f"lpp{subject[4:6]}_section"
    return [
        replace(runs[run], path=f"responses/{subject}/{story}{section}.nii.gz")
        for section, run in enumerate(sorted(runs), 1)
    ]


def _arrange(folder: Path) -> Path:
    for subject in sorted((folder / "responses").glob("sub-*")):
        mask = folder / "masks" / f"{subject.name}.nii.gz"
        if not mask.exists():
            write_varying(sorted(subject.glob("*.nii.gz")), mask)
    text = _DESCRIPTION.format(citation=PETITPRINCE.citation)
    (folder / "dataset.yaml").write_text(text, encoding="utf-8")
    return folder


PETITPRINCE = Source(
    name="petitprince",
    title="Le Petit Prince multilingual naturalistic fMRI corpus (OpenNeuro ds003643)",
    licence="CC0",
    citation="Li et al. 2022, Scientific Data 9, 530",
    page="https://openneuro.org/datasets/ds003643",
    size="about 0.7 GB for each subject; the first English one by default",
    subjects=tuple(
        f"sub-{language}{number:03d}" for language, known in _NUMBERS.items() for number in known
    ),
    list_files=_list,
    arrange=_arrange,
    after="python -m backend encode --dataset {path} --subject sub-EN057",
)
