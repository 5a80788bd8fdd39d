"""Which version of this code is at work, down to the last character."""

import hashlib
from functools import cache

from backend.paths import PROJECT


@cache
def code_version() -> str:
    """Hash the backend's source, so that two machines can tell whether they run the same.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    folder = PROJECT / "backend"
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.yaml")]):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
