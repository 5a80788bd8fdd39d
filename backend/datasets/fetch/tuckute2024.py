"""Tuckute et al. 2024: 1,000 sentences, five listeners' language regions."""

import io
import tarfile
from pathlib import Path

import pandas as pd

from backend.datasets.archives import Advance, RemoteFile
from backend.datasets.fetch.source import Fetched, Source, Wanted, fetch_source
from backend.errors import InputError

_EVLAB = "https://evlabwebapps.mit.edu"
_TAR = "data.tar"
_CSV = "brain-lang-data_participant_20230728.csv"
_TABLE = "tuckute2024.csv"
_BASELINE = "B"
_COLUMNS = ("item_id", "sentence", "roi", "cond", "response_target")


def fetch_tuckute2024(folder: Path, advance: Advance = lambda n: None) -> Fetched:
    """Fetch responses to 1,000 sentences, as a table of sentences.

    Downloads one tar of 28 MB from the authors' server, which states no checksum, and makes
    ``tuckute2024.csv`` of it: a row per sentence in the order of ``item_id``, a column per region,
    averaged over participants.

    Parameters
    ----------
    folder : Path
    advance : callable
        Told of bytes as they come.

    Returns
    -------
    Fetched
        Its path is the table.

    Raises
    ------
    InputError
        As :func:`backend.datasets.archives.fetch_files`; or if the tar does not hold the table.

    Notes
    -----
    The tar's address and size, its file and columns: the authors' github.com/gretatuckute/
    drive_suppress_brains, ``setup_utils/download_files.py`` and README. Condition ``B`` is the
    baseline set of 1,000 sentences, which five participants read; the others were chosen by a model
    to drive or suppress the responses, and are left out. Sentences were read singly, in random
    order, so that neighbours in the table are not neighbours in time.
    """
    return fetch_source(TUCKUTE2024, folder, Wanted(), advance)


def _list(wanted: Wanted) -> list[RemoteFile]:
    address = f"{wanted.archive or _EVLAB}/public_data/tuckute2024_driving_suppressing/{_TAR}"
    return [RemoteFile(_TAR, address)]


def _arrange(folder: Path) -> Path:
    frame = _read(folder / _TAR)
    lacking = [name for name in _COLUMNS if name not in frame.columns]
    if lacking:
        raise InputError(f"{_CSV} has no column {lacking[0]!r}; it is not the file it was.")
    baseline = frame[(frame["cond"] == _BASELINE) & frame["roi"].str.startswith("lang_LH")]
    table = baseline.pivot_table(
        index=["item_id", "sentence"], columns="roi", values="response_target", aggfunc="mean"
    )
    out = folder / _TABLE
    table.dropna().reset_index().drop(columns="item_id").to_csv(out, index=False)
    return out


def _read(path: Path) -> pd.DataFrame:
    """Read the one file of the tar that is needed; nothing is unpacked."""
    try:
        with tarfile.open(path) as tar:
            member = next((each for each in tar if each.name.endswith(f"/{_CSV}")), None)
            stream = None if member is None else tar.extractfile(member)
            if stream is None:
                raise InputError(f"{path.name} holds no {_CSV}; the archive has changed.")
            return pd.read_csv(io.BytesIO(stream.read()))
    except (tarfile.TarError, EOFError, ValueError) as error:
        path.unlink()
        raise InputError(
            f"{path.name} is no whole tar ({error}). It was removed; give the same command again."
        ) from error


TUCKUTE2024 = Source(
    name="tuckute2024",
    title="Driving and suppressing the human language network: 1,000 baseline sentences",
    licence="as github.com/gretatuckute/drive_suppress_brains says",
    citation="Tuckute et al. 2024, Nature Human Behaviour 8, 544-561",
    page="https://github.com/gretatuckute/drive_suppress_brains",
    size="28 MB",
    subjects=(),
    list_files=_list,
    arrange=_arrange,
    after="python -m backend encode --dataset {path} --sentence sentence --response lang_LH_netw",
)
