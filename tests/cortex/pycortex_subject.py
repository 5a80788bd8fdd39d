"""For tests that need pycortex, and for those that need its absence."""

import pytest

from backend.cortex import pycortex_store

REASON = "pycortex is not installed: it builds from source"


def needs_pycortex() -> pytest.MarkDecorator:
    return pytest.mark.skipif(pycortex_store.available() is not None, reason=REASON)


def without_pycortex(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pycortex_store, "_DISTRIBUTION", "a-distribution-that-is-not-there")
    pycortex_store._cortex.cache_clear()
