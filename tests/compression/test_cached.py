"""Copies on disk: made once, whole or not at all, made again when they are damaged."""

import json
import threading
import time

import pytest
import torch

from backend.compression.cached import DESCRIPTION, find_copy, find_or_make, models_folder
from backend.compression.wanda import Wanda
from backend.errors import ModelError
from backend.features.loading import load_model
from tests.compression.conftest import states

MADE_FROM = {"model": "organisation/model:random", "compression": "toy"}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))


class Maker:
    def __init__(self):
        self.n = 0

    def __call__(self, folder):
        self.n += 1
        time.sleep(0.05)
        (folder / "model.safetensors").write_bytes(b"weights" * 100)
        return {"group_size": 64}


def test_a_copy_is_made_once_and_found_then():
    make = Maker()
    made, found = (find_or_make(MADE_FROM, make) for _ in range(2))
    assert make.n == 1
    assert (made.is_new, found.is_new) == (True, False)
    assert found.details == {"group_size": 64}
    assert [path.name for path in found.files] == ["model.safetensors"]
    said = json.loads((found.folder / DESCRIPTION).read_text())
    assert said["made_from"] == MADE_FROM
    assert said["seconds"] > 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "model.safetensors").write_bytes(b"WEIGHTS" * 100),
        lambda folder: (folder / "model.safetensors").write_bytes(b"weights"),
        lambda folder: (folder / "model.safetensors").unlink(),
        lambda folder: (folder / DESCRIPTION).unlink(),
        lambda folder: (folder / DESCRIPTION).write_text('{"made_from"'),
        lambda folder: (folder / DESCRIPTION).write_text("[]"),
    ],
    ids=["altered", "cut short", "missing", "no description", "half a description", "a list"],
)
def test_a_damaged_copy_is_made_again(damage):
    make = Maker()
    damage(find_or_make(MADE_FROM, make).folder)
    assert find_copy(MADE_FROM) is None
    assert find_or_make(MADE_FROM, make).is_new
    assert make.n == 2
    assert find_copy(MADE_FROM) is not None


def test_what_a_killed_process_left_is_not_taken_for_a_copy():
    folder = find_or_make(MADE_FROM, Maker()).folder
    folder.rename(folder.with_name(f"{folder.name}.part"))
    assert find_copy(MADE_FROM) is None
    assert find_or_make(MADE_FROM, Maker()).is_new
    assert [path.name for path in models_folder().glob("*.part")] == []


def test_two_that_want_the_same_copy_make_it_once():
    make = Maker()
    workers = [threading.Thread(target=find_or_make, args=(MADE_FROM, make)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert make.n == 1


def test_a_cache_that_cannot_be_written_says_so(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="environment variable CORTEXSCALE_CACHE"):
        find_or_make(MADE_FROM, Maker())


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
    ids=["python", "cuda", "cpu"],
)
def test_out_of_memory_in_mid_run_leaves_nothing_and_says_what_to_change(
    tiny, calibration, monkeypatch, error
):
    def compress(self, work):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Wanda, "compress", compress)
        with pytest.raises(ModelError, match="memory ran out while tiny was being compressed") as e:
            load_model(tiny, "wanda-50", "cpu", calibration)
    assert "Choose a smaller model" in str(e.value)
    assert [path.name for path in models_folder().iterdir()] == [".locks"]


def test_after_a_failure_the_same_request_works(tiny, calibration, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Wanda, "compress", lambda self, work: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            load_model(tiny, "wanda-50", "cpu", calibration)
    loaded = load_model(tiny, "wanda-50", "cpu", calibration)
    assert torch.isfinite(states(loaded.model)).all()
