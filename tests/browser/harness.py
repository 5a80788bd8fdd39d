"""A server of the app, and a browser's tab that watches for what should not be there."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from backend.jobs.local import cancel_job, list_jobs
from backend.paths import CACHE_VARIABLE, PROJECT, STORE_VARIABLE, cache_folder

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# What Chromium is told: no sandbox, as root needs, and no traffic of its own.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 60_000
# Where an address has a page in it, Streamlit's client first looks for its server beneath that
# page, and then, told 404, at the root. What it shows of a page that is not there it also logs.
_BENIGN = re.compile(
    r"404 \(Not Found\) \(http://localhost:\d+/[\w-]+/_stcore/(host-config|health)\)$"
    r"|The page that you have requested does not seem to exist"
)
expect.set_options(timeout=PATIENCE)


def find_browser() -> str:
    """Path of Chromium or Chrome, which `make browser` installs."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found is not None, "no Chromium or Chrome on the path; `make browser` installs it"
    return found


class Server:
    """``streamlit run app.py`` over a store, on a port of its own.

    Parameters
    ----------
    store : Path
    folder : Path
        Where the user is, who need not be in the project.
    cache : Path, optional
        By default the project's, which holds what takes long to make.
    """

    def __init__(self, store: Path, folder: Path = PROJECT, cache: Path | None = None) -> None:
        self.store = store
        self.cache = cache or cache_folder()
        self._folder = folder
        self.log = store.parent / f"{store.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("localhost", 0))
            self.port = free.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-m", "streamlit", "run",
                    str(PROJECT / "app.py") if self._folder != PROJECT else "app.py",
                    "--server.headless", "true",
                    "--server.port", str(self.port),
                    "--server.fileWatcherType", "none",
                ],
                cwd=self._folder,
                env={
                    **os.environ,
                    STORE_VARIABLE: str(self.store),
                    CACHE_VARIABLE: str(self.cache),
                    "HF_HUB_OFFLINE": "1",
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def stop_runs(self) -> None:
        """Cancel what a failed test would leave at work."""
        for job in list_jobs(self.store):
            cancel_job(job)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


class Tab:
    """A page of the app in a browser context of its own."""

    def __init__(
        self, browser: Browser, server: Server, dark: bool = False, moment: int = 0
    ) -> None:
        self._server = server
        self.context: BrowserContext = browser.new_context(
            viewport={"width": 1400, "height": 1000}, color_scheme="dark" if dark else "light"
        )
        self.context.set_default_timeout(PATIENCE)
        # Nobody is to wait for what lies below the window.
        self.context.add_init_script(f"globalThis.cortexscaleMoment = {moment}")
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        self.page.on("request", lambda request: self._see(request.url))

    def open(self, path: str = "/") -> "Tab":
        """Follow an address, and wait until the app has drawn all of it."""
        self.page.goto(path if "://" in path else self._server.url + path)
        return self.settle()

    def settle(self) -> "Tab":
        """Wait until no script is at work."""
        app = self.page.get_by_test_id("stApp")
        expect(app).to_have_attribute("data-test-script-state", "notRunning")
        expect(app).to_have_attribute("data-test-connection-state", "CONNECTED")
        expect(self.page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE)
        # Nor a lower part that is to come, or whose watch has yet to say so.
        expect(self.page.locator("[data-waiting]")).to_have_count(0)
        unwatched = '[class*="st-key-below-"][class*="-watch"]:not([data-watched])'
        expect(self.page.locator(unwatched)).to_have_count(0)
        return self

    def go_to(self, title: str) -> "Tab":
        """Use the navigation."""
        self.page.get_by_test_id("stSidebarNavLink").filter(has_text=title).click()
        expect(self.title).to_have_text("CortexScale" if title == "Overview" else title)
        return self.settle()

    def close(self) -> None:
        self.context.close()

    @property
    def title(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    @property
    def url(self) -> str:
        """What the address bar shows; Playwright's own ``page.url`` may lag behind."""
        return str(self.page.evaluate("location.href"))

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.url).query)

    def wait_for_query(self, wanted: Mapping[str, Sequence[str]]) -> None:
        """Wait until the address holds these parameters: the server writes it as it draws."""
        deadline = time.monotonic() + PATIENCE / 1000
        while True:
            query = self.query
            if all(query.get(key) == list(values) for key, values in wanted.items()):
                return
            assert time.monotonic() < deadline, (query, wanted)
            self.page.wait_for_timeout(50)

    @property
    def chart(self) -> Locator:
        """The first chart, once Plotly has drawn it."""
        return self.page.locator(".js-plotly-plot .main-svg").first

    def keyed(self, key: str) -> Locator:
        """The widget or container with this key."""
        return self.page.locator(f".st-key-{key}")

    @property
    def legend(self) -> Locator:
        """Names of the curves of the first chart."""
        return self.page.locator(".js-plotly-plot").first.locator(".legendtext")

    def is_well(self) -> bool:
        """No error box, no traceback, no complaint of the browser, no request to anywhere else."""
        expect(self.page.get_by_test_id("stException")).to_have_count(0)
        text = self.page.locator("body").inner_text()
        assert not re.search(r"Traceback|encountered an error", text), text
        assert self.complaints == []
        assert self.strangers == []
        return True

    def _hear(self, message: ConsoleMessage) -> None:
        said = f"{message.text} ({message.location.get('url')})"
        if message.type == "error" and not _BENIGN.search(said):
            self.complaints.append(said)

    def _see(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "localhost":
            self.strangers.append(url)
