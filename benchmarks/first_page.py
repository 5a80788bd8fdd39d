"""How long the first page takes, from the request to its title, numbers, picture and figure.

Starts the app, opens it in headless Chromium several times, each time with an empty cache, and
prints every request and the medians. The first request after the start also imports the app. The
picture is the figure as a still, which stands in until Plotly is loaded; the app renders it after
the first visit, which is waited for.

    python -m benchmarks.first_page --repeats 5
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
MARKS = {
    "title": '[data-testid="stHeading"]',
    "numbers": ".card-value",
    "picture": ".st-key-poster-overview-layers img",
    "figure": ".js-plotly-plot .main-svg .trace",
}
WATCH = """marks => {
    window.drawn = {};
    new MutationObserver(() => {
        for (const [name, selector] of Object.entries(marks))
            if (!(name in window.drawn) && document.querySelector(selector))
                window.drawn[name] = performance.now();
    }).observe(document, {subtree: true, childList: true});
}"""


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="requests after the first")
    arguments = parser.parse_args()
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_path is None:
        parser.error("Chromium or Chrome is needed on the path")
    with tempfile.TemporaryDirectory() as store, sync_playwright() as playwright:
        port = free_port()
        server = subprocess.Popen(
            [
                sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
                "--server.port", str(port), "--server.fileWatcherType", "none",
            ],
            cwd=PROJECT,
            env={**os.environ, "CORTEXSCALE_STORE": store, "CORTEXSCALE_CACHE": store},
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait(port)
            browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
            rows = [_request(browser, port)]
            wait_for_poster(Path(store) / "posters")
            rows += [_request(browser, port) for _ in range(arguments.repeats)]
        finally:
            server.terminate()
    print("seconds from request   " + "".join(f"{name:>10}" for name in MARKS))
    for index, row in enumerate(rows):
        label = "first after start" if index == 0 else f"request {index + 1}"
        print(f"{label:<23}" + "".join(f"{row.get(name, float('nan')):>10.2f}" for name in MARKS))
    medians = {name: statistics.median(row[name] for row in rows[1:]) for name in MARKS}
    print("median of the others   " + "".join(f"{medians[name]:>10.2f}" for name in MARKS))


def _request(browser: Browser, port: int) -> dict[str, float]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.add_init_script(f"({WATCH})({MARKS})")
    page.goto(f"http://localhost:{port}/", wait_until="commit")
    page.wait_for_selector(MARKS["figure"], timeout=60_000)
    drawn: dict[str, float] = page.evaluate("window.drawn")
    context.close()
    return {name: milliseconds / 1000 for name, milliseconds in drawn.items()}


def wait_for_poster(folder: Path) -> None:
    """Wait until the app has rendered a picture of its first figure."""
    for _ in range(600):
        if any(folder.glob("*.svg")):
            return
        time.sleep(0.1)
    raise TimeoutError("the app rendered no picture of its first figure within 60 s")


def free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def wait(port: int) -> None:
    """Wait until the app on a port answers."""
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://localhost:{port}/_stcore/health")
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise TimeoutError("the app did not start within 30 s")


if __name__ == "__main__":
    main()
