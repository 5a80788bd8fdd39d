"""Sizes that are known before a model is loaded, beside those of real loads."""

import shutil

import pytest
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    OPTConfig,
)

from backend.catalog import Weights, compressions, models
from backend.features.footprint import (
    count_weights,
    entry_footprint,
    find_footprint,
    is_packed,
    precision_bytes,
    weight_bytes,
)
from backend.features.loading import load_model
from backend.features.sources import resolve_model
from tests.helpers import tiny_tokenizer

SIZES = {"vocab_size": 300, "num_hidden_layers": 3, "num_attention_heads": 4, "hidden_size": 64}
CONFIGS = {
    "gpt2": GPT2Config(vocab_size=300, n_layer=3, n_head=4, n_embd=64, n_positions=32),
    "gpt_neox": GPTNeoXConfig(**SIZES, intermediate_size=96, max_position_embeddings=32),
    "llama": LlamaConfig(**SIZES, intermediate_size=96, num_key_value_heads=2),
    "tied llama": LlamaConfig(**SIZES, intermediate_size=96, tie_word_embeddings=True),
    "opt": OPTConfig(**SIZES, ffn_dim=96, word_embed_proj_dim=64, max_position_embeddings=32),
}


@pytest.fixture(scope="module")
def saved_llama(tmp_path_factory):
    """A Llama of 12 million weights, wide enough for blocks of 64, with its tokenizer."""
    folder = tmp_path_factory.mktemp("models") / "llama-12m"
    config = LlamaConfig(
        vocab_size=4000, hidden_size=384, intermediate_size=1152, num_hidden_layers=6,
        num_attention_heads=6, max_position_embeddings=128, bos_token_id=1, eos_token_id=1,
    )  # fmt: skip
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize("compression", ["none", "bnb-int8", "bnb-nf4", "bnb-fp4"])
@pytest.mark.parametrize("model", ["minilm-l6", "llama"])
def test_bytes_are_those_of_a_real_load(model, compression, saved_llama):
    source = resolve_model(str(saved_llama) if model == "llama" else model)
    weights = load_model(source, compression, "cpu").weights
    measured = weights.bits_per_weight * weights.n_parameters / 8
    footprint = find_footprint(source)
    assert footprint.weights.total == weights.n_parameters
    assert weight_bytes(footprint.weights, compression) == pytest.approx(measured, rel=0.05)


@pytest.mark.parametrize("name", CONFIGS)
def test_headers_of_saved_files_tell_what_the_architecture_does(name, tmp_path):
    AutoModelForCausalLM.from_config(CONFIGS[name]).save_pretrained(tmp_path)
    footprint = find_footprint(resolve_model(str(tmp_path)))
    counted = count_weights(AutoConfig.from_pretrained(tmp_path))
    read = footprint.weights
    assert (read.embeddings, read.linear, read.other) == (
        counted.embeddings, counted.linear, counted.other,
    )  # fmt: skip
    assert footprint.stored_bytes == 4
    assert footprint.file_bytes == 4 * resolve_model(str(tmp_path)).n_parameters


def test_rows_of_gpt2_are_counted_along_its_outputs():
    entry = models()["gpt2"]
    # Per block: 3 x 768 for attention, 768 for its output, 4 x 768 and 768 for the MLP.
    assert entry.weights.rows == 12 * 9 * 768


def test_a_change_of_the_files_is_seen(gpt2_folder, tmp_path):
    folder = shutil.copytree(gpt2_folder, tmp_path / "copy")
    assert find_footprint(resolve_model(str(folder))) is not None
    (folder / "model.safetensors").unlink()
    assert find_footprint(resolve_model(str(folder))) is None


def test_a_model_that_only_the_hub_knows_has_no_size():
    assert find_footprint(resolve_model("organisation/model")) is None


def test_a_catalogued_model_has_its_catalogues_size():
    entry = models()["pythia-1b"]
    footprint = find_footprint(resolve_model("EleutherAI/pythia-1b"))
    assert footprint == entry_footprint(entry)
    assert footprint.file_bytes == 2 * entry.n_parameters


@pytest.mark.parametrize("compression", compressions())
def test_no_compression_takes_more_than_full_precision(compression):
    weights = Weights(embeddings=1000, linear=64_000, rows=100, other=50)
    dense = weight_bytes(weights, "none")
    assert dense == 4 * weights.total
    packed = weight_bytes(weights, compression)
    assert packed < dense if is_packed(compression) else packed == dense


def test_precisions_stand_from_large_to_small():
    sizes = list(precision_bytes(models()["llama-3.1-8b"].weights).values())
    assert sizes == sorted(sizes, reverse=True)
