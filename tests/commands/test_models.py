import json

import pytest

from backend import catalog


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """A machine with 16 GB of free memory and no GPU."""
    monkeypatch.setattr("backend.commands.models.choose_device_kind", lambda name: "cpu")
    monkeypatch.setattr("backend.commands.models.free_memory", lambda kind: 16e9)


def test_every_model_is_listed_with_what_it_takes(cli):
    listed = cli("models")
    assert listed.code == 0
    assert "16.0 GB of memory are free on cpu; compression none" in listed.out
    lines = {line.split()[0]: line for line in listed.out.splitlines() if line}
    assert set(catalog.models()) <= set(lines)
    for fact in ("8,030,261,248", " 32 ", " 4096 ", " 131072 ", "30.02 GB", "(gated)", " no "):
        assert fact in lines["llama-3.1-8b"]
    assert " yes " in lines["gpt2"]


def test_a_family_is_listed_by_size(cli):
    listed = json.loads(cli("models", "--family", "pythia", "--json").out)
    assert [model["name"] for model in listed][:3] == ["pythia-14m", "pythia-31m", "pythia-70m"]
    assert {model["family"] for model in listed} == {"Pythia"}
    sizes = [model["parameters"] for model in listed]
    assert sizes == sorted(sizes)


def test_what_fits_depends_on_the_compression(cli):
    plain = json.loads(cli("models", "--fits", "--json").out)
    packed = json.loads(cli("models", "--fits", "--compression", "bnb-nf4", "--json").out)
    names = {model["name"] for model in plain}
    assert "falcon3-7b-base" not in names
    assert names < {model["name"] for model in packed}
    assert all(model["fits"] and model["needed"] < 16e9 for model in plain)


def test_json_tells_the_facts_of_the_catalogue(cli):
    (model,) = json.loads(cli("models", "--family", "Phi-3.5", "--json").out)
    entry = catalog.models()["phi-3.5-mini-instruct"]
    assert (model["hub"], model["licence"], model["instruct"], model["gated"]) == (
        entry.hub, entry.licence, True, False,
    )  # fmt: skip
    assert model["memory"]["float32"] == 4 * entry.weights.total


def test_an_unknown_family_is_refused_with_those_there_are(cli):
    refused = cli("models", "--family", "Bloom")
    assert refused.code == 2
    assert "no family 'Bloom' in the catalogue; there are MiniLM, CortexScale, GPT-2" in refused.err


def test_help_teaches(cli):
    text = cli("models", "--help").out
    assert "python -m backend models --fits" in text
    assert ":random" in text
    assert "HF_TOKEN" in text
