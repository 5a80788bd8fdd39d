"""Write an entry of the cache piece by piece, so that a kill or a full disk loses little."""

import errno
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from backend.errors import StoreError
from backend.features.cache import (
    FORMAT_VERSION,
    META,
    PART,
    EntryMeta,
    StateRequest,
    StoryStates,
    discard,
    find_states,
    layer_file,
    read_meta,
)

CHECKPOINT_SECONDS = 5.0
"""Time between two records of how far an entry has come: what a kill can cost."""


class EntryWriter:
    """Append the words' states to an entry's layers, in order, and complete it.

    The caller holds the entry's lock. States reach the disk before ``meta.json`` counts them, so
    an interrupted entry goes on from the last window that it counts; anything after is cut off.

    Parameters
    ----------
    cache : Path
    request : StateRequest
    n_layers, n_dims, n_windows : int
    sees_ahead : bool
    libraries : dict of str to str
        Versions to put on record.

    Raises
    ------
    StoreError
        If the cache cannot be written, or the disk is or becomes too full. What was done stays.
    """

    def __init__(
        self,
        cache: Path,
        request: StateRequest,
        *,
        n_layers: int,
        n_dims: int,
        n_windows: int,
        sees_ahead: bool,
        libraries: dict[str, str],
    ) -> None:
        self._cache = cache
        self._folder = cache / f"{request.name}{PART}"
        self.warnings: list[str] = []
        self._meta = EntryMeta(
            version=FORMAT_VERSION,
            request=request,
            n_layers=n_layers,
            n_dims=n_dims,
            sees_ahead=sees_ahead,
            scales=(1.0,) * n_layers,
            n_windows=n_windows,
            windows_done=0,
            words_done=0,
            created=datetime.now(UTC),
            libraries=libraries,
        )
        self._windows, self._words = 0, 0
        self._files: list[BinaryIO] = []
        self._open_files = ExitStack()

    def __enter__(self) -> Self:
        """Take up an interrupted entry, or begin a new one."""
        with _told(self._cache):
            self._discard_damaged()
            done = self._resumable()
            if done is not None:
                self._meta = done
            self._open()
        self._recorded = time.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files; where the work was stopped, put on record how far it came."""
        if error is not None and not isinstance(error, StoreError):
            with suppress(OSError):
                self._record()
        self._open_files.close()

    @property
    def windows_done(self) -> int:
        """Windows whose words are stored."""
        return self._windows

    @property
    def words_done(self) -> int:
        """Words whose states are stored."""
        return self._words

    @property
    def scales(self) -> tuple[float, ...]:
        """What each layer's states are to be multiplied by."""
        return self._meta.scales

    def append(self, layers: Sequence[NDArray[np.float16]], n_windows: int) -> None:
        """Store the states of the next words.

        Parameters
        ----------
        layers : sequence of ndarray of float16, each of shape (n_words, n_dims)
        n_windows : int
            Windows that the words come from.
        """
        with _told(self._cache):
            for file, states in zip(self._files, layers, strict=True):
                write_all(file, np.ascontiguousarray(states, dtype="<f2").tobytes())
            self._words += len(layers[0])
            self._windows += n_windows
            if time.monotonic() - self._recorded >= CHECKPOINT_SECONDS:
                self._record()

    def restart(self, scales: tuple[float, ...]) -> None:
        """Begin the entry again, with other scales."""
        with _told(self._cache):
            self._meta = self._meta.model_copy(
                update={"scales": scales, "windows_done": 0, "words_done": 0}
            )
            self._open_files.close()
            self._open()

    def finish(self) -> StoryStates:
        """Complete the entry: the folder is renamed once all of it is on disk."""
        with _told(self._cache):
            self._record()
            self._open_files.close()
            os.rename(self._folder, self._cache / self._meta.request.name)
        states = find_states(self._cache, self._meta.request)
        if states is None:
            raise StoreError(
                f"the states just written to {self._cache / self._meta.request.name} cannot be "
                "read back; check the disk, or name another folder with CORTEXSCALE_CACHE."
            )
        return states

    def _discard_damaged(self) -> None:
        """Remove a complete entry that is here although it could not be found: it is not whole."""
        folder = self._cache / self._meta.request.name
        if folder.exists():
            discard(folder)
            self._say_damaged(folder)

    def _resumable(self) -> EntryMeta | None:
        if not self._folder.exists():
            return None
        meta = read_meta(self._folder)
        if meta is not None and self._is_whole(meta):
            return meta
        if any(self._folder.iterdir()):
            self._say_damaged(self._folder)
        discard(self._folder)
        return None

    def _is_whole(self, meta: EntryMeta) -> bool:
        """Whether an interrupted entry is of this request, and holds the words that it counts."""
        facts = ("version", "request", "n_layers", "n_dims", "n_windows", "sees_ahead")
        if any(getattr(meta, fact) != getattr(self._meta, fact) for fact in facts):
            return False
        return meta.words_done == 0 or all(
            _size(layer_file(self._folder, layer)) >= self._size_at(meta.words_done)
            for layer in range(meta.n_layers)
        )

    def _say_damaged(self, folder: Path) -> None:
        self.warnings.append(
            f"the cached states of {self._meta.request.story} in {folder.name} were damaged (cut "
            "short or unreadable); they were discarded and computed again."
        )

    def _open(self) -> None:
        """Open every layer behind its last counted word, and make sure that the rest will fit."""
        self._windows, self._words = self._meta.windows_done, self._meta.words_done
        self._folder.mkdir(parents=True, exist_ok=True)
        self._require_space()
        self._write_meta()
        self._open_files = ExitStack()
        self._files = []
        for layer in range(self._meta.n_layers):
            path = layer_file(self._folder, layer)
            path.touch()
            file = self._open_files.enter_context(path.open("r+b", buffering=0))
            if not self._words:
                file.truncate(0)
                write_all(file, self._header)
            file.truncate(self._size_at(self._words))
            file.seek(0, os.SEEK_END)
            self._files.append(file)

    def _require_space(self) -> None:
        left = self._meta.n_bytes * (1 - self._words / self._meta.request.n_words)
        free = shutil.disk_usage(self._folder).free
        if left > free:
            raise OSError(
                errno.ENOSPC,
                f"the states of {self._meta.request.story} need {left / 1e9:.3f} GB more, and "
                f"{free / 1e9:.3f} GB are free",
            )

    @property
    def _header(self) -> bytes:
        """Beginning of a ``.npy`` file of all the words' states."""
        buffer = BytesIO()
        shape = (self._meta.request.n_words, self._meta.n_dims)
        np.lib.format.write_array_header_1_0(
            buffer, {"descr": "<f2", "fortran_order": False, "shape": shape}
        )
        return buffer.getvalue()

    def _size_at(self, n_words: int) -> int:
        return len(self._header) + n_words * self._meta.n_dims * np.float16().itemsize

    def _record(self) -> None:
        """Bring the states to the disk, then say in ``meta.json`` that they are there."""
        for file in self._files:
            os.fsync(file.fileno())
        self._meta = self._meta.model_copy(
            update={"windows_done": self._windows, "words_done": self._words}
        )
        self._write_meta()
        self._recorded = time.monotonic()

    def _write_meta(self) -> None:
        temporary = self._folder / f"{META}{PART}"
        with temporary.open("wb", buffering=0) as file:
            write_all(file, self._meta.model_dump_json(indent=1).encode())
            os.fsync(file.fileno())
        os.replace(temporary, self._folder / META)


def write_all(file: BinaryIO, data: bytes) -> None:
    """Write to an unbuffered file, which may take less than it is given."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


@contextmanager
def _told(cache: Path) -> Iterator[None]:
    """Turn what the disk says into what the user can do about it."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreError(
                f"the disk of the cache {cache} is full: {reason}. Free some of it, for instance "
                "with `python -m backend cache --prune --older-than 30`, or name another folder "
                "with the environment variable CORTEXSCALE_CACHE, and run the same command again: "
                "what is already done is kept."
            ) from error
        raise StoreError(
            f"the cache {cache} cannot be written: {reason}. Name another folder with the "
            "environment variable CORTEXSCALE_CACHE."
        ) from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
