"""Pereira et al. 2018: the sentences and passages (OSF)."""

from pathlib import Path

from backend.datasets.archives import Advance, RemoteFile
from backend.datasets.fetch.source import Fetched, Source, Wanted, fetch_source
from backend.datasets.pereira_files import tabulate_subjects

_OSF = "https://osf.io"


def fetch_pereira2018(folder: Path, advance: Advance = lambda n: None) -> Fetched:
    """Fetch the materials of the experiments: sentences, concepts, word vectors and masks.

    Downloads one zip of 276 MB from OSF. It holds no responses (see Notes).

    Parameters
    ----------
    folder : Path
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
    ``Pereira_Materials.zip`` is osf.io/download/hmgv2, of the project osf.io/crwz7. Sixteen
    subjects; 384 and 243 sentences in passages: the paper (10.1038/s41467-018-03068-4). Each
    subject's responses (``P01/examples_384sentences.mat``, ``P01/examples_243sentences.mat``) are
    downloaded one by one from evlab.mit.edu/sites/default/files/documents/index2.html, a page
    made for people. Put such folders into this one and give the command again: a table of sentences
    is made of each, ``P01.csv``, with the mean of each network's voxels.

    In these MATLAB files: ``examples`` [sentences, voxels], ``keySentences``,
    ``labelsPassageForEachSentence``: code of Brain-Score Language, ``pereira2018``. Names of
    networks in ``meta.atlases``, each with its regions' columns, counted from 1, in
    ``meta.roiColumns``; later releases call the files ``data_...`` and the responses
    ``examples_passagesentences``: code of those who use them.
    """
    return fetch_source(PEREIRA2018, folder, Wanted(), advance)


def _list(wanted: Wanted) -> list[RemoteFile]:
    return [RemoteFile("Pereira_Materials.zip", f"{wanted.archive or _OSF}/download/hmgv2/")]


PEREIRA2018 = Source(
    name="pereira2018",
    title="Toward a universal decoder of linguistic meaning (OSF crwz7): materials",
    licence="CC BY 4.0",
    citation="Pereira et al. 2018, Nature Communications 9, 963",
    page="https://osf.io/crwz7/",
    size="276 MB; responses are downloaded by hand",
    subjects=(),
    list_files=_list,
    arrange=tabulate_subjects,
    after="download subjects' responses (P01, M02, ...) from "
    "https://evlab.mit.edu/sites/default/files/documents/index2.html into {path} and give this "
    "command again; then: python -m backend encode --dataset {path}/P01.csv --sentence sentence "
    "--group passage --response languageLH",
)
