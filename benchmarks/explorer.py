"""How fast the app is on a large store: first page, changes in the sidebar, queries, memory.

Makes a store of ten million rows and 20,000 maps, or takes one, starts the app on it and drives
headless Chromium. A redraw is timed in the browser: from a click in the sidebar to the last thing
that is drawn on the page. The clicks take turns: a region more, the first region away, another
metric, a compression, all of them again, the first metric, a model, all again, a subject more, the
first subject away.

    python -m benchmarks.explorer                            # makes the store in a temporary folder
    python -m benchmarks.explorer --store FOLDER --cache FOLDER
    python -m benchmarks.explorer --store FOLDER --cache FOLDER --only changes --pages layers scale
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from backend.comparisons.maps import on_surface
from backend.comparisons.scores import comparable_scores
from backend.figures.flat_payload import maps_payload
from backend.paths import PRECOMPUTED
from backend.store.compact import compact
from backend.store.compacted import compacted_file
from backend.store.map_queries import map_runs
from backend.store.queries import (
    baseline_scores,
    choices,
    compression_changes,
    gains_over_baselines,
    layer_curves,
    runs,
)
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.views.cortex import map_choice
from backend.views.cortex_maps import cortex_maps
from benchmarks.first_page import FLAGS, MARKS, PROJECT, WATCH, free_port, wait, wait_for_poster

DATASET = "simulated-large"
SPLIT = "leave-story-out"
FIGURE = MARKS["figure"]
PAGES = ("overview", "layers", "scale", "compression")
PARTS = ("queries", "first", "changes", "browsers")
# So long nothing was drawn, and the script is not running: the page is done.
QUIET_MS = 400
RECORD = """() => {
    window.last = window.clicked = performance.now();
    window.addEventListener("click", () => { window.clicked = performance.now(); }, true);
    new MutationObserver(() => { window.last = performance.now(); }).observe(
        document.querySelector('[data-testid="stMain"]'),
        {subtree: true, childList: true, characterData: true, attributes: true});
}"""
SETTLED = """quiet => performance.now() - Math.max(window.last, window.clicked) > quiet
    && !document.querySelector('[data-testid="stApp"][data-test-script-state="running"]')"""


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path, help="made before; default: a temporary one is made")
    parser.add_argument(
        "--cache", type=Path, help="holds the store's gathered shards; default: a temporary one"
    )
    parser.add_argument("--rows", type=int, default=10_000_000, help="of a store that is made")
    parser.add_argument("--maps", type=int, default=20_000, help="of a store that is made")
    parser.add_argument("--changes", type=int, default=50, help="clicks per page")
    parser.add_argument("--browsers", type=int, default=8, help="at once")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="what to measure")
    parser.add_argument("--pages", choices=PAGES, nargs="+", default=PAGES, help="to click on")
    arguments = parser.parse_args()
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_path is None:
        parser.error("Chromium or Chrome is needed on the path")
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        cache = arguments.cache or Path(scratch) / "cache"
        store = arguments.store or made_store(Path(scratch) / "store", arguments)
        report("gathering the shards, once", "s", time_once(lambda: gather(store, cache)))
        if "queries" in arguments.only:
            measure_queries(store, cache)
        if {"first", "changes", "browsers"}.isdisjoint(arguments.only):
            return
        with serving(store, cache) as (port, memory):
            browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
            measure_pages(browser, port, cache, arguments)
            report("memory of the app, highest", "MB", memory.peak)


def measure_pages(browser: Browser, port: int, cache: Path, arguments: argparse.Namespace) -> None:
    """Measure what needs a browser."""
    if "first" in arguments.only:
        measure_first_page(browser, port, cache)
    if "changes" in arguments.only:
        every = [
            time
            for name in arguments.pages
            for time in measure_changes(browser, port, name, arguments.changes)
        ]
        report("all pages: median, 95th percentile", "ms", *np.percentile(every, [50, 95]))
    if "browsers" in arguments.only:
        measure_crowd(browser, port, arguments.browsers)


def report(what: str, unit: str, *values: float) -> None:
    """Print a line of the table."""
    print(f"{what:<46}" + "".join(f"{value:>10.3g}" for value in values) + f"  {unit}", flush=True)


def made_store(folder: Path, arguments: argparse.Namespace) -> Path:
    """Make the store by its command."""
    words = ["--out", folder, "--rows", arguments.rows, "--maps", arguments.maps]
    command = [sys.executable, "-m", "backend", "simulate-store", *map(str, words)]
    subprocess.run(command, cwd=PROJECT, check=True)
    return folder


def gather(store: Path, cache: Path) -> None:
    """Do what the app does when it first sees a store."""
    compact(store, compacted_file(store, cache))


def time_once(work: Callable[[], object]) -> float:
    """Seconds that a piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure_queries(store: Path, cache: Path) -> None:
    """Time each question in every region, none of them asked before."""
    started = time.perf_counter()
    opened = ResultStore(store, PRECOMPUTED, compacted_file(store, cache))
    report("opening the store", "s", time.perf_counter() - started)
    table = runs(opened)
    large = table[table["dataset"] == DATASET]
    rois = choices(opened).query("dataset == @DATASET")["roi"].unique()
    selections = [
        Selection(dataset=DATASET, subjects=(subject,), rois=(roi,), hemisphere=hemisphere)
        for subject in sorted(large["subject"].unique())[:4]
        for roi in rois
        for hemisphere in ("left", "right")
    ]
    asked: dict[str, Callable[[Selection], object]] = {
        "runs": lambda one: runs(opened, one),
        "layer_curves": lambda one: layer_curves(opened, one),
        "baseline_scores": lambda one: baseline_scores(opened, one),
        "gains_over_baselines": lambda one: gains_over_baselines(opened, one),
        "compression_changes": lambda one: compression_changes(opened, one, SPLIT),
        "comparable_scores (a row per fold)": lambda one: comparable_scores(opened, one, SPLIT),
    }
    print(f"{'query':<46}{'median':>10}{'worst':>10}")
    for name, ask in asked.items():
        times = [1000 * time_once(lambda one=one, ask=ask: ask(one)) for one in selections]
        report(name, "ms", statistics.median(times), max(times))
    mapped = on_surface(map_runs(opened, Selection(dataset=DATASET), SPLIT))
    times = [
        1000 * time_once(lambda run_id=run_id: redraw_map(opened, mapped, run_id))
        for run_id in mapped["run_id"].sample(50, random_state=0)
    ]
    report("redraw of the Cortex page: read, pack", "ms", statistics.median(times), max(times))


def redraw_map(store: ResultStore, mapped: pd.DataFrame, run_id: str) -> None:
    """Do what the server does for another run's map; the browser paints it."""
    maps = cortex_maps(store, mapped, map_choice(mapped, {"map_run": [run_id]}))
    maps_payload(maps.panels, maps.scale, maps.short, "light", maps.film)


class Memory:
    """The resident memory of a process, looked at ten times a second."""

    def __init__(self, process: int) -> None:
        self.peak = 0.0
        self._path = Path(f"/proc/{process}/statm")
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while self._path.exists():
            try:
                resident = int(self._path.read_text().split()[1]) * page
            except (OSError, IndexError):
                return
            self.peak = max(self.peak, resident / 1e6)
            time.sleep(0.1)


@contextmanager
def serving(store: Path, cache: Path) -> Iterator[tuple[int, Memory]]:
    """Run the app on a store."""
    port = free_port()
    server = subprocess.Popen(
        [
            sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
            "--server.port", str(port), "--server.fileWatcherType", "none",
        ],
        cwd=PROJECT,
        env={**os.environ, "CORTEXSCALE_STORE": str(store), "CORTEXSCALE_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait(port)
        yield port, Memory(server.pid)
    finally:
        server.terminate()
        server.wait()


def address(port: int, page: str, **changes: str) -> str:
    """Link to a page of the large store."""
    chosen = {"data": DATASET, "subject": "sub-01", "roi": "AC", "hemisphere": "left", **changes}
    path = "" if page == "overview" else page
    return f"http://localhost:{port}/{path}?" + "&".join(f"{k}={v}" for k, v in chosen.items())


def open_page(browser: Browser, link: str) -> Page:
    """Open a link as a new visitor, and wait for the figure."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(f"({WATCH})({MARKS})")
    page.goto(link, wait_until="commit")
    page.wait_for_selector(FIGURE, timeout=120_000)
    page.evaluate(RECORD)
    page.wait_for_function(SETTLED, arg=QUIET_MS, timeout=120_000)
    return page


def measure_first_page(browser: Browser, port: int, cache: Path) -> None:
    """Time the first request after the start, and the median of five others."""
    rows = []
    for number in range(6):
        page = open_page(browser, address(port, "overview"))
        rows.append({**dict.fromkeys(MARKS, np.nan), **page.evaluate("window.drawn")})
        page.context.close()
        if not number:
            # Later visitors see the figure's picture, which is rendered after the first visit.
            wait_for_poster(cache / "posters")
    print(f"{'first page: seconds to':<46}" + "".join(f"{name:>10}" for name in MARKS))
    report("first request after the start", "s", *(rows[0][name] / 1000 for name in MARKS))
    medians = [statistics.median(row[name] for row in rows[1:]) / 1000 for name in MARKS]
    report("median of five others", "s", *medians)


def measure_changes(browser: Browser, port: int, name: str, n: int) -> list[float]:
    """Time clicks in the sidebar, as a person makes them."""
    page = open_page(browser, address(port, name))
    times = []
    for number in range(n):
        CHANGES[number % len(CHANGES)](page)
        page.wait_for_timeout(30)
        page.wait_for_function(SETTLED, arg=QUIET_MS, timeout=60_000)
        took = float(page.evaluate("window.last - window.clicked"))
        # The Overview shows r, whatever the metric: a click on another one redraws nothing there.
        times += [took] if took > 0 else []
    page.context.close()
    report(f"change on {name}: median, 95th percentile", "ms", *np.percentile(times, [50, 95]))
    return times


def in_sidebar(page: Page, label: str) -> Locator:
    """Find a list of the sidebar, whose label begins like that."""
    sidebar = page.get_by_test_id("stSidebar")
    return sidebar.get_by_test_id("stMultiSelect").filter(has_text=label).first


def choose_more(label: str) -> Callable[[Page], None]:
    """Choose the first name that is not chosen yet, below "Select all"."""

    def choose(page: Page) -> None:
        in_sidebar(page, label).get_by_role("combobox").click()
        page.get_by_role("option").nth(1).click()

    return choose


def take_away(label: str) -> Callable[[Page], None]:
    """Take the first of the chosen names away."""

    def take(page: Page) -> None:
        # The list of names is still open and lies over the rest.
        page.keyboard.press("Escape")
        box = in_sidebar(page, label).locator(".react-aria-ComboBox")
        box.get_by_role("button", name="Remove ").first.click()

    return take


def choose_metric(label: str) -> Callable[[Page], None]:
    """Choose a metric."""

    def choose(page: Page) -> None:
        page.keyboard.press("Escape")
        page.get_by_test_id("stSidebar").get_by_role("radio", name=label, exact=True).click()

    return choose


CHANGES = (
    choose_more("Regions"),
    take_away("Regions"),
    choose_metric("unique R²"),
    choose_more("Compressions"),
    take_away("Compressions"),
    choose_metric("r"),
    choose_more("Models"),
    take_away("Models"),
    choose_more("Subjects"),
    take_away("Subjects"),
)


def measure_crowd(browser: Browser, port: int, n: int) -> None:
    """Let several people look at different pages at once, each changing the metric nine times."""
    # Playwright's synchronous interface has one thread; the server works on all of them at once.
    links = [address(port, PAGES[k % len(PAGES)], subject=f"sub-{k + 1:02d}") for k in range(n)]
    started = time.perf_counter()
    pages = [browser.new_context().new_page() for _ in links]
    for page, link in zip(pages, links, strict=True):
        page.goto(link, wait_until="commit")
    for page in pages:
        page.wait_for_selector(FIGURE, timeout=180_000)
    opened = time.perf_counter() - started
    for page in pages:
        page.evaluate(RECORD)
    for label in 3 * ("unique R²", "r / ceiling", "r"):
        for page in pages:
            choose_metric(label)(page)
    for page in pages:
        page.wait_for_function(SETTLED, arg=QUIET_MS, timeout=180_000)
    errors = sum(
        page.locator('[data-testid="stException"], [data-testid="stAlertContentError"]').count()
        for page in pages
    )
    report(f"{n} browsers: all open, all done", "s", opened, time.perf_counter() - started)
    report(f"{n} browsers: errors", "", float(errors))
    for page in pages:
        page.context.close()


if __name__ == "__main__":
    main()
