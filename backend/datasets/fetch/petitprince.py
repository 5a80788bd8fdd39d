"""Le Petit Prince (Li et al. 2022): 112 listeners in three languages (ds003643)."""

from pathlib import Path

from backend.datasets.archives import OPENNEURO, Advance, RemoteFile, list_bucket
from backend.datasets.fetch.source import Fetched, Source, Wanted, as_it_is, fetch_source

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
    language the annotations (word times as TextGrid and CSV), under the archive's own names.

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
    (10.1038/s41597-022-01625-7), where the sound begins 8 s (4 volumes) after a section's first
    trigger. A volume every 2.0 s, ``derivatives/SUBJECT/func/*_space-MNIColin27_desc-preproc_bold
    .nii.gz``, ``annotation/LANGUAGE/lppLANGUAGE_sectionN.TextGrid`` and CC0: ds003643 2.0.5. The
    number of a run in a file's name need not be its section's; in order, the nine runs are the nine
    sections. Whether released runs keep the first four volumes is not stated: compare their lengths
    with the sections' before choosing ``start`` in dataset.yaml.
    """
    return fetch_source(PETITPRINCE, folder, Wanted(subjects), advance)


def _list(wanted: Wanted) -> list[RemoteFile]:
    bucket = wanted.archive or OPENNEURO
    subjects = PETITPRINCE.choose(wanted)
    languages = sorted({subject[4:6] for subject in subjects})
    places = [
        *(f"ds003643/annotation/{language}/" for language in languages),
        *(f"ds003643/derivatives/{subject}/func/" for subject in subjects),
    ]
    return [file for place in places for file in list_bucket(place, bucket)]


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
    arrange=as_it_is,
    after="describe the sections in a dataset.yaml (README, Your own stories)",
)
