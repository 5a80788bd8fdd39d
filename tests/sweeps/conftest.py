import pytest

from backend.sweeps.config import Sweep
from backend.sweeps.engine import Computers
from backend.sweeps.run import run_sweep
from tests.helpers import cache_in

HERE = Computers("here")


@pytest.fixture(scope="package", autouse=True)
def _own_cache(tmp_path_factory):
    with cache_in(tmp_path_factory.mktemp("cache")):
        yield


@pytest.fixture
def sweep(table, gpt2_folder):
    """Two seeds of shuffled folds and two compressions: four runs and a compressed copy."""
    data = {
        "dataset": str(table), "sentence": "sentence", "responses": ["left_ifg"],
        "split": "shuffled", "folds": 2,
    }  # fmt: skip
    return Sweep(
        name="small", models=(str(gpt2_folder),), compressions=("none", "magnitude-50"),
        datasets=(data,), seeds=(0, 1),
    )  # fmt: skip


@pytest.fixture
def lines():
    """What a sweep said."""
    return []


@pytest.fixture
def go(store, lines):
    """Run a sweep in this process."""

    def run(sweep, **options):
        return run_sweep(sweep, store, HERE, say=lines.append, **options)

    return run
