"""The model catalogue: what it says of shapes and sizes is counted again, without a hub."""

from collections import Counter

import pytest
import torch
from pydantic import ValidationError
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

from backend.catalog import ModelEntry, models
from backend.features.footprint import count_weights

FAMILIES = {
    "MiniLM", "GPT-2", "Pythia", "OPT", "SmolLM2", "Qwen2.5", "Llama-3", "Gemma-2", "Phi-3.5",
    "Falcon3", "Mistral", "OLMo-2",
}  # fmt: skip
PUBLISHED = {
    "gpt2": 124_439_808,
    "pythia-14m": 14_067_712,
    "pythia-160m": 162_322_944,
    "pythia-12b": 11_846_072_320,
    "opt-125m": 125_239_296,
    "smollm2-135m": 134_515_008,
    "qwen2.5-0.5b": 494_032_768,
    "qwen2.5-14b": 14_770_033_664,
    "llama-3.2-1b": 1_235_814_400,
    "llama-3.1-8b": 8_030_261_248,
    "gemma-2-2b": 2_614_341_888,
    "gemma-2-9b": 9_241_705_984,
    "phi-3.5-mini-instruct": 3_821_079_552,
    "mistral-7b-v0.3": 7_248_023_552,
    "olmo-2-1124-7b": 7_298_617_344,
}
"""As the hub gives them, and others who counted the published weights."""
DESCRIBED = {name: entry for name, entry in models().items() if entry.architecture}


def skeleton(entry, with_head):
    """Build the architecture without memory."""
    head = with_head and entry.architecture["model_type"] != "bert"
    with torch.device("meta"):
        model = (AutoModelForCausalLM if head else AutoModel).from_config(
            AutoConfig.for_model(**entry.architecture)
        )
    model.tie_weights()
    return model


@pytest.mark.parametrize("name", DESCRIBED)
def test_numbers_of_weights_are_those_of_the_architecture(name):
    entry = DESCRIBED[name]
    assert entry.n_parameters == sum(p.numel() for p in skeleton(entry, True).parameters())
    assert entry.weights == count_weights(AutoConfig.for_model(**entry.architecture))


@pytest.mark.parametrize("name", DESCRIBED)
def test_depth_and_width_are_those_of_the_architecture(name):
    entry = DESCRIBED[name]
    config = AutoConfig.for_model(**entry.architecture)
    assert (entry.n_layers, entry.width) == (config.num_hidden_layers, config.hidden_size)


@pytest.mark.parametrize(("name", "n_parameters"), PUBLISHED.items())
def test_numbers_of_weights_are_the_published_ones(name, n_parameters):
    assert models()[name].n_parameters == n_parameters


def test_every_family_is_there_from_14m_to_14b():
    assert set(Counter(entry.family for entry in DESCRIBED.values())) == FAMILIES
    sizes = [entry.n_parameters for entry in DESCRIBED.values()]
    assert min(sizes) < 15e6
    assert max(sizes) > 14e9


def test_a_model_on_the_hub_says_what_a_plan_needs():
    for name, entry in models().items():
        if entry.hub is not None:
            assert entry.weights is not None, name
            assert entry.architecture, name


def test_names_titles_and_hub_names_are_told_apart():
    entries = models().values()
    hubs = [entry.hub for entry in entries if entry.hub]
    assert len(hubs) == len(set(hubs))
    assert len({entry.title for entry in entries}) == len(models())


def test_gates_are_those_of_llama_gemma_and_mistral():
    gated = {entry.family for entry in models().values() if entry.gated}
    assert gated == {"Llama-3", "Gemma-2", "Mistral"}


@pytest.mark.parametrize("family", sorted(FAMILIES - {"MiniLM", "GPT-2", "Pythia", "OPT"}))
def test_instruct_models_stand_beside_their_base(family):
    entries = [entry for entry in models().values() if entry.family == family]
    shapes = Counter(
        (entry.n_parameters, entry.title.split("-")[0], entry.instruct) for entry in entries
    )
    bases = sum(not instruct for _, _, instruct in shapes)
    # Phi-3.5 was published as an instruct model only.
    assert bases == (0 if family == "Phi-3.5" else sum(i for _, _, i in shapes))


def test_a_model_from_nowhere_is_refused():
    facts = models()["gpt2"].model_dump(exclude={"hub"})
    with pytest.raises(ValidationError, match="needs a package, a folder in assets/ or a hub name"):
        ModelEntry.model_validate(facts)
