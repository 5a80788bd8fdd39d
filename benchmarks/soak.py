"""Many small runs while workers are killed at random: nothing may be lost, doubled or different.

    python -m benchmarks.soak --runs 500 --every 4

A sweep of the smallest model that ships on 40 sentences; every few seconds the worker that is at
work on a random piece is killed with SIGKILL. Then every run must be there once, and a sample of
them is computed again, undisturbed, and compared.
"""

import argparse
import os
import random
import signal
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import yaml

from backend.sweeps.config import Sweep, read_sweep
from backend.sweeps.engine import Computers
from backend.sweeps.folder import SweepFolder, sweep_folder
from backend.sweeps.run import run_sweep

_SAMPLE = 20
_GOES = 10


def main() -> None:
    """Run the sweep under kills, then look at what is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--every", type=float, default=4.0, help="mean seconds between kills")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cortexscale-soak-") as scratch:
        folder = Path(scratch)
        os.environ["CORTEXSCALE_CACHE"] = str(folder / "cache")
        sweep, store = _sweep(folder, arguments.runs), folder / "store"
        killer = _Killer(sweep_folder(store, sweep.name), arguments.every, arguments.seed)
        started = time.monotonic()
        killer.start()
        goes = 1
        computers = Computers("local", workers=arguments.workers)
        while run_sweep(sweep, store, computers, say=_quiet).state != "done" and goes < _GOES:
            goes += 1
        seconds = time.monotonic() - started
        killer.stop.set()
        killer.join()
        _require_whole(store, arguments.runs)
        _require_same(sweep, store, folder / "undisturbed")
        print(
            f"{arguments.runs} runs in {seconds:.0f} s ({3600 * arguments.runs / seconds:.0f} an "
            f"hour) on {arguments.workers} worker(s), {killer.kills} workers killed, {goes} "
            f"go(es); none lost or doubled, {_SAMPLE} of them computed again and the same"
        )


class _Killer(threading.Thread):
    """Kills a worker at work now and then."""

    def __init__(self, folder: SweepFolder, every: float, seed: int) -> None:
        super().__init__(daemon=True)
        self.stop, self.kills = threading.Event(), 0
        self._folder, self._every, self._random = folder, every, random.Random(seed)

    def run(self) -> None:
        while not self.stop.wait(self._random.expovariate(1 / self._every)):
            at_work = self._folder.running()
            if at_work:
                with suppress(ProcessLookupError):
                    os.kill(int(str(self._random.choice(at_work)["pid"])), signal.SIGKILL)
                    self.kills += 1


def _sweep(folder: Path, n_runs: int) -> Sweep:
    rows = [f"The {word} number {i} went by.,{i % 7 / 7}" for i in range(20) for word in "ab"]
    (folder / "table.csv").write_text("\n".join(["sentence,region", *rows]) + "\n")
    data = {
        "dataset": "table.csv", "sentence": "sentence", "responses": ["region"],
        "split": "shuffled", "folds": 2, "simulated": True,
    }  # fmt: skip
    content = {
        "models": ["cortexscale-0.1m"], "compressions": ["none", "magnitude-50"],
        "datasets": [data], "seeds": list(range(n_runs // 2)),
    }  # fmt: skip
    path = folder / "soak.yaml"
    path.write_text(yaml.safe_dump(content))
    return read_sweep(path)


def _require_whole(store: Path, n_runs: int) -> None:
    for table in ("runs", "roi_scores", "baseline_scores", "target_scores", "spaces"):
        frame = _rows(store, table)
        assert frame["run_id"].nunique() == n_runs, f"{table}: {frame['run_id'].nunique()} runs"
        assert not frame.astype(str).duplicated().any(), f"{table}: a row is doubled"
    assert not list(store.rglob("*.part")), "something half written is left"


def _require_same(sweep: Sweep, store: Path, undisturbed: Path) -> None:
    few = sweep.model_copy(update={"seeds": sweep.seeds[: _SAMPLE // 2]})
    run_sweep(few, undisturbed, Computers("here"), say=_quiet)
    expected = _rows(undisturbed, "roi_scores")
    got = _rows(store, "roi_scores")
    got = got[got["run_id"].isin(expected["run_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(got, expected, check_exact=False, rtol=0, atol=1e-6)


def _rows(store: Path, table: str) -> pd.DataFrame:
    paths = sorted((store / table).glob("*.parquet"))
    return pd.concat([pq.read_table(path).to_pandas() for path in paths], ignore_index=True)


def _quiet(line: str) -> None:
    pass


if __name__ == "__main__":
    main()
