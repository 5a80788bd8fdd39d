import shutil
from pathlib import Path

import pytest

from tests.helpers import cache_in


@pytest.fixture(scope="package", autouse=True)
def _own_cache(tmp_path_factory):
    with cache_in(tmp_path_factory.mktemp("cache")):
        yield


@pytest.fixture
def gpt2_copy(gpt2_folder: Path, tmp_path: Path) -> Path:
    """The tiny model in a folder that a test may damage."""
    return Path(shutil.copytree(gpt2_folder, tmp_path / "gpt2-copy"))
