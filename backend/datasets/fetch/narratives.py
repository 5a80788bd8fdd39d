"""Narratives (Nastase et al. 2021): 345 listeners, 27 stories (ds002345)."""

from pathlib import Path

from backend.datasets.archives import OPENNEURO, Advance, RemoteFile, list_bucket
from backend.datasets.fetch.source import Fetched, Source, Wanted, as_it_is, fetch_source


def fetch_narratives(
    folder: Path, stories: tuple[str, ...] = (), advance: Advance = lambda n: None
) -> Fetched:
    """Fetch the word times of the stories, as Gentle aligned them.

    Downloads ``stimuli/gentle/STORY`` from OpenNeuro's bucket, some megabytes. The preprocessed
    responses are not there: their authors keep them in a DataLad data set (see Notes).

    Parameters
    ----------
    folder : Path
    stories : tuple of str
        Such as pieman; by default all.
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
    345 subjects, 891 scans, 27 stories; a volume every 1.5 s; derivatives through DataLad: the
    paper (10.1038/s41597-021-01033-3). ``stimuli/gentle/STORY/align.csv`` (word, word as aligned,
    onset, offset; no header): the data set's own layout. Responses on fsaverage6, one GIFTI for
    each hemisphere: ``datalad install
    https://datasets.datalad.org/labs/hasson/narratives/derivatives/afni-nosmooth``, then ``datalad
    get`` of ``sub-*/func/*_task-STORY_space-fsaverage6_hemi-[LR]_desc-clean.func.gii``. When a
    story begins within its scan differs by story and stands in each scan's ``events.tsv``. CC0; the
    recordings of the stories are for non-commercial scholarly use.
    """
    return fetch_source(NARRATIVES, folder, Wanted(stories=stories), advance)


def _list(wanted: Wanted) -> list[RemoteFile]:
    bucket = wanted.archive or OPENNEURO
    places = [f"ds002345/stimuli/gentle/{story}/" for story in wanted.stories]
    return [
        file
        for place in places or ["ds002345/stimuli/gentle/"]
        for file in list_bucket(place, bucket)
    ]


NARRATIVES = Source(
    name="narratives",
    title="The Narratives fMRI dataset (OpenNeuro ds002345): word times",
    licence="CC0; the stories' recordings for non-commercial scholarly use",
    citation="Nastase et al. 2021, Scientific Data 8, 250",
    page="https://openneuro.org/datasets/ds002345",
    size="some MB of word times; responses are fetched with DataLad",
    subjects=(),
    list_files=_list,
    arrange=as_it_is,
    after="datalad install https://datasets.datalad.org/labs/hasson/narratives/derivatives/"
    "afni-nosmooth   # the responses; then describe both in a dataset.yaml",
)
