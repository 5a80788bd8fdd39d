import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import BloomConfig, BloomModel, RobertaConfig, RobertaModel

from backend.catalog import models
from backend.errors import InputError, ModelError
from backend.features.extraction import extract_sentence_states
from backend.features.loading import UNLIMITED_TOKENS, choose_device, load_model
from backend.features.sources import resolve_model
from backend.stimuli import Sentences
from tests.helpers import save_clip, save_t5, tiny_tokenizer

QUANTISED = ["bnb-int8", "bnb-nf4"]


@pytest.fixture(scope="module")
def quantised():
    source = resolve_model("minilm-l6")
    return {name: load_model(source, name, "cpu") for name in QUANTISED}


def refused(folder, compression="none") -> str:
    with pytest.raises(ModelError) as caught:
        load_model(resolve_model(str(folder)), compression, "cpu")
    return str(caught.value)


def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


def test_minilm_is_what_the_catalogue_says(minilm):
    entry = models()["minilm-l6"]
    config = minilm.model.config
    assert minilm.weights.n_parameters == entry.n_parameters
    assert config.num_hidden_layers == entry.n_layers
    assert config.hidden_size == entry.width
    assert minilm.max_tokens == entry.context


def test_full_precision_takes_32_bits(minilm):
    assert minilm.weights.bits_per_weight == 32.0
    assert {parameter.dtype for parameter in minilm.model.parameters()} == {torch.float32}


def test_a_loaded_model_is_in_evaluation_mode(minilm):
    assert not minilm.model.training


def test_sparsity_is_the_share_of_zeros(gpt2_folder, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = copy(gpt2_folder, tmp_path)
    weights = load_file(folder / "model.safetensors")
    n_zero = weights["wte.weight"].numel()
    weights["wte.weight"].zero_()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    before = load_model(resolve_model(str(gpt2_folder)), "none", "cpu").weights
    after = load_model(resolve_model(str(folder)), "none", "cpu").weights
    assert after.sparsity - before.sparsity == pytest.approx(n_zero / after.n_parameters, rel=0.01)


@pytest.mark.parametrize("compression", QUANTISED)
def test_quantised_states_differ_from_full_precision_but_correlate(
    quantised, minilm, sentences, tmp_path, compression
):
    full, _ = extract_sentence_states(minilm, sentences, tmp_path / "full.npy")
    small, _ = extract_sentence_states(quantised[compression], sentences, tmp_path / "small.npy")
    full, small = np.load(full), np.load(small)
    np.testing.assert_allclose(small[0], full[0], atol=1e-4)
    for layer in range(1, 7):
        assert np.abs(small[layer] - full[layer]).max() > 1e-3
        assert np.corrcoef(small[layer].ravel(), full[layer].ravel())[0, 1] > 0.9


def test_bits_per_weight_count_scales_and_the_weights_that_stay_in_32_bits(quantised, minilm):
    linear = [m for m in minilm.model.modules() if isinstance(m, torch.nn.Linear)]
    n_linear = sum(module.weight.numel() for module in linear)
    n_rows = sum(module.out_features for module in linear)
    n = minilm.weights.n_parameters
    kept = 32 * (n - n_linear)
    int8, nf4 = (quantised[name].weights.bits_per_weight for name in QUANTISED)
    # int8 keeps a 32-bit scale per row; NF4 one per 64 weights, and a table of 16 levels.
    assert int8 == pytest.approx((kept + 8 * n_linear + 32 * n_rows) / n, abs=0.01)
    assert nf4 == pytest.approx((kept + (4 + 32 / 64) * n_linear) / n, abs=0.02)
    assert nf4 < int8 < 32


def test_nf4_is_the_normal_float_of_4_bits(quantised):
    states = [
        parameter.quant_state
        for parameter in quantised["bnb-nf4"].model.parameters()
        if getattr(parameter, "quant_state", None) is not None
    ]
    assert len(states) >= 6 * 6
    assert {(state.quant_type, state.blocksize) for state in states} == {("nf4", 64)}


@pytest.mark.parametrize("compression", QUANTISED)
def test_a_quantised_model_counts_the_weights_of_the_uncompressed_one(quantised, compression):
    assert quantised[compression].weights.n_parameters == models()["minilm-l6"].n_parameters


def test_unknown_compression_is_refused_with_those_there_are(gpt2_folder):
    with pytest.raises(InputError, match="unknown compression 'gzip'; accepted are none, bnb-int8"):
        load_model(resolve_model(str(gpt2_folder)), "gzip", "cpu")


def test_an_encoder_decoder_is_refused(tmp_path):
    assert "encoder-decoder (t5)" in refused(save_t5(tmp_path / "t5"))


def test_a_model_of_text_and_images_gives_no_states(tmp_path, sentences):
    loaded = load_model(resolve_model(str(save_clip(tmp_path / "clip"))), "none", "cpu")
    with pytest.raises(ModelError, match="CLIPModel cannot read this text"):
        extract_sentence_states(loaded, sentences, tmp_path / "states.npy")


def test_a_model_that_does_not_fit_in_memory_is_refused_before_loading(gpt2_folder, monkeypatch):
    monkeypatch.setattr(
        "backend.features.memory.psutil.virtual_memory", lambda: SimpleNamespace(available=1000)
    )
    monkeypatch.setattr("backend.features.loading.AutoModel.from_pretrained", None)
    message = refused(gpt2_folder)
    assert "GB are free on cpu" in message
    assert "smaller model" in message


def test_a_decoder_without_a_tokenizer_is_refused(gpt2_folder, tmp_path):
    folder = copy(gpt2_folder, tmp_path)
    for path in folder.glob("tokenizer*"):
        path.unlink()
    assert "without its tokenizer" in refused(folder)


def test_an_encoder_without_a_tokenizer_is_refused(tmp_path):
    # transformers makes up a tokenizer to which every word is unknown.
    source = resolve_model("minilm-l6")
    folder = tmp_path / "bert"
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(f"{source.location}/{name}", folder)
    assert "without its tokenizer" in refused(folder)


def test_weights_cut_short_are_refused(gpt2_folder, tmp_path):
    folder = copy(gpt2_folder, tmp_path)
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "'copy' could not be loaded in" in refused(folder)


def test_weights_of_another_shape_are_refused(gpt2_folder, tmp_path):
    folder = copy(gpt2_folder, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "n_embd": 64}))
    assert "'copy' could not be loaded in" in refused(folder)


def test_a_folder_without_weights_is_refused(gpt2_folder, tmp_path):
    folder = copy(gpt2_folder, tmp_path)
    (folder / "model.safetensors").unlink()
    assert "no file named model.safetensors" in refused(folder)


def test_an_unknown_architecture_is_refused(gpt2_folder, tmp_path):
    folder = copy(gpt2_folder, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "florb"}))
    assert "florb" in refused(folder)


def test_a_hub_model_that_cannot_be_reached_is_refused():
    message = refused("no-such-organisation/no-such-model")
    assert "on the Hugging Face hub" in message
    assert "Accepted are the catalogue's names (minilm-l6" in message


def test_cuda_without_a_gpu_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="torch sees no GPU; use cpu or auto"):
        choose_device("cuda")
    assert choose_device("auto") == torch.device("cpu")


def test_auto_takes_the_gpu_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("cuda")


def save_roberta(folder, n_positions):
    tokenizer = tiny_tokenizer()
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=n_positions,
        pad_token_id=1,
    )
    RobertaModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_roberta_reads_two_tokens_fewer_than_it_has_positions(tmp_path):
    loaded = load_model(resolve_model(str(save_roberta(tmp_path / "roberta", 34))), "none", "cpu")
    assert loaded.max_tokens == 32
    path, _ = extract_sentence_states(loaded, Sentences(("river " * 32,)), tmp_path / "states.npy")
    assert np.isfinite(np.load(path)).all()
    with pytest.raises(InputError, match="33 tokens and the model reads up to 32"):
        extract_sentence_states(loaded, Sentences(("river " * 33,)), tmp_path / "states.npy")


def test_a_model_without_an_end_reads_a_stated_number_of_tokens(tmp_path):
    tokenizer = tiny_tokenizer()
    config = BloomConfig(vocab_size=len(tokenizer), hidden_size=32, n_layer=1, n_head=2)
    BloomModel(config).save_pretrained(tmp_path / "bloom")
    tokenizer.save_pretrained(tmp_path / "bloom")
    loaded = load_model(resolve_model(str(tmp_path / "bloom")), "none", "cpu")
    assert loaded.max_tokens == UNLIMITED_TOKENS
