"""What each method does to real weights, seen in the copy that is loaded again."""

import json

import numpy as np
import pytest
import torch
from compressed_tensors.quantization import disable_quantization
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPTNeoXConfig, OPTConfig

from backend import catalog
from backend.compression import applies, method_of, needs_calibration
from backend.compression.cached import models_folder
from backend.compression.calibration import token_windows
from backend.compression.method import WrittenMethod
from backend.errors import ModelError
from backend.features.loading import load_causal_model, load_model
from backend.features.sources import resolve_model
from tests.compression.conftest import WIDTH, linear_layers, save_tiny, states

NAMES = [name for name in catalog.compressions() if name != "none"]
FOUR_BITS = ["rtn-w4a16", "gptq-w4a16", "awq-w4a16"]
QUANTISED = [*FOUR_BITS, "rtn-w8a16", "smoothquant-w8a8"]
PRUNED = [name for name in NAMES if name.startswith(("wanda", "sparsegpt", "magnitude"))]
WRITTEN = [name for name in NAMES if isinstance(method_of(name), WrittenMethod)]


def rounded(weight, bits, group):
    """Round to nearest in numpy: the largest weight of a group stands half a step from the end."""
    groups = weight.numpy().reshape(-1, group)
    scale = np.abs(groups).max(axis=1, keepdims=True) / ((2**bits - 1) / 2)
    levels = np.clip(np.round(groups / scale), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return (levels * scale).reshape(weight.shape)


def description(name):
    for path in models_folder().glob("*/description.json"):
        said = json.loads(path.read_text())
        if said["made_from"].get("compression") == name and "tiny" in said["made_from"]["model"]:
            return said, path.parent
    raise AssertionError(f"no copy of {name}")


@pytest.fixture(scope="module")
def first_inputs(tiny_folder, calibration):
    """What the first block's query layer is given while the text is read, [n_tokens, WIDTH]."""
    model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32).eval()
    windows = token_windows(calibration, AutoTokenizer.from_pretrained(tiny_folder))
    seen = []
    layer = model.model.layers[0].self_attn.q_proj
    layer.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    with torch.inference_mode():
        for window in windows:
            model(torch.tensor([window]))
    return torch.cat([x.reshape(-1, WIDTH) for x in seen]).numpy().astype(np.float64)


@pytest.mark.parametrize("name", NAMES)
def test_linear_layers_change_and_embeddings_do_not(compressed, name):
    before, after = compressed("none"), compressed(name)
    assert not torch.equal(states(before.model), states(after.model))
    embeddings = (each.model.embed_tokens.weight for each in (before, after))
    assert torch.equal(*embeddings)
    assert after.weights.n_parameters == before.weights.n_parameters


@pytest.mark.parametrize("name", WRITTEN)
def test_a_copy_that_is_found_gives_the_same_states(compressed, tiny, calibration, name):
    made = compressed(name)
    times = {path: path.stat().st_mtime_ns for path in models_folder().rglob("*.safetensors")}
    again = load_model(tiny, name, "cpu", calibration)
    assert torch.equal(states(made.model), states(again.model))
    assert made.weights == again.weights
    assert {
        path: path.stat().st_mtime_ns for path in models_folder().rglob("*.safetensors")
    } == times


@pytest.mark.parametrize("name", FOUR_BITS)
def test_four_bits_have_at_most_sixteen_levels_in_a_group(compressed, name):
    layers = linear_layers(compressed(name).model)
    assert len(layers) == 14
    for weight in layers.values():
        groups = weight.reshape(-1, 64)
        counts = [len(group.unique()) for group in groups]
        assert max(counts) <= 16
        assert np.mean(counts) > 8


@pytest.mark.parametrize("name", ["rtn-w8a16", "smoothquant-w8a8"])
def test_eight_bits_have_at_most_256_levels_in_a_row(compressed, name):
    for weight in linear_layers(compressed(name).model).values():
        steps = weight / (weight.abs().amax(dim=1, keepdim=True) / 127)
        assert max(len(row.unique()) for row in weight) <= 256
        np.testing.assert_allclose(steps, steps.round(), atol=0.51)


@pytest.mark.parametrize(("name", "bits", "group"), [("rtn-w8a16", 8, None), ("rtn-w4a16", 4, 64)])
def test_round_to_nearest_is_that_of_numpy(compressed, name, bits, group):
    before, after = (linear_layers(compressed(each).model) for each in ("none", name))
    for layer, weight in before.items():
        expected = rounded(weight, bits, group or weight.shape[1])
        np.testing.assert_allclose(after[layer], expected, atol=1e-6)


def test_gptq_leaves_less_error_in_the_output_than_rounding(compressed, first_inputs):
    layer = "layers.0.self_attn.q_proj"
    before = linear_layers(compressed("none").model)[layer].numpy()

    def error(name):
        after = linear_layers(compressed(name).model)[layer].numpy()
        return np.linalg.norm(first_inputs @ (after - before).T)

    assert error("gptq-w4a16") < 0.95 * error("rtn-w4a16")


def test_smoothquant_rounds_activations_when_states_are_read(compressed, tiny, calibration):
    loaded = load_model(tiny, "smoothquant-w8a8", "cpu", calibration)
    with_activations = states(loaded.model)
    loaded.model.apply(disable_quantization)
    weights_alone = states(loaded.model)
    full = states(compressed("none").model)
    assert torch.norm(with_activations - weights_alone) > 0.1 * torch.norm(weights_alone - full)


@pytest.mark.parametrize("name", PRUNED)
def test_the_share_of_zeros_is_what_was_asked_for(compressed, name):
    settings = catalog.compressions()[name].settings
    layers = linear_layers(compressed(name).model)
    for weight in layers.values():
        assert (weight == 0).float().mean().item() == pytest.approx(
            settings["sparsity"], abs=1 / weight.shape[1]
        )
        if settings["two_of_four"]:
            assert ((weight.reshape(-1, 4) == 0).sum(dim=1) >= 2).all()
    n_zero = sum(int((weight == 0).sum()) for weight in layers.values())
    measured = compressed(name).weights
    assert measured.sparsity == pytest.approx(n_zero / measured.n_parameters, abs=1e-4)


@pytest.mark.parametrize("share", [10, 30, 50, 70])
def test_magnitude_sets_the_smallest_weights_of_a_layer_to_zero(compressed, share):
    before = linear_layers(compressed("none").model)
    after = linear_layers(compressed(f"magnitude-{share}").model)
    for layer, weight in before.items():
        size = np.abs(weight.numpy())
        cut = np.quantile(size, share / 100)
        expected = np.where(size < cut, 0.0, weight.numpy())
        different = expected != after[layer].numpy()
        # The quantile itself lies between two weights, or on one.
        assert different.sum() <= 1


@pytest.mark.parametrize("name", ["wanda-50", "wanda-2of4"])
def test_wandas_mask_is_that_of_weights_times_activations(compressed, first_inputs, name):
    layer = "layers.0.self_attn.q_proj"
    before, after = (
        linear_layers(compressed(each).model)[layer].numpy() for each in ("none", name)
    )
    score = np.abs(before) * np.linalg.norm(first_inputs, axis=0)
    rows = score.reshape(-1, 4) if name.endswith("2of4") else score
    rank = rows.argsort(axis=1).argsort(axis=1).reshape(score.shape[0], -1, rows.shape[1])
    kept = (rank >= rows.shape[1] // 2).reshape(score.shape)
    np.testing.assert_array_equal(after != 0, kept)
    np.testing.assert_array_equal(after[kept], before[kept])


@pytest.mark.parametrize("name", ["sparsegpt-50", "sparsegpt-2of4"])
def test_sparsegpt_changes_the_weights_that_stay(compressed, first_inputs, name):
    layer = "layers.0.self_attn.q_proj"
    before, after, dropped = (
        linear_layers(compressed(each).model)[layer].numpy()
        for each in ("none", name, name.replace("sparsegpt", "magnitude"))
    )
    stays = after != 0
    assert (after[stays] != before[stays]).mean() > 0.5
    errors = [np.linalg.norm(first_inputs @ (each - before).T) for each in (after, dropped)]
    assert errors[0] < errors[1]


@pytest.mark.parametrize("name", WRITTEN)
def test_bits_and_bytes_are_those_in_the_files(compressed, name):
    loaded = compressed(name)
    said, folder = description(name)
    path = folder / "model.safetensors"
    with safe_open(path, "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    # The head is tied to the embedding and not in the file.
    stored = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    weights = loaded.weights
    assert weights.bits_per_weight == pytest.approx(8 * stored / weights.n_parameters)
    assert weights.bytes_on_disk == path.stat().st_size
    assert weights.bytes_in_memory > 4 * weights.n_parameters
    if name in QUANTISED:
        assert any(tensor.dtype in (torch.int32, torch.int8) for tensor in tensors.values())
        assert weights.bits_per_weight < 16
    assert bool(said["made_from"]["calibration"]) == needs_calibration(name)


def test_the_description_says_the_group_size_and_the_calibration(compressed, calibration):
    compressed("gptq-w4a16")
    said, _ = description("gptq-w4a16")
    assert said["details"]["group_size"] == 64
    assert said["made_from"]["calibration"] == calibration.calibration.model_dump(mode="json")
    assert said["libraries"]["llmcompressor"] == "0.14.0.1"


def test_fp4_is_the_floating_point_of_four_bits(compressed):
    kinds = {
        module.weight.quant_state.quant_type
        for module in compressed("bnb-fp4").model.modules()
        if hasattr(getattr(module, "weight", None), "quant_state")
    }
    assert kinds == {"fp4"}


@pytest.mark.parametrize("name", ["bnb-nf4", "bnb-fp4"])
def test_four_bit_layers_narrower_than_a_block_keep_their_weights(tmp_path, llama_folder, name):
    # 32 wide, where bitsandbytes' own product is off on some processors.
    full, loaded = (
        load_model(resolve_model(str(llama_folder)), each, "cpu") for each in ("none", name)
    )
    x = torch.randn(5, 32, generator=torch.Generator().manual_seed(0))
    layer, small = (each.model.layers[0].self_attn.q_proj for each in (full, loaded))
    state = small.weight.quant_state
    packed = small.weight.data.numpy().ravel()
    places = np.stack([packed >> 4, packed & 15], axis=1).ravel()
    scales = np.repeat(state.absmax.numpy(), 64)
    unpacked = (state.code.numpy()[places] * scales).reshape(32, 32)
    original = layer.weight.detach().numpy()
    assert np.linalg.norm(unpacked - original) < 0.2 * np.linalg.norm(original)
    np.testing.assert_allclose(small(x).detach(), x.numpy() @ unpacked.T, atol=1e-5)


OTHERS = {
    "neox": GPTNeoXConfig(
        vocab_size=330, hidden_size=64, intermediate_size=128, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=64, bos_token_id=0, eos_token_id=0,
    ),
    "opt": OPTConfig(
        vocab_size=330, hidden_size=64, ffn_dim=128, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=64, word_embed_proj_dim=64, pad_token_id=0, bos_token_id=0,
        eos_token_id=0,
    ),
    "gpt2": GPT2Config(
        vocab_size=330, n_embd=64, n_layer=1, n_head=2, n_positions=64, bos_token_id=0,
        eos_token_id=0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("family", OTHERS)
def test_what_is_said_to_apply_to_a_family_works(tmp_path, models_cache, calibration, family):
    source = resolve_model(str(save_tiny(tmp_path / family, OTHERS[family])))
    names = [
        name for name in [*QUANTISED, "wanda-2of4", "sparsegpt-50"] if not applies(name, source)
    ]
    assert len(names) == (2 if family == "gpt2" else 7)
    full = states(load_model(source, "none", "cpu").model)
    for name in [*names, "magnitude-50"]:
        loaded = load_model(source, name, "cpu", calibration)
        error = torch.norm(states(loaded.model) - full) / torch.norm(full)
        assert 1e-4 < error < (0.3 if name in QUANTISED else 0.8), name


def test_the_encoder_minilm_is_rounded_and_pruned(minilm, models_cache):
    source = resolve_model("minilm-l6")
    names = [name for name in WRITTEN if applies(name, source) is None]
    assert {"rtn-w8a16", "rtn-w4a16", "magnitude-50"} < set(names)
    loaded = load_model(source, "rtn-w4a16", "cpu")
    assert 18 < loaded.weights.bits_per_weight < 20
    error = torch.norm(states(loaded.model) - states(minilm.model)) / torch.norm(
        states(minilm.model)
    )
    assert 0.01 < error < 0.5


@pytest.mark.parametrize("name", ["none", "bnb-nf4", "gptq-w4a16", "wanda-50"])
def test_a_causal_model_predicts_words_and_has_the_same_states(compressed, tiny, calibration, name):
    causal = load_causal_model(tiny, name, "cpu", calibration)
    with torch.inference_mode():
        logits = causal.model(torch.arange(3, 43)[None]).logits
    assert logits.shape == (1, 40, 330)
    assert torch.equal(states(causal.model), states(compressed(name).model))
    assert causal.weights.bits_per_weight == compressed(name).weights.bits_per_weight


def test_a_model_that_was_saved_without_its_head_predicts_no_words(llama_folder):
    with pytest.raises(ModelError, match="saved without the head"):
        load_causal_model(resolve_model(str(llama_folder)), "none", "cpu")


def test_an_encoder_predicts_no_words():
    with pytest.raises(ModelError, match="does not predict the next word"):
        load_causal_model(resolve_model("minilm-l6"), "none", "cpu")


def test_a_random_twin_is_the_same_each_time_and_can_be_compressed(tiny_folder, models_cache):
    twin = resolve_model(f"{tiny_folder}:random")
    first, second = (load_model(twin, "none", "cpu") for _ in range(2))
    learned = load_model(resolve_model(str(tiny_folder)), "none", "cpu")
    assert torch.equal(states(first.model), states(second.model))
    pruned = load_model(twin, "magnitude-50", "cpu")
    assert (linear_layers(pruned.model)["layers.0.mlp.up_proj"] == 0).float().mean() == 0.5
    assert pruned.weights.sparsity > learned.weights.sparsity


def test_nothing_is_written_into_the_working_folder(
    tmp_path, tiny, calibration, monkeypatch, capfd
):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    load_model(tiny, "wanda-50", "cpu", calibration)
    assert not list((tmp_path / "here").iterdir())
    assert "it/s" not in capfd.readouterr().err
