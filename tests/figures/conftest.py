"""Results of made-up runs, as the store hands them to figures."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from backend.store.queries import baseline_scores, layer_curves
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.store.shards import RunTables, write_run
from tests.helpers import make_config, make_tables

SELECTION = Selection(dataset="toy", rois=("left_ifg",))


@dataclass(frozen=True)
class Results:
    """A store of two compressions on contiguous and on shuffled folds, and what was written."""

    store: ResultStore
    written: dict[str, RunTables]

    def curves(self, metric: str = "r") -> pd.DataFrame:
        return layer_curves(self.store, SELECTION, metric)

    @property
    def baselines(self) -> pd.DataFrame:
        return baseline_scores(self.store, SELECTION)


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("results")
    written = {}
    for seed, (compression, split) in enumerate(
        [("none", "contiguous"), ("bnb-nf4", "contiguous"), ("none", "shuffled")]
    ):
        config = make_config(compression=compression, split=split)
        written[config.run_id] = make_tables(config, seed)
        write_run(folder, config.run_id, written[config.run_id])
    return Results(ResultStore(folder), written)


@pytest.fixture(scope="session")
def curves(results: Results) -> pd.DataFrame:
    return results.curves()


@pytest.fixture(scope="session")
def baselines(results: Results) -> pd.DataFrame:
    return results.baselines


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Curves and baselines of a run on simulated responses."""
    folder: Path = tmp_path_factory.mktemp("simulated")
    config = make_config(evidence="simulated")
    write_run(folder, config.run_id, make_tables(config))
    store = ResultStore(folder)
    return layer_curves(store, SELECTION), baseline_scores(store, SELECTION)
