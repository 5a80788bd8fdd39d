"""``encode --plan``, and runs that are refused before anything is loaded."""

import json
import shutil

import pytest

from backend.jobs import planner

DEMO = ("encode", "--dataset", "demo-sentences")


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """A machine with 16 GB of free memory, no GPU, and nobody logged in to the hub."""
    monkeypatch.setattr(planner, "choose_device_kind", lambda name: "cpu")
    monkeypatch.setattr(planner, "free_memory", lambda kind: 16e9)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch):
    """Fail if a run starts."""

    def compute(task):
        raise AssertionError("it was run")

    monkeypatch.setattr("backend.commands.compute.compute", compute)


@pytest.mark.parametrize("dataset", ["demo-sentences", "demo-cortex"])
def test_a_plan_is_printed_and_nothing_is_computed(cli, store, dataset):
    planned = cli("encode", "--dataset", dataset, "--model", "minilm-l6", "--plan", "--out", store)
    assert planned.code == 0, planned.err
    lines = dict(line.split(maxsplit=1) for line in planned.out.splitlines())
    assert set(lines) >= {"model", "memory", "disk", "time", "fits", "verdict"}
    assert "must be free; 16.0 GB are free on cpu" in lines["memory"]
    assert "download 0 MB" in lines["disk"]
    assert lines["verdict"] == "can be run here"
    assert not store.exists()


@pytest.mark.parametrize("extra", [(), ("--plan",)])
def test_a_run_that_does_not_fit_is_refused_with_what_would(cli, store, extra):
    refused = cli(*DEMO, "--model", "falcon3-7b-base", "--out", store, *extra)
    assert refused.code == 2
    (error,) = refused.errors
    assert "needs 29." in error
    assert "16.0 GB are free on cpu. Nothing was loaded." in error
    assert "What fits: falcon3-7b-base with bnb-int8" in error
    assert not store.exists()


def test_a_gated_model_without_a_token_is_refused(cli, store, monkeypatch, tmp_path):
    monkeypatch.setattr("backend.features.access.hub_cache", lambda: tmp_path)
    refused = cli(*DEMO, "--model", "meta-llama/Llama-3.2-1B", "--out", store)
    assert refused.code == 2
    assert "Accept it at https://huggingface.co/meta-llama/Llama-3.2-1B" in refused.errors[0]
    assert "HF_TOKEN" in refused.errors[0]


def test_an_unknown_architecture_is_refused(cli, store, gpt2_folder, tmp_path):
    folder = shutil.copytree(gpt2_folder, tmp_path / "copy")
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "model_type": "brainformer"}))
    refused = cli(*DEMO, "--model", folder, "--out", store)
    assert refused.code == 2
    assert "model_type 'brainformer'" in refused.errors[0]
