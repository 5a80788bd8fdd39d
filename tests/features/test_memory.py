"""The memory that is expected of a run, beside that of a process that does it."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from transformers import LlamaConfig, LlamaModel

from backend.features import memory
from backend.features.footprint import find_footprint
from backend.features.memory import (
    choose_device_kind,
    free_memory,
    memory_need,
    states_bytes,
)
from backend.features.sources import resolve_model
from backend.paths import PROJECT
from tests.helpers import tiny_tokenizer

N_LAYERS, WIDTH = 10, 768
EXTRACT = r"""
import re, sys
from pathlib import Path
import backend.jobs.run
from backend.features.extraction import extract_sentence_states
from backend.features.loading import load_model
from backend.features.sources import resolve_model
from backend.stimuli import Sentences
from tests.helpers import random_sentences
folder, compression, out = sys.argv[1:]
loaded = load_model(resolve_model(folder), compression, "cpu")
extract_sentence_states(loaded, Sentences(tuple(random_sentences(24))), Path(out))
# What getrusage says would be that of the process that started this one, if it was larger.
print(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
"""


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    """Save a Llama of 107 million random weights in a type."""
    folders = {}

    def make(dtype):
        if dtype not in folders:
            folders[dtype] = tmp_path_factory.mktemp("models") / dtype
            config = LlamaConfig(
                vocab_size=16_000, hidden_size=WIDTH, intermediate_size=4 * WIDTH,
                num_hidden_layers=N_LAYERS, num_attention_heads=12, max_position_embeddings=256,
                bos_token_id=1, eos_token_id=1,
            )  # fmt: skip
            LlamaModel(config).to(getattr(torch, dtype)).save_pretrained(folders[dtype])
            tiny_tokenizer().save_pretrained(folders[dtype])
        return folders[dtype]

    return make


@pytest.mark.parametrize(
    ("dtype", "compression"),
    [
        ("float32", "none"),
        ("bfloat16", "none"),
        ("float32", "bnb-int8"),
        ("float32", "bnb-nf4"),
        ("bfloat16", "bnb-int8"),
        ("bfloat16", "bnb-nf4"),
        # Compressed and written first.
        ("float32", "rtn-w4a16"),
        ("bfloat16", "rtn-w4a16"),
    ],
)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a peak")
def test_the_peak_of_a_process_is_the_expected_one(
    dtype, compression, folder_of, tmp_path, monkeypatch
):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path))
    folder = folder_of(dtype)
    work = states_bytes(N_LAYERS, WIDTH, 16 * 13)
    need = memory_need(find_footprint(resolve_model(str(folder))), compression, work)
    done = subprocess.run(
        [sys.executable, "-c", EXTRACT, folder, compression, tmp_path / "states.npy"],
        cwd=PROJECT, capture_output=True, text=True, timeout=600, check=True,
    )  # fmt: skip
    measured = 1024 * int(done.stdout)
    assert need.peak == pytest.approx(measured, rel=0.15)
    assert need.needed <= need.peak


def test_states_are_four_bytes_a_number():
    assert states_bytes(n_layers=2, width=10, tokens=5) == 4 * 3 * 10 * 5


@pytest.fixture
def driver(monkeypatch):
    """A driver that says how many megabytes are free."""

    def say(text):
        monkeypatch.setattr(memory.shutil, "which", lambda name: name)
        monkeypatch.setattr(
            memory.subprocess, "run", lambda *args, **kwargs: SimpleNamespace(stdout=text)
        )

    return say


def test_the_first_gpu_is_taken_where_torch_was_built_for_it(driver, monkeypatch):
    driver("1000\n2000\n")
    monkeypatch.setattr(memory.metadata, "version", lambda name: "2.13.0")
    assert choose_device_kind("auto") == "cuda"
    assert free_memory("cuda") == 1000 * 1024**2
    monkeypatch.setattr(memory.metadata, "version", lambda name: "2.13.0+cpu")
    assert choose_device_kind("auto") == "cpu"
    assert choose_device_kind("cuda") == "cuda"


@pytest.mark.parametrize("said", ["", "No devices were found"])
def test_a_driver_without_a_device_is_no_gpu(driver, monkeypatch, said):
    driver(said)
    monkeypatch.setattr(memory.metadata, "version", lambda name: "2.13.0")
    assert choose_device_kind("auto") == "cpu"
    assert free_memory("cuda") == 0
    assert free_memory("cpu") > 0
