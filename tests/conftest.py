"""Fixtures that several folders of tests share. No test reaches a hub."""

import os

from tests.shipped import make_part

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["CORTEXSCALE_PRECOMPUTED"] = str(make_part())

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backend.cli import main
from backend.features.extraction import extract_sentence_states
from backend.features.loading import LoadedModel, load_model
from backend.features.sources import resolve_model
from backend.stimuli import Sentences
from tests.helpers import (
    PEREIRA,
    Outcome,
    random_sentences,
    save_gpt2,
    save_llama,
    write_table,
)

Cli = Callable[..., Outcome]


@pytest.fixture(scope="session")
def gpt2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_gpt2(tmp_path_factory.mktemp("models") / "tiny-gpt2")


@pytest.fixture(scope="session")
def llama_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(scope="session")
def gpt2(gpt2_folder: Path) -> LoadedModel:
    return load_model(resolve_model(str(gpt2_folder)), "none", "cpu")


@pytest.fixture(scope="session")
def llama(llama_folder: Path) -> LoadedModel:
    return load_model(resolve_model(str(llama_folder)), "none", "cpu")


@pytest.fixture(scope="session")
def minilm() -> LoadedModel:
    return load_model(resolve_model("minilm-l6"), "none", "cpu")


@pytest.fixture(scope="session")
def sentences() -> Sentences:
    return Sentences(tuple(random_sentences(30)))


@pytest.fixture(scope="session")
def pereira() -> Path:
    """The real file, where this checkout has it."""
    if not PEREIRA.exists():
        pytest.skip("the real file ../shared/data/pereira2018_language_network.csv is not here")
    return PEREIRA


@pytest.fixture(scope="session")
def pereira_layer_4(
    pereira: Path, minilm: LoadedModel, tmp_path_factory: pytest.TempPathFactory
) -> tuple[np.ndarray, np.ndarray]:
    """MiniLM's layer 4 for the real sentences [627, 384], and the responses [627, 1]."""
    from backend.datasets import read_sentence_table

    recording = read_sentence_table(pereira, "sentence", ["language_network_response"])
    out = tmp_path_factory.mktemp("states") / "states.npy"
    path, _ = extract_sentence_states(minilm, recording.sentences, out, layers=[4])
    return np.load(path)[0], recording.responses


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A sentence table of 40 rows in five passages."""
    return write_table(tmp_path / "toy.csv")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store that does not exist yet."""
    return tmp_path / "store"


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Run a command in this process, away from the results that ship with the project."""
    monkeypatch.setattr("backend.commands.encode.PRECOMPUTED", tmp_path / "no-results.duckdb")

    def run(*argv: object) -> Outcome:
        capsys.readouterr()
        try:
            code = main([str(word) for word in argv])
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run
