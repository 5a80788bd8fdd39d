"""The models that ship with the project."""

import json

import pytest
import torch

from backend import catalog
from backend.family.save import TRAINING
from backend.family.sizes import SIZES
from backend.features.loading import load_causal_model, load_model
from backend.features.perplexity import measure_perplexity
from backend.features.sources import resolve_model
from backend.jobs.held_out import choose_text
from backend.paths import ASSETS

FOLDER = ASSETS / "models"


def history(name):
    return json.loads((FOLDER / name / TRAINING).read_text())


@pytest.mark.parametrize("name", SIZES)
def test_the_catalogue_says_what_is_in_the_folder(name):
    entry, source = catalog.models()[name], resolve_model(name)
    assert entry.n_parameters == source.n_parameters == history(name)["n_parameters"]
    assert (entry.n_layers, entry.width) == (source.n_layers, source.width)
    assert (entry.n_layers, entry.width) == (SIZES[name].n_layers, SIZES[name].width)


def test_they_are_small_enough_to_ship():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 25e6


def test_loss_on_held_out_text_falls_with_size():
    losses = [history(name)["validation_loss"] for name in SIZES]
    assert losses == sorted(losses, reverse=True)


def test_they_share_one_tokenizer():
    files = {(FOLDER / name / "tokenizer.json").read_bytes() for name in SIZES}
    assert len(files) == 1


def test_the_weights_predict_what_they_were_not_trained_on():
    text = choose_text().text
    scores = [
        measure_perplexity(
            load_causal_model(resolve_model(name), "none", "cpu"), text, 128, 1000
        ).perplexity
        for name in ("cortexscale-0.1m", "cortexscale-1m", "cortexscale-1m:random")
    ]
    assert scores[1] < scores[0] < 200
    assert scores[2] > 1000


def test_a_random_twin_is_the_same_every_time_and_not_the_model():
    trained, first, again = (
        load_model(resolve_model(name), "none", "cpu").model.state_dict()
        for name in ("cortexscale-0.1m", "cortexscale-0.1m:random", "cortexscale-0.1m:random")
    )
    name = "layers.0.mlp.up_proj.weight"
    assert torch.equal(first[name], again[name])
    assert not torch.allclose(first[name], trained[name])
