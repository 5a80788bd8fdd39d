"""Holmes and FlashHolmes (Waldis et al. 2024): probing data sets of linguistic competence."""

import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from backend.datasets.archives import Advance, RemoteFile
from backend.datasets.fetch.source import Fetched, Source, Wanted, fetch_source
from backend.errors import InputError

_DRIVE = "https://drive.usercontent.google.com"
_GITHUB = "https://raw.githubusercontent.com"
_COMMIT = "c19c3a3dd8b654570577ede8d753046e261280ea"
_PAGE = "https://github.com/Holmes-Benchmark/holmes-evaluation"
# The archives, by the number that their address has.
_ZIPS = {
    "holmes": ("holmes-free.zip", "1sStwl0dFrg7GnyQ4SqBOTbfH93EArnqJ"),
    "flash-holmes": ("flash-holmes.zip", "1VK3xR_ZMQUBIRgY8JElHlqtxGsgLTWm3"),
}


def fetch_holmes(folder: Path, advance: Advance = lambda n: None) -> Fetched:
    """Fetch the freely available probing data sets of Holmes.

    Downloads one zip, of a size that the archive does not state, and the leaderboard's table, which
    says what subfield of linguistics each data set belongs to.

    Parameters
    ----------
    folder : Path
    advance : callable
        Told of bytes as they come.

    Returns
    -------
    Fetched
        Its path is the folder that ``probe --holmes`` takes.

    Raises
    ------
    InputError
        As :func:`backend.datasets.archives.fetch_files`; or if no zip came.

    Notes
    -----
    The numbers of the zips: the authors' ``data/holmes/download.py`` and
    ``data/flash-holmes/download.py``, at the commit of 14 October 2024. Data sets made of licensed
    treebanks are not among them; their authors give them to those who hold the licences.
    """
    return fetch_source(HOLMES, folder, Wanted(), advance)


def fetch_flash_holmes(folder: Path, advance: Advance = lambda n: None) -> Fetched:
    """Fetch FlashHolmes, the smaller selection; as :func:`fetch_holmes`."""
    return fetch_source(FLASH_HOLMES, folder, Wanted(), advance)


def _list(name: str, wanted: Wanted) -> list[RemoteFile]:
    zipped, number = _ZIPS[name]
    table = f"leaderboards/{name}.csv"
    place = f"Holmes-Benchmark/holmes-evaluation/{_COMMIT}/data/{table}"
    return [
        RemoteFile(
            zipped, f"{wanted.archive or _DRIVE}/download?id={number}&export=download&confirm=t"
        ),
        RemoteFile(table, f"{wanted.archive or _GITHUB}/{place}"),
    ]


def _arrange(name: str, folder: Path) -> Path:
    path = folder / _ZIPS[name][0]
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
    except (zipfile.BadZipFile, EOFError) as error:
        path.unlink()
        raise InputError(
            f"what came as {path.name} is no whole zip: the archive may have asked for a person. "
            f"It was removed. Download it by hand as {_PAGE} says, put it into {folder}, and give "
            "the same command again."
        ) from error
    except OSError as error:
        raise InputError(
            f"{path.name} cannot be unpacked: {error.strerror or error}. Make room, and give the "
            "same command again."
        ) from error
    return folder


def _source(name: str, title: str) -> Source:
    arrange: Callable[[Path], Path] = partial(_arrange, name)
    return Source(
        name=name,
        title=title,
        licence="of each data set its own: see the paper's appendix",
        citation="Waldis et al. 2024, TACL 12, 1616-1647",
        page=_PAGE,
        size="one zip, of a size that the archive does not state",
        subjects=(),
        list_files=partial(_list, name),
        arrange=arrange,
        after="python -m backend probe --model minilm-l6 --holmes {path}",
    )


HOLMES = _source("holmes", "Holmes: probing data sets of linguistic competence, the free ones")
FLASH_HOLMES = _source("flash-holmes", "FlashHolmes: a smaller selection of Holmes")
