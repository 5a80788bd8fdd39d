"""A browser, servers of the app, and tabs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.harness import FLAGS, Server, Tab, find_browser

OpenTab = Callable[..., Tab]


# Not for the session: Playwright's event loop would be in the way of the tests after these.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
        yield chromium
        chromium.close()


def serve(store: Path) -> Iterator[Server]:
    server = Server(store)
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
    yield from serve(tmp_path_factory.mktemp("server") / "store")


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """A server that nobody has asked for anything yet, with an empty store."""
    yield from serve(tmp_path / "store")


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[OpenTab]:
    """Open a tab as somebody else would: with cookies and storage of its own."""
    tabs: list[Tab] = []

    def open_new(server: Server, path: str = "/", dark: bool = False) -> Tab:
        tabs.append(Tab(browser, server, dark))
        return tabs[-1].open(path)

    yield open_new
    for tab in tabs:
        tab.close()
    assert [tab.complaints for tab in tabs if tab.complaints] == []
    assert [tab.strangers for tab in tabs if tab.strangers] == []
