"""Deniz et al. 2019: the same stories read and heard (GIN)."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np

from backend.datasets.archives import OPENNEURO, Advance, RemoteFile, list_bucket
from backend.datasets.fetch.source import Fetched, Source, Wanted, fetch_source
from backend.errors import InputError
from backend.stimuli import read_words

_GIN = "https://gin.g-node.org"
_REPOSITORY = "denizenslab/narratives_reading_listening_fmri/raw"
_REVISION = "d51d64bf5026441edfbec804d6ffeaea92bb3018"
_MODALITIES = ("reading", "listening")
_PARTS = ("trn", "val")
# In the order of their numbers, which is that of the alphabet; the last is the repeated one.
_STORIES = (
    "alternateithicatom", "avatar", "howtodraw", "legacy", "life", "myfirstdaywiththeyankees",
    "naked", "odetostepfather", "souls", "undertheinfluence", "wheretheressmoke",
)  # fmt: skip
_TR, _SILENCE = 2.0045, 10.0
_TOLERANCE = 15.0
_DESCRIPTION = """\
name: deniz2019-{modality}
tr: {tr}
evidence: measured
citation: {citation}
modality: fMRI, {modality}
space: {{name: "{{subject}}", kind: parcels}}
start: {start}
test_stories: [wheretheressmoke]
nan: zero
"""


def fetch_deniz2019(
    folder: Path, subjects: tuple[str, ...] = (), advance: Advance = lambda n: None
) -> Fetched:
    """Fetch subjects' responses to reading and to listening, as two folders of stories.

    Downloads from GIN, at a fixed revision: per subject four HDF5 files (reading and listening,
    training and test), and from OpenNeuro's ds003020 the word times of the same stories. GIN states
    neither size nor checksum beforehand; a file that ends before the length which it announces is
    asked for again. The stories are written out once more as ``.npy``, in 32 bits.

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
        With the folders ``reading`` and ``listening``, which ``encode --dataset`` takes.

    Raises
    ------
    InputError
        As :func:`backend.datasets.archives.fetch_files`; or if a story's length is not that of its
        words.

    Notes
    -----
    Six subjects, arrays of time x voxels for each run, ten stories of training data and one, story
    11, repeated twice; 10 s (5 volumes) of silence before and after each story: the repository's
    README. ``responses/subjectNN_MODALITY_fmri_data_{trn,val}.hdf`` with an array ``story_NN`` for
    each story, [repeats, TRs, voxels] for the test story, and volumes every 2.0045 s: code of the
    authors and of those who use it. That the numbers follow the alphabet is how others use them and
    is stated nowhere that was found; so the length of each run is compared with its story's words,
    and another order is refused. The repository's ``stimuli`` hold the texts without times; words
    were shown as they were spoken (the paper), so that one table of times serves both.
    """
    return fetch_source(DENIZ2019, folder, Wanted(subjects), advance)


def _list(wanted: Wanted) -> list[RemoteFile]:
    home = f"{wanted.archive or _GIN}/{_REPOSITORY}/{_REVISION}"
    names = [
        f"responses/{subject}_{modality}_fmri_data_{part}.hdf"
        for subject in DENIZ2019.choose(wanted)
        for modality in _MODALITIES
        for part in _PARTS
    ]
    responses = [RemoteFile(name, f"{home}/{name}") for name in ("README.md", "LICENSE", *names)]
    words = {
        Path(file.path).stem: replace(file, path=f"words/{Path(file.path).name}")
        for file in list_bucket("ds003020/derivative", wanted.archive or OPENNEURO)
        if "/TextGrids/" in file.path and file.path.endswith(".TextGrid")
    }
    lacking = [story for story in _STORIES if story not in words]
    if lacking:
        raise InputError(f"ds003020 has no word times of {lacking[0]}; it is not what it was.")
    return [*responses, *(words[story] for story in _STORIES)]


def _arrange(folder: Path) -> Path:
    seconds = {
        story: max(words.seconds for words in read_words(folder / "words" / f"{story}.TextGrid"))
        for story in _STORIES
    }
    for modality in _MODALITIES:
        home = folder / modality
        (home / "transcripts").mkdir(parents=True, exist_ok=True)
        for story in _STORIES:
            words = (folder / "words" / f"{story}.TextGrid").read_bytes()
            (home / "transcripts" / f"{story}.TextGrid").write_bytes(words)
        for path in sorted((folder / "responses").glob(f"*_{modality}_fmri_data_*.hdf")):
            _unpack(path, home / "responses" / path.name.partition("_")[0], seconds)
        text = _DESCRIPTION.format(
            modality=modality, tr=_TR, citation=DENIZ2019.citation, start=-_SILENCE
        )
        (home / "dataset.yaml").write_text(text, encoding="utf-8")
    return folder


def _unpack(path: Path, out: Path, seconds: dict[str, float]) -> None:
    """Write each story of a file as arrays [TRs, voxels], one for each repeat."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        with h5py.File(path, "r") as file:
            for key in sorted(file):
                number = key.removeprefix("story_")
                if not number.isdecimal() or not 1 <= int(number) <= len(_STORIES):
                    raise InputError(f"{path.name} holds {key!r}; story_01 to story_11 were known.")
                story = _STORIES[int(number) - 1]
                values = np.asarray(file[key], dtype=np.float32)
                runs = values if values.ndim == 3 else values[None]
                _require_length(path, story, runs.shape[1], seconds[story])
                for repeat, run in enumerate(runs, 1):
                    name = f"{story}.run-{repeat}.npy" if len(runs) > 1 else f"{story}.npy"
                    if not (out / name).exists():
                        part = out / f".{name}"
                        np.save(part, run)
                        part.replace(out / name)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read as HDF5 ({str(error)[:120]}).") from error


def _require_length(path: Path, story: str, n_trs: int, seconds: float) -> None:
    told = n_trs * _TR - 2 * _SILENCE
    if abs(told - seconds) > _TOLERANCE:
        raise InputError(
            f"{path.name}: the run of {story} leaves {told:.0f} s for a story of {seconds:.0f} s, "
            "so that the stories are not in the order that was known; the responses lie there, and "
            "can be described by hand (README, Your own stories)."
        )


DENIZ2019 = Source(
    name="deniz2019",
    title="The same stories read and heard (GIN, denizenslab/narratives_reading_listening_fmri)",
    licence="as its LICENSE says, which is fetched too; word times CC0",
    citation="Deniz et al. 2019, Journal of Neuroscience 39, 7722-7736",
    page="https://gin.g-node.org/denizenslab/narratives_reading_listening_fmri",
    size="four HDF5 files for each subject, of unstated size; the first by default",
    subjects=tuple(f"subject{number:02d}" for number in (1, 2, 3, 5, 7, 8)),
    list_files=_list,
    arrange=_arrange,
    after="python -m backend encode --dataset {path}/reading --subject subject01   # or listening",
)
