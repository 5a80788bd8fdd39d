"""A browser, servers of the app, and tabs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from backend.paths import PROJECT
from tests.browser.harness import FLAGS, Server, Tab, find_browser


class OpenTab:
    """Opens tabs as so many people would: each with cookies and storage of its own."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._tabs: list[Tab] = []

    def __call__(self, server: Server, path: str = "/", dark: bool = False) -> Tab:
        self._tabs.append(Tab(self._browser, server, dark))
        return self._tabs[-1].open(path)

    def close(self) -> None:
        """Close them, before a server that stops gives them reason to complain."""
        while self._tabs:
            tab = self._tabs.pop()
            tab.close()
            assert tab.complaints == []
            assert tab.strangers == []


# Not for the session: Playwright's event loop would be in the way of the tests after these.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
        yield chromium
        chromium.close()


@contextmanager
def serve(store: Path, folder: Path = PROJECT, cache: Path | None = None) -> Iterator[Server]:
    server = Server(store, folder, cache)
    try:
        server.start()
        yield server
    finally:
        server.stop_runs()
        server.stop()
    assert "Traceback" not in server.log.read_text(), server.log.read_text()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for tests that start no run."""
    with serve(tmp_path_factory.mktemp("server") / "store") as running:
        yield running


@pytest.fixture
def fresh_server(tmp_path: Path, open_tab: OpenTab) -> Iterator[Server]:
    """A server that nobody has asked for anything yet, with an empty store."""
    with serve(tmp_path / "store") as running:
        yield running
        open_tab.close()


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[OpenTab]:
    opener = OpenTab(browser)
    yield opener
    opener.close()
