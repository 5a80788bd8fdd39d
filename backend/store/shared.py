"""Results on shared storage, such as ``s3://bucket/prefix``: read where they lie, and copied there.

Any file system that fsspec knows will do. A run is one object for each table under names that its
content gives, so that many may write at once; an object is seen whole or not at all.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backend.errors import StoreError
from backend.paths import without_password
from backend.store.buckets import is_bucket, open_files, require_bucket
from backend.store.schema import TABLES, WHOLES
from backend.store.shard_files import Shard, Shards, find_shards, first_line, shard_fault

_ENDING = ".parquet"
_PART = ".part"
_LOOK_AGAIN = 30.0
# What is far away answers many questions in the time of one.
_AT_ONCE = 16
_UNREAD = "See that this machine is online and that its credentials may read there."
_listed: dict[str, tuple[float, Shards]] = {}


class SharedStore:
    """A store that others share.

    Parameters
    ----------
    url : str
        Such as ``s3://bucket/prefix``, or a mounted folder.

    Raises
    ------
    StoreError
        If its kind is not known, what reads it is not installed, or it holds a password.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        if without_password(self.url) != self.url:
            raise StoreError(
                f"{without_password(self.url)} holds a password, which messages and logs would "
                "show. Leave it out: credentials are read from the environment, or from the "
                "files of whatever reads the address (for s3://: AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or ~/.aws)."
            )
        try:
            self.files, self._root = open_files(self.url)
        except ImportError as error:
            raise StoreError(
                f"{url} cannot be read without a further package ({error}). For s3:// run: "
                "pip install -r requirements-s3.txt"
            ) from error
        except (ValueError, OSError) as error:
            raise StoreError(
                f"{url} is no address of shared results ({first_line(error)}); an address such as "
                "s3://bucket/prefix, or a folder, is accepted."
            ) from error

    def shards(self, anew: bool = False) -> Shards:
        """List its files, at most every half minute anew.

        Parameters
        ----------
        anew : bool
            Ask again now.

        Returns
        -------
        mapping of str to mapping of str to Shard

        Raises
        ------
        StoreError
            If it does not answer.
        """
        when, known = _listed.get(self.url, (0.0, None))
        if anew or known is None or time.monotonic() - when > _LOOK_AGAIN:
            known = self._list()
            _listed[self.url] = time.monotonic(), known
        return known

    def version(self) -> str:
        """Hash what it holds: differs when anything came, went or changed."""
        stamps = [
            f"{name} {key} {shard.stamp}"
            for name, found in sorted(self.shards().items())
            for key, shard in sorted(found.items())
        ]
        return hashlib.sha256("\n".join(stamps).encode()).hexdigest()

    def push(self, folder: Path) -> Iterator[str]:
        """Copy the runs of a folder that are whole there and not whole here.

        Parameters
        ----------
        folder : Path
            A store.

        Yields
        ------
        str
            Each run's id, or each measurement's of a model, once it is there.

        Raises
        ------
        StoreError
            If it cannot be written; what was copied before stays.
        """
        here, there = find_shards(folder), self._list()
        # Of each group the table that makes a run count stands last.
        groups = [tuple(tables) for tables in WHOLES]
        alone = [(name,) for name in TABLES if not any(name in group for group in groups)]
        for tables in (*groups, *alone):
            whole = _whole(here, tables)
            for key in sorted(whole - _whole(there, tables)):
                for name in tables:
                    self._put(here[name][key].path, f"{name}/{key}{_ENDING}")
                yield key
        _listed.pop(self.url, None)

    def faults(self, name: str, urls: Sequence[str]) -> list[str | None]:
        """Say of each file what keeps it from being read as a shard, as far as its footer tells.

        Parameters
        ----------
        name : str
            The table's.
        urls : sequence of str

        Returns
        -------
        list of str or None

        Raises
        ------
        StoreError
            If the storage does not answer.
        """
        with self._told("does not answer", _UNREAD), ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(lambda url: shard_fault(name, url, self.files), urls))

    def _put(self, path: Path | str, name: str) -> None:
        """Copy a file so that it is seen whole or not at all."""
        target = f"{self._root}/{name}"
        again = "See that you may write there, and give the same command again; what was copied"
        with self._told("cannot be written", f"{again} stays."):
            if is_bucket(self.files):
                self.files.put_file(str(path), target)
                return
            self.files.makedirs(target.rpartition("/")[0], exist_ok=True)
            self.files.put_file(str(path), target + _PART)
            self.files.mv(target + _PART, target)

    def _list(self) -> Shards:
        found: dict[str, dict[str, Shard]] = {name: {} for name in TABLES}
        with self._told("does not answer", _UNREAD):
            listed = self._find()
        for path, facts in listed.items():
            folder, _, name = path.rpartition("/")
            table = folder.rpartition("/")[2]
            inside = folder.rpartition("/")[0].rstrip("/") == self._root.rstrip("/")
            if table in found and inside and name.endswith(_ENDING):
                changed = facts.get("ETag") or facts.get("mtime") or facts.get("LastModified")
                stamp = f"{changed or facts.get('created')}.{facts.get('size')}"
                url = self.files.unstrip_protocol(path)
                found[table][name.removesuffix(_ENDING)] = Shard(url, stamp)
        return found

    def _find(self) -> dict[str, Any]:
        self.files.invalidate_cache()
        try:
            listed: dict[str, Any] = self.files.find(self._root, detail=True)
        except FileNotFoundError:
            listed = {}
        if not listed and is_bucket(self.files):
            try:
                require_bucket(self.files, self._root)
            except FileNotFoundError as error:
                raise StoreError(
                    f"{self.url}: there is no such bucket. See how it is spelt, and that "
                    "AWS_ENDPOINT_URL names the server that keeps it; make it there, if it is new."
                ) from error
        return listed

    @contextmanager
    def _told(self, what: str, advice: str) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        # Each kind of storage has errors of its own.
        except Exception as error:
            raise StoreError(
                f"{self.url} {what}: {first_line(error).rstrip('.')}. {advice}"
            ) from error


def beside(own: Shards, shared: Shards) -> Shards:
    """Add runs of others to one's own; a run that is whole in both is one's own.

    Parameters
    ----------
    own, shared : mapping of str to mapping of str to Shard

    Returns
    -------
    mapping of str to mapping of str to Shard
    """
    merged = {name: dict(own[name]) for name in TABLES}
    groups = [tuple(tables) for tables in WHOLES]
    alone = [(name,) for name in TABLES if not any(name in group for group in groups)]
    for tables in (*groups, *alone):
        for key in _whole(shared, tables) - _whole(own, tables):
            for name in tables:
                merged[name][key] = shared[name][key]
    return merged


def _whole(shards: Shards, tables: tuple[str, ...]) -> set[str]:
    return set.intersection(*(set(shards[name]) for name in tables))
