"""One real subject for the tests that need one; simulating it takes some seconds."""

from pathlib import Path

import pytest

from backend.datasets.story_recording import StoryRecording
from backend.demo import load_demo_cortex


@pytest.fixture(scope="session")
def demo_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo-cache")


@pytest.fixture(scope="session")
def recording(demo_cache: Path) -> StoryRecording:
    return load_demo_cortex("sub-01", demo_cache)
