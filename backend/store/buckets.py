"""Buckets (``s3://``): how long one waits for them, and what they do otherwise than a disk."""

from typing import Any

from fsspec.core import url_to_fs

_PROTOCOLS = {"s3", "s3a"}
# Three tries of ten seconds each: of a server that says nothing one hears within half a minute.
_PATIENCE = {
    "connect_timeout": 5,
    "read_timeout": 10,
    "retries": {"total_max_attempts": 3, "mode": "standard"},
}


def open_files(url: str) -> tuple[Any, str]:
    """Open the file system that an address names.

    Parameters
    ----------
    url : str
        Any that fsspec knows.

    Returns
    -------
    files : fsspec.AbstractFileSystem
    root : str
        The address as that file system names it.

    Raises
    ------
    ImportError
        If what reads it is not installed.
    ValueError, OSError
        If it is no address.
    """
    if url.partition("://")[0] not in _PROTOCOLS:
        files, root = url_to_fs(url)
        return files, root
    files, root = url_to_fs(url, config_kwargs=_PATIENCE)
    # s3fs would have five rounds of those tries.
    files.retries = 1
    return files, root


def is_bucket(files: Any) -> bool:
    """Whether a file system keeps objects: each seen whole or not at all, in no folders.

    Parameters
    ----------
    files : fsspec.AbstractFileSystem

    Returns
    -------
    bool
    """
    protocol = files.protocol
    return not _PROTOCOLS.isdisjoint({protocol} if isinstance(protocol, str) else protocol)


def require_bucket(files: Any, root: str) -> None:
    """Ask for one object: an empty listing does not tell a missing bucket from an empty one.

    Parameters
    ----------
    files : fsspec.AbstractFileSystem
    root : str
        Bucket and prefix.

    Raises
    ------
    FileNotFoundError
        If there is no such bucket.
    """
    bucket, _, prefix = root.partition("/")
    files.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=1)
