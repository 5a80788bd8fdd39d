"""Pictures of every page for the README, from the results that ship: ``make screenshots``."""

import argparse
import io
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from backend.paths import ASSETS, CACHE_VARIABLE, PRECOMPUTED_VARIABLE, PROJECT, STORE_VARIABLE
from tests.browser.harness import FLAGS, find_browser

SIZE = {"width": 1440, "height": 900}
COLOURS = 256
PATIENCE = 90_000
_CHART = ".js-plotly-plot .main-svg"
_CORTEX = "/cortex?data=demo-cortex&models=minilm-l6"


class Shot(NamedTuple):
    """A picture: its file, its address, what shows that it is drawn, and its ground."""

    name: str
    path: str
    ready: str
    dark: bool = False


SHOTS = (
    Shot("overview", "/", _CHART),
    Shot("layers", "/layers?shuffled=true", _CHART),
    Shot("layers-dark", "/layers?data=demo-cortex&models=minilm-l6", _CHART, dark=True),
    Shot("cortex", _CORTEX, "canvas"),
    Shot("cortex-dark", _CORTEX, "canvas", dark=True),
    Shot("scale", "/scale", _CHART),
    Shot("compression", "/compression?models=minilm-l6", _CHART),
    Shot("probing", "/probing", _CHART),
    Shot("dissociation", "/dissociation", _CHART),
    Shot("claims", "/claims", "h1"),
    Shot("run", "/run", "h1"),
)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the app over an empty store of the user's, so that it shows what ships."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    surroundings = {
        name: value for name, value in os.environ.items() if name != PRECOMPUTED_VARIABLE
    }
    surroundings |= {STORE_VARIABLE: str(folder / "store"), CACHE_VARIABLE: str(folder / "cache")}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
               "--server.port", str(port), "--server.fileWatcherType", "none"]  # fmt: skip
    with (folder / "log").open("wb") as log:
        app = subprocess.Popen(
            command, cwd=PROJECT, env=surroundings, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _await_health(f"http://localhost:{port}")
            yield f"http://localhost:{port}"
        finally:
            app.terminate()
            app.wait(30)


def _await_health(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def take(browser: Browser, url: str, shot: Shot) -> bytes:
    """Open a page and take its picture when it has come to rest."""
    context = browser.new_context(viewport={**SIZE}, color_scheme="dark" if shot.dark else "light")
    context.set_default_timeout(PATIENCE)
    try:
        page = context.new_page()
        page.goto(url + shot.path)
        _settle(page, shot.ready)
        return page.screenshot()
    finally:
        context.close()


def _settle(page: Page, ready: str) -> None:
    page.wait_for_selector("h1")
    page.wait_for_selector(f'[data-testid="stMain"] {ready}')
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_timeout(1500)


def small_png(png: bytes) -> bytes:
    """Make a picture small: few colours, which pages and figures have anyway."""
    small = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        small, "png", optimize=True
    )
    return small.getvalue()


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ASSETS / "screenshots")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder)) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
        # The first visit to a server draws the sidebar before it knows its width.
        take(browser, url, SHOTS[0])
        for shot in SHOTS:
            data = small_png(take(browser, url, shot))
            (out / f"{shot.name}.png").write_bytes(data)
            print(f"{out / shot.name}.png, {len(data) / 1024:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
