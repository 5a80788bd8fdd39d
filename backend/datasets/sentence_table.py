"""Read sentences and responses from a CSV or TSV table, and say plainly what is wrong with one."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backend.datasets.recording import SentenceRecording
from backend.errors import InputError
from backend.stimuli import Sentences

MAX_BYTES = 20_000_000
MAX_SENTENCES = 5_000
MIN_SENTENCES = 20
_SHOWN = 5


def read_sentence_table(
    path: Path, sentence: str, responses: Sequence[str], group: str | None = None
) -> SentenceRecording:
    """Read a table with one row per sentence, in the order of presentation.

    Parameters
    ----------
    path : Path
        UTF-8 file with a header: comma-separated, or tab-separated when it ends in ``.tsv``.
    sentence : str
        Column of the sentences.
    responses : sequence of str
        Columns of numbers, one per target (a region, a parcel, a participant).
    group : str, optional
        Column that names each sentence's passage or story.

    Returns
    -------
    SentenceRecording
        Sentences, responses in float32, and integer group codes in order of appearance.

    Raises
    ------
    InputError
        If the file is missing, empty, too large, not UTF-8 or not a table; if a column is not
        there; if there are fewer than 20 or more than 5,000 rows; if a sentence or a group is
        blank; if a response is missing, not a number, infinite or constant; if ``group`` names
        only one group.
    """
    table = _read_table(path)
    wanted = [sentence, *responses, *([group] if group else [])]
    _require_columns(path, table, wanted)
    _require_rows(path, len(table))
    recording = SentenceRecording(
        sentences=Sentences(
            texts=_texts(table[sentence], sentence),
            groups=_group_codes(table[group], group) if group else None,
        ),
        responses=np.column_stack([_numbers(table[name], name) for name in responses]),
        targets=tuple(responses),
    )
    return recording


def column_names(path: Path) -> list[str]:
    """Names in the header of a sentence table.

    Parameters
    ----------
    path : Path
        As for :func:`read_sentence_table`.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        If the file cannot be read as a table.
    """
    return [str(name) for name in _read_table(path).columns]


def require_size(name: str, n_bytes: int) -> None:
    """Refuse a table that is too large, before it is read.

    Parameters
    ----------
    name : str
        The file's.
    n_bytes : int

    Raises
    ------
    InputError
    """
    if n_bytes > MAX_BYTES:
        raise InputError(
            f"{name} has {n_bytes / 1e6:.1f} MB; sentence tables of up to "
            f"{MAX_BYTES / 1e6:.0f} MB are accepted. Keep the sentence, response and group "
            "columns and drop the others, or split the file by session."
        )


def _read_table(path: Path) -> pd.DataFrame:
    text = _read_text(path)
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        # Every cell as text: pandas would otherwise read the sentence "None" as a missing value.
        table = pd.read_csv(io.StringIO(text), sep=separator, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, csv.Error) as error:
        raise InputError(
            f"{path.name} is not a regular table: {error}. Every row needs as many cells as the "
            "header; a sentence with commas belongs in double quotes."
        ) from error
    if not isinstance(table.index, pd.RangeIndex):
        # The first row has more cells than the header, and pandas took the first for labels.
        raise InputError(
            f"{path.name} is not a regular table: row 2 has more cells than the header, which has "
            f"{len(table.columns)}. Every row needs as many cells as the header; a sentence with "
            "commas belongs in double quotes."
        )
    return table


def _read_text(path: Path) -> str:
    if not path.exists():
        raise InputError(
            f"no such file: {path}. Give the path of a CSV or TSV table with one row per sentence."
        )
    if not path.is_file():
        raise InputError(f"{path} is a folder; a CSV or TSV file is accepted.")
    require_size(path.name, path.stat().st_size)
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path.name} is not UTF-8 text: byte 0x{raw[error.start]:02x} in line {line}. Save it "
            "as UTF-8, for instance with: iconv -f latin1 -t utf-8 IN.csv > OUT.csv"
        ) from error
    if not text.strip():
        raise InputError(
            f"{path.name} is empty; a header and at least {MIN_SENTENCES} rows are needed."
        )
    if "\x00" in text:
        raise InputError(f"{path.name} contains NUL bytes, so it is not a text table.")
    return text


def _require_columns(path: Path, table: pd.DataFrame, wanted: Sequence[str]) -> None:
    there = [str(name) for name in table.columns]
    for name in wanted:
        if name not in there:
            raise InputError(
                f"{path.name} has no column {name!r}; its columns are: {', '.join(there)}."
            )
    repeated = sorted({name for name in wanted if wanted.count(name) > 1})
    if repeated:
        raise InputError(
            f"column {repeated[0]!r} was given more than once; the sentence, each response and "
            "the group must be different columns."
        )


def _require_rows(path: Path, n_rows: int) -> None:
    if n_rows < MIN_SENTENCES:
        raise InputError(
            f"{path.name} has {n_rows} rows; at least {MIN_SENTENCES} sentences are needed to fit "
            "and test an encoding model on held-out sentences."
        )
    if n_rows > MAX_SENTENCES:
        raise InputError(
            f"{path.name} has {n_rows:,} rows; up to {MAX_SENTENCES:,} sentences are accepted, "
            "since the fits hold sentence-by-sentence kernels. Split the file by session."
        )


def _texts(column: pd.Series, name: str) -> tuple[str, ...]:
    texts = tuple(text.strip() for text in column)
    blank = [index for index, text in enumerate(texts) if not text]
    if blank:
        raise InputError(
            f"column {name!r} is blank in {_rows(blank)}; remove these rows or fill them in."
        )
    return texts


def _group_codes(column: pd.Series, name: str) -> NDArray[np.int64]:
    labels = [label.strip() for label in column]
    blank = [index for index, label in enumerate(labels) if not label]
    if blank:
        raise InputError(f"group column {name!r} is blank in {_rows(blank)}; name their passage.")
    codes, names = pd.factorize(np.asarray(labels, dtype=object))
    if len(names) < 2:
        raise InputError(
            f"group column {name!r} holds one group ({names[0]!r}); at least two are needed to "
            "hold out whole groups. Leave the group out to use contiguous folds."
        )
    return codes.astype(np.int64)


def _numbers(column: pd.Series, name: str) -> NDArray[np.float32]:
    stripped = column.str.strip()
    missing = stripped.str.lower().isin(["", "na", "nan", "n/a", "null", "none"])
    if missing.any():
        raise InputError(
            f"response column {name!r} is missing (NaN) in {_rows(np.flatnonzero(missing))}; "
            "remove these rows or fill them in before fitting."
        )
    values = pd.to_numeric(stripped, errors="coerce").to_numpy(dtype=float)
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        raise InputError(
            f"response column {name!r} holds {stripped.iloc[wrong[0]]!r} in {_rows(wrong)}; "
            "finite numbers are accepted."
        )
    narrow = values.astype(np.float32)
    if np.ptp(narrow) <= 1e-6 * max(1.0, float(np.abs(narrow).max())):
        raise InputError(
            f"response column {name!r} is constant ({narrow[0]:g} in every row), so nothing can "
            "be predicted from it; leave this column out."
        )
    return narrow


def _rows(indices: Sequence[int] | NDArray[np.int64]) -> str:
    """Name rows as a spreadsheet numbers them: the header is row 1."""
    shown = ", ".join(str(int(index) + 2) for index in list(indices)[:_SHOWN])
    more = f" and {len(indices) - _SHOWN} more" if len(indices) > _SHOWN else ""
    return f"row{'s' if len(indices) > 1 else ''} {shown}{more} (the header is row 1)"
