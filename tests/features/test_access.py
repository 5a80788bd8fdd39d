import json
import shutil
from dataclasses import replace

import pytest

from backend.features import access
from backend.features.access import access_problem, is_downloaded, known_architectures
from backend.features.sources import resolve_model


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """A cache of the hub's with nothing in it, and nobody logged in."""
    monkeypatch.setattr(access, "hub_cache", lambda: tmp_path)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    return tmp_path


@pytest.mark.parametrize("name", ["llama-3.2-1b", "gemma-2-2b-it", "llama-3.2-1b:random"])
def test_a_gated_model_without_a_token_says_where_to_accept_its_licence(name):
    problem = access_problem(resolve_model(name))
    hub = "google/gemma-2-2b-it" if "gemma" in name else "meta-llama/Llama-3.2-1B"
    assert f"{name} is gated" in problem
    assert f"https://huggingface.co/{hub}," in problem
    assert "HF_TOKEN" in problem


def test_a_token_opens_the_gate(monkeypatch):
    monkeypatch.setattr("huggingface_hub.get_token", lambda: "hf_x")
    assert access_problem(resolve_model("llama-3.2-1b")) is None


def test_a_model_that_was_downloaded_needs_no_token(cache):
    source = resolve_model("llama-3.2-1b")
    assert not is_downloaded(source)
    folder = cache / "models--meta-llama--Llama-3.2-1B" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").touch()
    assert is_downloaded(source)
    assert access_problem(source) is None


@pytest.mark.parametrize("name", ["minilm-l6", "pythia-70m", "organisation/model"])
def test_other_models_are_open(name):
    assert access_problem(resolve_model(name)) is None


def test_an_architecture_that_transformers_does_not_know_is_named(gpt2_folder, tmp_path):
    folder = shutil.copytree(gpt2_folder, tmp_path / "copy")
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "model_type": "brainformer"}))
    problem = access_problem(resolve_model(str(folder)))
    assert "architecture that transformers" in problem
    assert "model_type 'brainformer'" in problem
    assert "Choose another model" in problem


def test_known_architectures_are_those_of_transformers():
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    missing = set(CONFIG_MAPPING.keys()) - known_architectures()
    # Names of models of sound, images and proteins, which are added elsewhere.
    assert missing <= {
        "EvollaModel", "mlcd", "parakeet_tdt", "vibevoice_acoustic_tokenizer_decoder",
        "vibevoice_acoustic_tokenizer_encoder",
    }  # fmt: skip
    assert known_architectures() <= set(CONFIG_MAPPING.keys())


def test_a_configuration_that_names_no_architecture_is_left_to_the_loader(gpt2_folder):
    assert access_problem(replace(resolve_model(str(gpt2_folder)), architecture=None)) is None
