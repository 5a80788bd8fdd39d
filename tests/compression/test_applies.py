"""What applies to which model, from config.json alone."""

import json
import shutil

import pytest

from backend import catalog
from backend.compression import applies
from backend.compression.architecture import Architecture
from backend.compression.method import group_size_for
from backend.compression.registry import METHODS, against
from backend.errors import InputError, ModelError
from backend.features.loading import load_model
from backend.features.sources import resolve_model

LLAMA = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 256,
    "intermediate_size": 704, "num_attention_heads": 8,
}  # fmt: skip
FAMILY = [(32, 96), (64, 192), (128, 352), (192, 512), (256, 704)]


def reason(name, **changes):
    return against(name, Architecture(LLAMA | changes))


def test_every_entry_names_a_plugin_and_every_plugin_is_named():
    named = {entry.method for entry in catalog.compressions().values()}
    assert named == {None, *METHODS}


@pytest.mark.parametrize("name", catalog.compressions())
@pytest.mark.parametrize(("hidden", "inner"), FAMILY)
def test_all_apply_to_the_projects_own_decoders(name, hidden, inner):
    assert reason(name, hidden_size=hidden, intermediate_size=inner) is None


def test_all_apply_to_a_catalogued_decoder_that_was_never_downloaded():
    source = resolve_model("pythia-70m")
    assert {applies(name, source) for name in catalog.compressions()} == {None}


def test_gpt2_is_pruned_and_not_quantised_by_llm_compressor():
    assert "Conv1D" in reason("gptq-w4a16", model_type="gpt2")
    assert reason("sparsegpt-50", model_type="gpt2") is None
    assert reason("bnb-nf4", model_type="gpt2") is None


@pytest.mark.parametrize("name", ["awq-w4a16", "smoothquant-w8a8"])
def test_smoothing_needs_an_architecture_that_is_known(name):
    said = reason(name, model_type="florb")
    assert "which norm feeds which layers is not known of florb" in said
    assert "llama" in said
    assert reason("gptq-w4a16", model_type="florb") is None


def test_widths_that_no_group_divides_are_refused():
    assert "are 80, 240 wide" in reason("rtn-w4a16", hidden_size=80, intermediate_size=240)
    assert reason("rtn-w8a16", hidden_size=80, intermediate_size=240) is None
    assert "four does not divide" in reason("magnitude-2of4", hidden_size=66)


def test_the_group_is_the_largest_that_divides_all_widths():
    assert [group_size_for((256, inner)) for inner in (1024, 704, 96, 80)] == [128, 64, 32, None]


def test_an_unknown_compression_is_refused():
    with pytest.raises(InputError, match="unknown compression 'gzip'; accepted are none"):
        applies("gzip", resolve_model("minilm-l6"))


@pytest.mark.parametrize(
    ("method", "modules"), [("gptq", "gptqmodel and optimum"), ("awq", "gptqmodel")]
)
def test_an_existing_4_bit_checkpoint_says_what_to_install(tiny_folder, tmp_path, method, modules):
    folder = shutil.copytree(tiny_folder, tmp_path / "quantised")
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = {"quant_method": method, "bits": 4, "group_size": 64}
    (folder / "config.json").write_text(json.dumps(config))
    source = resolve_model(str(folder))
    with pytest.raises(ModelError, match=f"takes {modules}.*pip install -r requirements-gptq.txt"):
        load_model(source, "none", "cpu")
    with pytest.raises(ModelError, match=rf"quantised already \({method}\); read it as it is"):
        load_model(source, "wanda-50", "cpu")
