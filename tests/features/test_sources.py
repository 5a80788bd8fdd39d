import json
import shutil

import pytest

from backend.catalog import ModelEntry, models
from backend.errors import ModelError
from backend.features.sources import resolve_model, safetensors_header


@pytest.mark.parametrize("name", ["minilm", "gpt2", "llama"])
def test_parameters_from_the_headers_equal_those_that_torch_counts(name, request):
    loaded = request.getfixturevalue(name)
    folder = "minilm-l6" if name == "minilm" else str(request.getfixturevalue(f"{name}_folder"))
    assert resolve_model(folder).n_parameters == sum(p.numel() for p in loaded.model.parameters())


def test_minilm_is_found_by_its_catalogue_name():
    source = resolve_model("minilm-l6")
    entry = models()["minilm-l6"]
    assert (source.kind, source.family) == ("package", entry.family)
    assert (source.n_layers, source.width) == (entry.n_layers, entry.width)


def test_a_folder_is_described_by_its_config(gpt2_folder):
    source = resolve_model(str(gpt2_folder))
    assert (source.name, source.kind, source.family) == ("tiny-gpt2", "folder", "gpt2")
    assert (source.n_layers, source.width) == (2, 32)


def test_a_relative_folder_is_named_by_its_last_part(gpt2_folder, monkeypatch):
    monkeypatch.chdir(gpt2_folder)
    source = resolve_model(".")
    assert (source.name, source.location) == ("tiny-gpt2", str(gpt2_folder))


def test_fingerprints_of_two_models_differ(gpt2_folder, llama_folder):
    first, second = (resolve_model(str(f)).fingerprint for f in (gpt2_folder, llama_folder))
    assert first != second


def test_fingerprint_follows_the_weights_and_not_the_folders_name(gpt2_folder, tmp_path):
    folder = shutil.copytree(gpt2_folder, tmp_path / "renamed")
    original = resolve_model(str(gpt2_folder)).fingerprint
    assert resolve_model(str(folder)).fingerprint == original
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert resolve_model(str(folder)).fingerprint != original


def test_fingerprint_follows_the_config(gpt2_folder, tmp_path):
    folder = shutil.copytree(gpt2_folder, tmp_path / "tiny-gpt2")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "layer_norm_epsilon": 0.1}))
    assert resolve_model(str(folder)).fingerprint != resolve_model(str(gpt2_folder)).fingerprint


def test_a_hub_name_is_taken_as_it_is():
    source = resolve_model("cerebras/Cerebras-GPT-111M")
    assert (source.kind, source.location) == ("hub", "cerebras/Cerebras-GPT-111M")
    assert source.family == "Cerebras"
    assert source.n_parameters is None


@pytest.mark.parametrize("name", ["pythia-70m", "EleutherAI/pythia-70m"])
def test_a_catalogued_hub_model_has_one_name_and_the_catalogues_facts(name):
    source = resolve_model(name)
    assert (source.name, source.entry) == ("pythia-70m", "pythia-70m")
    assert (source.kind, source.location) == ("hub", "EleutherAI/pythia-70m")
    assert (source.family, source.architecture) == ("Pythia", "gpt_neox")
    assert (source.n_parameters, source.n_layers, source.width) == (70_426_624, 6, 512)


@pytest.fixture
def shipped(gpt2_folder, monkeypatch):
    """The tiny model as one that ships in assets/, under the name ours."""
    facts = models()["gpt2"].model_dump(exclude={"hub", "weights", "architecture"})
    entry = ModelEntry.model_validate({**facts, "family": "Ours", "folder": gpt2_folder.name})
    monkeypatch.setattr("backend.catalog.models", lambda: {"ours": entry})
    monkeypatch.setattr("backend.features.sources.ASSETS", gpt2_folder.parent)
    return gpt2_folder


def test_a_model_that_ships_with_the_project_is_read_from_its_folder(shipped):
    source, saved = resolve_model("ours"), resolve_model(str(shipped))
    assert (source.name, source.family, source.kind) == ("ours", "Ours", "package")
    assert (source.location, source.address) == (str(shipped), "ours")
    assert (source.n_parameters, source.n_layers) == (saved.n_parameters, 2)
    assert source.fingerprint == saved.fingerprint


def test_a_shipped_model_that_is_not_there_says_so(shipped, monkeypatch, tmp_path):
    monkeypatch.setattr("backend.features.sources.ASSETS", tmp_path)
    with pytest.raises(ModelError, match="ours ships with the project in .* not there; get the"):
        resolve_model("ours")


@pytest.mark.parametrize("model", ["catalogue", "folder", "hub", "unlisted"])
def test_a_random_twin_is_its_model_but_for_the_weights(model, gpt2_folder):
    name = {
        "catalogue": "minilm-l6",
        "folder": str(gpt2_folder),
        "hub": "llama-3.2-1b",
        "unlisted": "cerebras/Cerebras-GPT-111M",
    }[model]
    learned, twin = resolve_model(name), resolve_model(f"{name}:random")
    assert twin.random
    assert not learned.random
    assert twin.name == f"{learned.name}:random"
    assert twin.family == f"{learned.family}, random weights"
    assert twin.fingerprint not in (None, learned.fingerprint)
    assert (twin.location, twin.kind, twin.n_parameters, twin.n_layers, twin.width) == (
        learned.location, learned.kind, learned.n_parameters, learned.n_layers, learned.width,
    )  # fmt: skip


@pytest.mark.parametrize("suffix", ["", ":random"])
def test_an_address_leads_to_the_same_model_from_any_folder(
    gpt2_folder, suffix, monkeypatch, tmp_path
):
    monkeypatch.chdir(gpt2_folder.parent)
    source = resolve_model(f"{gpt2_folder.name}{suffix}")
    monkeypatch.chdir(tmp_path)
    assert resolve_model(source.address) == source


def test_a_folder_whose_name_ends_in_random_is_that_folder(gpt2_folder, tmp_path):
    folder = shutil.copytree(gpt2_folder, tmp_path / "twin:random")
    assert not resolve_model(str(folder)).random


def test_a_packaged_model_that_is_not_installed_says_how_to_install_it(monkeypatch):
    entry = models()["minilm-l6"].model_copy(update={"package": "no_such_package"})
    monkeypatch.setattr("backend.catalog.models", lambda: {"minilm-l6": entry})
    with pytest.raises(ModelError, match=r"no-such-package, .* not installed here\. Install"):
        resolve_model("minilm-l6")


@pytest.mark.parametrize("name", ["two words", "a/b/c", "../nowhere", "~no-such-user/model"])
def test_a_name_of_no_known_form_is_refused(name):
    with pytest.raises(ModelError, match="not in the catalogue"):
        resolve_model(name)


def test_a_name_too_long_for_a_path_is_taken_for_a_hub_name():
    assert resolve_model("a" * 5000).kind == "hub"


def test_a_folder_without_a_config_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"no config\.json.*save_pretrained"):
        resolve_model(str(tmp_path))


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"{", "not readable JSON"), (b"\xff", "not readable JSON"), (b"[1]", "does not hold")],
    ids=["cut short", "not text", "not a table"],
)
def test_a_broken_config_is_refused(tmp_path, content, reason):
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(ModelError, match=f"{reason}.*Save the model again"):
        resolve_model(str(tmp_path))


@pytest.mark.parametrize(
    "content",
    [b"", b"\x01", b"garbage" * 10, (4).to_bytes(8, "little") + b"[1] ",
     (4).to_bytes(8, "little") + b"{\xff} "],
    ids=["empty", "a byte", "garbage", "a list", "not text"],
)  # fmt: skip
def test_a_broken_weight_file_is_refused(gpt2_folder, tmp_path, content):
    folder = shutil.copytree(gpt2_folder, tmp_path / "copy")
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match=r"not a whole safetensors file.*copy or download it"):
        resolve_model(str(folder))


def test_header_names_types_and_shapes(gpt2_folder):
    header = safetensors_header(gpt2_folder / "model.safetensors")
    assert header["wpe.weight"]["shape"] == [64, 32]
    assert header["wpe.weight"]["dtype"] == "F32"


def test_a_folder_without_safetensors_has_an_unknown_number_of_parameters(gpt2_folder, tmp_path):
    folder = shutil.copytree(gpt2_folder, tmp_path / "copy")
    (folder / "model.safetensors").unlink()
    assert resolve_model(str(folder)).n_parameters is None
