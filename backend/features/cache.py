"""Models' states on disk: what is there, read back, shown and pruned.

Those of stories, one vector a word, are kept in half precision; those of tables, one vector a
sentence, which are few, as they are.

An entry is a folder named by the hash of what was asked for, with ``meta.json``, which says it in
words, and ``layer-NN.npy`` per layer. While it is written its name ends in ``.part``; renaming the
folder is what completes it. Nothing is ever unpickled.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from backend.errors import StoreError
from backend.features.contexts import ContextSettings, Mode, Pooling, StoryTokens
from backend.features.sources import ModelSource
from backend.paths import cache_folder

FORMAT_VERSION = 1
"""Raised when the files, the windows or the pooling change: what is cached is then not read."""
META = "meta.json"
PART = ".part"
State = Literal["complete", "interrupted", "being written", "another version", "damaged"]
_NAME = re.compile(r"^(?P<digest>[0-9a-f]{16})-v(?P<version>\d+)(?P<part>\.part)?$")


class StateRequest(BaseModel):
    """Everything that decides what the states of a story, or of a table's sentences, are.

    ``tokens`` is the hash of the token ids and of which word each belongs to: it changes with the
    words and with the tokenizer. Of sentences, ``n_words`` counts sentences, and ``context`` is 0:
    each is read by itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    fingerprint: str | None
    compression: str
    story: str
    n_words: int
    tokens: str
    mode: Mode | Literal["sentences"]
    context: int
    pooling: Pooling
    dtype: Literal["float16", "float32"] = "float16"

    @property
    def digest(self) -> str:
        """Hash of the request, 16 hexadecimal digits."""
        text = json.dumps(self.model_dump(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        """Name of the entry's folder once it is complete."""
        return f"{self.digest}-v{FORMAT_VERSION}"


class EntryMeta(BaseModel):
    """What ``meta.json`` says: the request, and how far it has come."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    request: StateRequest
    n_layers: int
    n_dims: int
    sees_ahead: bool
    scales: tuple[float, ...]
    n_windows: int
    windows_done: int
    words_done: int
    created: datetime
    libraries: dict[str, str]

    @property
    def n_bytes(self) -> int:
        """Bytes of the states once they are all there."""
        itemsize = np.dtype(self.request.dtype).itemsize
        return self.n_layers * self.request.n_words * self.n_dims * itemsize


@dataclass(frozen=True)
class StoryStates:
    """A story's states, or those of a table's sentences, layer by layer, on disk.

    Attributes
    ----------
    folder : Path
    story : str
    layers : tuple of int
        0 is the embedding output.
    n_words, n_dims : int
    scales : tuple of float
        What each layer's states were multiplied by before they were stored: 1, except for layers
        whose states are larger than half precision holds (65,504). A regression on standardised
        features does not see it.
    sees_ahead : bool
        Words were read together with some of the words after them.
    dtype : {"float16", "float32"}
    warnings : tuple of str
        What to say beside the results.
    """

    folder: Path
    story: str
    layers: tuple[int, ...]
    n_words: int
    n_dims: int
    scales: tuple[float, ...]
    sees_ahead: bool
    dtype: Literal["float16", "float32"] = "float16"
    warnings: tuple[str, ...] = ()

    def layer(self, layer: int) -> NDArray[np.floating]:
        """Map one layer's states, to be read and not written.

        Parameters
        ----------
        layer : int

        Returns
        -------
        memmap of ``dtype``, shape (n_words, n_dims)
            States times ``scales[layer]``.

        Raises
        ------
        StoreError
            If the file is no longer there or no longer whole.
        """
        path = layer_file(self.folder, layer)
        try:
            states = np.load(path, mmap_mode="r", allow_pickle=False)
            if states.dtype != np.dtype(self.dtype) or states.shape != (self.n_words, self.n_dims):
                raise ValueError(f"it holds {states.dtype} {states.shape}")
        except (EOFError, OSError, ValueError) as error:
            raise StoreError(
                f"the states in {path} cannot be read ({error}); they were pruned or damaged "
                "meanwhile. Run the same command again to compute them."
            ) from error
        return states


@dataclass(frozen=True)
class StateCache:
    """Where the states of one model, as it is compressed, are kept.

    Attributes
    ----------
    folder : Path
        The whole cache; it may hold other models' entries too.
    model, fingerprint, compression : str
        ``fingerprint`` tells apart two models of one name; None where nothing is known of it.
    """

    folder: Path
    model: str
    fingerprint: str | None
    compression: str

    @classmethod
    def of(cls, source: ModelSource, compression: str, folder: Path | None = None) -> "StateCache":
        """Keep a model's states in ``folder``, by default :func:`~backend.paths.cache_folder`."""
        return cls(folder or cache_folder(), source.name, source.fingerprint, compression)

    def request(
        self, tokens: StoryTokens, settings: ContextSettings, fingerprint: str | None = None
    ) -> StateRequest:
        """Make the request for a story; ``fingerprint`` stands in where the cache knows none."""
        digest = hashlib.sha256(repr((tokens.before, tokens.after)).encode())
        for array in (tokens.ids, tokens.first, tokens.last):
            digest.update(np.ascontiguousarray(array, dtype="<i8").tobytes())
        return StateRequest(
            model=self.model,
            fingerprint=self.fingerprint or fingerprint,
            compression=self.compression,
            story=tokens.story,
            n_words=len(tokens.words),
            tokens=digest.hexdigest()[:16],
            mode=settings.mode,
            context=int(settings.context),
            pooling=settings.pooling,
        )


def layer_file(folder: Path, layer: int) -> Path:
    """Return the path of a layer's states in an entry."""
    return folder / f"layer-{layer:02d}.npy"


def read_meta(folder: Path) -> EntryMeta | None:
    """Read an entry's ``meta.json``; None where it is not there or cannot be understood."""
    try:
        return EntryMeta.model_validate_json((folder / META).read_bytes())
    except (OSError, ValidationError):
        return None


def find_states(cache: Path, request: StateRequest) -> StoryStates | None:
    """Look for a complete and whole entry.

    Parameters
    ----------
    cache : Path
    request : StateRequest

    Returns
    -------
    StoryStates or None
    """
    folder = cache / request.name
    meta = read_meta(folder)
    if meta is None or meta.request != request or (states := open_states(folder, meta)) is None:
        return None
    # The time of the last use, for pruning; a cache that may only be read keeps none.
    with suppress(OSError):
        os.utime(folder / META)
    return states


def open_states(folder: Path, meta: EntryMeta) -> StoryStates | None:
    """Open a complete entry's states; None if it is another version's or a file is not whole."""
    states = StoryStates(
        folder=folder,
        story=meta.request.story,
        layers=tuple(range(meta.n_layers)),
        n_words=meta.request.n_words,
        n_dims=meta.n_dims,
        scales=meta.scales,
        sees_ahead=meta.sees_ahead,
        dtype=meta.request.dtype,
    )
    try:
        for layer in states.layers:
            states.layer(layer)
    except StoreError:
        return None
    return states if meta.version == FORMAT_VERSION else None


def other_versions(cache: Path, request: StateRequest) -> list[str]:
    """Names of entries for the same request that another version of the format wrote."""
    pattern = f"{request.digest}-v*"
    return sorted(
        path.name
        for path in cache.glob(pattern)
        if (found := _NAME.match(path.name)) and int(found["version"]) != FORMAT_VERSION
    )


@contextmanager
def entry_lock(cache: Path, name: str, timeout: float) -> Iterator[None]:
    """Hold an entry's lock, so that one process at a time writes or removes it.

    Raises
    ------
    filelock.Timeout
        If another process still holds it after ``timeout`` seconds.
    StoreError
        If the cache's folder cannot be written.
    """
    path = _lock_file(cache, name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=timeout)
        lock.acquire()
    except Timeout:
        raise
    except (OSError, NotImplementedError) as error:
        raise StoreError(
            f"the cache {cache} cannot be written: {error}. Name another folder with the "
            "environment variable CORTEXSCALE_CACHE."
        ) from error
    try:
        yield
    finally:
        lock.release()


@dataclass(frozen=True)
class Entry:
    """An entry as the cache's list shows it.

    ``n_bytes`` is its size on disk, ``used`` the time when it was last read or written, ``meta``
    None where that cannot be read.
    """

    folder: Path
    state: State
    meta: EntryMeta | None
    n_bytes: int
    used: datetime


def list_entries(cache: Path) -> list[Entry]:
    """List the cache's entries, the one used last first.

    Folders that are not named as entries are none of the cache's and are left out.
    """
    if not cache.is_dir():
        return []
    entries = []
    for folder in cache.iterdir():
        if folder.is_dir() and _NAME.match(folder.name):
            # A file may go between two looks, when another process completes or prunes the entry.
            with suppress(FileNotFoundError):
                entries.append(_look(cache, folder))
    return sorted(entries, key=lambda entry: entry.used, reverse=True)


def _look(cache: Path, folder: Path) -> Entry:
    said = folder / META
    used = (said if said.exists() else folder).stat().st_mtime
    n_bytes = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    meta = read_meta(folder)
    return Entry(
        folder, _state(cache, folder, meta), meta, n_bytes, datetime.fromtimestamp(used, UTC)
    )


def remove_entries(cache: Path, entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Remove entries from disk.

    Parameters
    ----------
    cache : Path
    entries : iterable of Entry

    Returns
    -------
    tuple of list of Entry
        Those removed, and those kept because they are being written just now.

    Raises
    ------
    StoreError
        If a file cannot be removed.
    """
    removed: list[Entry] = []
    kept: list[Entry] = []
    for entry in entries:
        try:
            with entry_lock(cache, entry.folder.name, timeout=0):
                # Another process may have pruned or completed it since it was listed.
                if entry.folder.exists():
                    discard(entry.folder)
                    removed.append(entry)
        except Timeout:
            kept.append(entry)
    return removed, kept


def discard(folder: Path) -> None:
    """Remove one entry's folder, whose lock the caller holds."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise StoreError(f"{folder} cannot be removed: {error.strerror or error}.") from error


def _state(cache: Path, folder: Path, meta: EntryMeta | None) -> State:
    found = _NAME.match(folder.name)
    if found is None or int(found["version"]) != FORMAT_VERSION:
        return "another version"
    if found["part"]:
        if _is_locked(cache, folder.name):
            return "being written"
        return "interrupted" if meta is not None else "damaged"
    return "damaged" if meta is None or open_states(folder, meta) is None else "complete"


def _is_locked(cache: Path, name: str) -> bool:
    if not _lock_file(cache, name).exists():
        return False
    try:
        with entry_lock(cache, name, timeout=0):
            return False
    except Timeout:
        return True


def _lock_file(cache: Path, name: str) -> Path:
    return cache / ".locks" / f"{name.removesuffix(PART)}.lock"
