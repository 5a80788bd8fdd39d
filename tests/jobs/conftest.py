from pathlib import Path

import pytest

from backend.jobs.config import Task
from backend.jobs.request import build_task, choose_data
from tests.helpers import cache_in


@pytest.fixture(scope="package", autouse=True)
def _own_cache(tmp_path_factory):
    with cache_in(tmp_path_factory.mktemp("cache")):
        yield


@pytest.fixture
def task(table: Path, gpt2_folder: Path, store: Path) -> Task:
    """A small task: 40 sentences, two responses, a tiny model."""
    data = choose_data(str(table), "sentence", ["left_ifg", "left_ptl"])
    return build_task(data, str(gpt2_folder), store, device="cpu")[0]
