"""Deniz et al. 2019: the same stories read and heard (GIN)."""

from pathlib import Path

from backend.datasets.archives import Advance, RemoteFile
from backend.datasets.fetch.source import Fetched, Source, Wanted, as_it_is, fetch_source

_GIN = "https://gin.g-node.org"
_REPOSITORY = "denizenslab/narratives_reading_listening_fmri/raw"
_REVISION = "d51d64bf5026441edfbec804d6ffeaea92bb3018"


def fetch_deniz2019(
    folder: Path, subjects: tuple[str, ...] = (), advance: Advance = lambda n: None
) -> Fetched:
    """Fetch subjects' responses to reading and to listening, and the data set's own description.

    Downloads from GIN, at a fixed revision: per subject four HDF5 files (reading and listening,
    training and test). GIN states neither size nor checksum beforehand; a file that ends before the
    length which it announces is asked for again.

    Parameters
    ----------
    folder : Path
    subjects : tuple of str
        subject01, 02, 03, 05, 07 and 08; by default subject01.
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
    Six subjects, arrays of time x voxels for each run, ten stories of training data and one, story
    11, repeated twice; 10 s (5 volumes) of silence before and after each story: the repository's
    README. ``responses/subjectNN_MODALITY_fmri_data_{trn,val}.hdf`` with one array for each story,
    and volumes every 2.0045 s: code of the authors and of those who use it. The words and their
    times are in the repository's ``stimuli``, to be fetched with git-annex or ``gin``.
    """
    return fetch_source(DENIZ2019, folder, Wanted(subjects), advance)


def _list(wanted: Wanted) -> list[RemoteFile]:
    home = f"{wanted.archive or _GIN}/{_REPOSITORY}/{_REVISION}"
    names = [
        f"responses/{subject}_{modality}_fmri_data_{part}.hdf"
        for subject in DENIZ2019.choose(wanted)
        for modality in ("reading", "listening")
        for part in ("trn", "val")
    ]
    return [RemoteFile(name, f"{home}/{name}") for name in ("README.md", "LICENSE", *names)]


DENIZ2019 = Source(
    name="deniz2019",
    title="The same stories read and heard (GIN, denizenslab/narratives_reading_listening_fmri)",
    licence="as its LICENSE says, which is fetched too",
    citation="Deniz et al. 2019, Journal of Neuroscience 39, 7722-7736",
    page="https://gin.g-node.org/denizenslab/narratives_reading_listening_fmri",
    size="four HDF5 files for each subject, of unstated size; the first by default",
    subjects=tuple(f"subject{number:02d}" for number in (1, 2, 3, 5, 7, 8)),
    list_files=_list,
    arrange=as_it_is,
    after="describe the stories in a dataset.yaml (README, Your own stories)",
)
