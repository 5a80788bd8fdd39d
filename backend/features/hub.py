"""Whether the model hub can be reached: asked once, in place of every file's own retries."""

import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from backend.errors import ModelError
from backend.features.access import is_downloaded
from backend.features.sources import ModelSource

_SECONDS = 5.0
_ASK_AGAIN = 60.0
_PORTS = {"https": 443, "http": 80}
_asked: dict[str, tuple[float, bool]] = {}


@contextmanager
def offline_where_unreachable(source: ModelSource) -> Iterator[None]:
    """Load from the hub's cache alone where the hub cannot be reached.

    The hub's library asks for every file six times, for 23 seconds, before it gives up.

    Parameters
    ----------
    source : ModelSource

    Raises
    ------
    ModelError
        If the model is not in the cache either.
    """
    from huggingface_hub import constants

    if source.kind != "hub" or constants.HF_HUB_OFFLINE or is_reachable(constants.ENDPOINT):
        yield
        return
    if not is_downloaded(source):
        raise ModelError(
            f"the model {source.name!r} could not be loaded: it is not on this machine, and "
            f"{constants.ENDPOINT}, the Hugging Face hub, cannot be reached from here. Accepted "
            "are the catalogue's names (minilm-l6 and others, which ship with the project; python "
            "-m backend models lists them), a folder that save_pretrained wrote, or a hub name on "
            "a machine that is online. See that the name is right, too."
        )
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = False


def is_reachable(address: str) -> bool:
    """Whether a server takes connections, asked at most once a minute.

    Parameters
    ----------
    address : str
        Of a web server. Behind a proxy it is taken to be reachable.

    Returns
    -------
    bool
    """
    when, known = _asked.get(address, (-_ASK_AGAIN, False))
    if time.monotonic() - when < _ASK_AGAIN:
        return known
    parts = urlsplit(address)
    known = bool(urllib.request.getproxies()) or _connects(
        str(parts.hostname), parts.port or _PORTS.get(parts.scheme, 443)
    )
    _asked[address] = time.monotonic(), known
    return known


def _connects(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=_SECONDS):
            return True
    except OSError:
        return False
