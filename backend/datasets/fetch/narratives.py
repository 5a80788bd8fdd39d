"""Narratives (Nastase et al. 2021): 345 listeners, 27 stories (ds002345)."""

from dataclasses import replace
from pathlib import Path

from backend.datasets.archives import OPENNEURO, Advance, RemoteFile, list_bucket
from backend.datasets.fetch.source import Fetched, Source, Wanted, fetch_source
from backend.errors import InputError

_GENTLE = "stimuli/gentle/"
_ALIGNED = "/align.csv"
_DERIVATIVES = "afni-nosmooth"
_DESCRIPTION = """\
name: narratives
tr: 1.5
evidence: measured
citation: {citation}
modality: fMRI
bids:
  derivatives: {derivatives}
  space: fsaverage6
  desc: clean
  # Of no use by the authors' scan_exclude.json; take a line out to read the run.
  leave_out:
{left_out}
"""
_LEFT_OUT = {
    "lucy": ("053", "065"),
    "merlin": ("158",),
    "milkyway": ("038", "105", "123"),
    "notthefallintact": ("317", "335"),
    "notthefalllongscram": ("066", "335"),
    "notthefallshortscram": ("333",),
    "pieman": ("021", "022", "038", "056", "068", "069"),
    "pieman_run-1": ("001",),
    "pieman_run-2": ("001", "013", "014"),
    "prettymouth": ("038", "105"),
    "shapessocial": ("238",),
    "slumlordreach": ("139",),
    "tunnel": ("004", "013"),
}
"""Scans that the authors leave out, by task: subjects."""


def fetch_narratives(
    folder: Path,
    subjects: tuple[str, ...] = (),
    stories: tuple[str, ...] = (),
    advance: Advance = lambda n: None,
) -> Fetched:
    """Fetch the word times of the stories, and when each began in each scan of the subjects.

    Downloads from OpenNeuro's bucket, some megabytes: Gentle's ``align.csv`` of each story, and the
    subjects' ``events.tsv``. The preprocessed responses are not there: their authors keep them in a
    DataLad data set (see Notes). Once it lies in the folder, ``encode --dataset`` takes that.

    Parameters
    ----------
    folder : Path
    subjects : tuple of str
        Such as sub-075; by default sub-001.
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
    onset, offset; no header): the data set's own layout. Responses on fsaverage6, a GIFTI for each
    hemisphere, ``sub-*/func/*_task-TASK[_run-N]_space-fsaverage6_hemi-[LR]_desc-clean.func.gii``:
    the authors' github.com/snastase/narratives, ``run_regression.py``.

    Words are timed from the beginning of the sound file, which is the first event with it in
    ``events.tsv`` (the music, where there is some): pieman_audio.wav is 450 s long, of which the
    story takes 422 s after 15 s of music and silence. Other users of the data set count so too,
    with starts of 0, 4.5, 12 and 3 s by story, which are those of the events. ``stim_file`` names
    the story too, such as milkywayvodka for the task milkyway. CC0; the recordings of the stories
    are for non-commercial scholarly use.

    The 27 scans that the authors leave out (poor behaviour, wrong TRs, an inter-subject correlation
    in early auditory cortex below 0.1 or at a lag above 3 TRs) are left out, and named when the
    folder is read: ``code/scan_exclude.json`` of the repository (task, subject, beginnings of
    names), made by its ``exclude_scans.py``. dataset.yaml lists them under ``bids: leave_out``.
    """
    return fetch_source(NARRATIVES, folder, Wanted(subjects, stories), advance)


def _list(wanted: Wanted) -> list[RemoteFile]:
    bucket = wanted.archive or OPENNEURO
    aligned = {
        file.path.removeprefix(_GENTLE).removesuffix(_ALIGNED): file
        for file in list_bucket(f"ds002345/{_GENTLE}", bucket)
        if file.path.endswith(_ALIGNED)
    }
    unknown = sorted(set(wanted.stories) - set(aligned))
    if unknown:
        raise InputError(
            f"narratives has no story {unknown[0]!r}; it has {', '.join(sorted(aligned))}."
        )
    words = [
        replace(aligned[story], path=f"transcripts/{story}.csv")
        for story in wanted.stories or aligned
    ]
    events = [
        file
        for subject in NARRATIVES.choose(wanted)
        for file in list_bucket(f"ds002345/{subject}/func/", bucket)
        if file.path.endswith("_events.tsv")
    ]
    return [*words, *events]


def _arrange(folder: Path) -> Path:
    names = [f"sub-{number}_task-{task}" for task, them in _LEFT_OUT.items() for number in them]
    text = _DESCRIPTION.format(
        citation=NARRATIVES.citation,
        derivatives=_DERIVATIVES,
        left_out="\n".join(f"  - {name}" for name in names),
    )
    (folder / "dataset.yaml").write_text(text, encoding="utf-8")
    return folder


NARRATIVES = Source(
    name="narratives",
    title="The Narratives fMRI dataset (OpenNeuro ds002345): word times and events",
    licence="CC0; the stories' recordings for non-commercial scholarly use",
    citation="Nastase et al. 2021, Scientific Data 8, 250",
    page="https://openneuro.org/datasets/ds002345",
    size="some MB of word times and events; responses are fetched with DataLad",
    subjects=tuple(f"sub-{number:03d}" for number in range(1, 346)),
    list_files=_list,
    arrange=_arrange,
    after="datalad install -s https://datasets.datalad.org/labs/hasson/narratives/derivatives/"
    f"afni-nosmooth {{path}}/{_DERIVATIVES} && cd {{path}}/{_DERIVATIVES} && datalad get "
    "sub-001/func/*space-fsaverage6*; then: python -m backend encode --dataset {path} "
    "--subject sub-001",
)
