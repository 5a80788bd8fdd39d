"""LeBel et al. 2023: eight listeners, up to 84 stories, voxels, pycortex surfaces (ds003020)."""

from dataclasses import replace
from pathlib import Path

from backend.datasets.archives import OPENNEURO, Advance, RemoteFile, list_bucket
from backend.datasets.fetch.source import Fetched, Source, Wanted, fetch_source
from backend.errors import InputError

_TEXTGRIDS, _RESPONSES = "TextGrids/", "preprocessed_data/"
_DESCRIPTION = """\
name: lebel2023
tr: 2.0
evidence: measured
citation: {citation}
modality: fMRI
space: {{name: "{{subject}}", kind: parcels, transform: "{{subject}}_auto"}}
start: 10.0
test_stories: [wheretheressmoke]
nan: zero
"""


def fetch_lebel2023(
    folder: Path,
    subjects: tuple[str, ...] = (),
    stories: tuple[str, ...] = (),
    advance: Advance = lambda n: None,
) -> Fetched:
    """Fetch word times and preprocessed responses as a folder of stories.

    Downloads from OpenNeuro's bucket over HTTPS, without an account: a TextGrid per story (1 MB)
    and, per subject and story, a ``.hf5`` of 100 to 2,500 MB; some 20 GB for one of the three
    subjects with 84 stories. Checked by size, and by MD5 where the bucket states one.

    Parameters
    ----------
    folder : Path
    subjects : tuple of str
        UTS01 to UTS08; by default UTS01.
    stories : tuple of str
        By default all that a subject heard.
    advance : callable
        Told of bytes as they come.

    Returns
    -------
    Fetched
        Its path is what ``encode --dataset`` takes.

    Raises
    ------
    InputError
        As :func:`backend.datasets.archives.fetch_files`.

    Notes
    -----
    Facts and where they stand. Eight participants, 27 stories each: the abstract of the paper
    (10.1038/s41597-023-02437-z). ``TextGrids`` and ``preprocessed_data/SUBJECT/STORY.hf5`` under
    ``derivative`` (later snapshots: ``derivatives``): the authors' code, github.com/HuthLab/
    deep-fMRI-dataset, ``load_textgrids`` and ``get_response``. There too: volumes every 2.0 s,
    sound from 10 s after the first, features cut by 10 volumes at the start and 5 at the end
    (``load_simulated_trfiles``, ``apply_zscore_and_hrf``) to fit the responses, so that the first
    row of a response was recorded 10 s into the story. The array is named ``data``, [TRs, voxels];
    the test story, wheretheressmoke, was repeated, and has ``individual_repeats``, [repeats, TRs,
    voxels], too: code of those who use it. These are read in place of their mean, so that they
    give the noise ceiling. NaN becomes 0, each voxel's mean, as in that code. Voxels are those of
    a pycortex mask, in its order, under the transform SUBJECT_auto; the subjects' surfaces are in
    ``pycortex-db`` (``datalad get``, or ``aws s3 sync --no-sign-request``). CC0.
    """
    return fetch_source(LEBEL2023, folder, Wanted(subjects, stories), advance)


def _list(wanted: Wanted) -> list[RemoteFile]:
    subjects = LEBEL2023.choose(wanted)
    places = (_TEXTGRIDS, *(f"{_RESPONSES}{subject}/" for subject in subjects))
    found = []
    for file in list_bucket("ds003020/derivative", wanted.archive or OPENNEURO):
        # The folder is called derivative or derivatives, by snapshot.
        inside = file.path.partition("/")[2]
        if inside.startswith(places) and Path(inside).suffix in (".TextGrid", ".hf5"):
            path = inside.replace(_TEXTGRIDS, "transcripts/").replace(_RESPONSES, "responses/")
            found.append(replace(file, path=path))
    heard = {Path(file.path).stem for file in found if file.path.startswith("responses/")}
    stories = heard & set(wanted.stories or heard)
    unknown = sorted(set(wanted.stories) - heard)
    if unknown:
        raise InputError(
            f"lebel2023 has no story {unknown[0]!r}; it has {', '.join(sorted(heard))}."
        )
    return [file for file in found if Path(file.path).stem in stories]


def _arrange(folder: Path) -> Path:
    text = _DESCRIPTION.format(citation=LEBEL2023.citation)
    (folder / "dataset.yaml").write_text(text, encoding="utf-8")
    return folder


LEBEL2023 = Source(
    name="lebel2023",
    title="A natural language fMRI dataset for voxelwise encoding models (OpenNeuro ds003020)",
    licence="CC0",
    citation="LeBel et al. 2023, Scientific Data 10, 555",
    page="https://openneuro.org/datasets/ds003020",
    size="about 20 GB for a subject with 84 stories; the first subject by default",
    subjects=tuple(f"UTS{number:02d}" for number in range(1, 9)),
    list_files=_list,
    arrange=_arrange,
    after="python -m backend encode --dataset {path} --subject UTS01",
)
