"""Code that comes with a model: not run unless it was said so of this one model."""

import json
import shutil

import pytest

from backend.errors import ModelError
from backend.features import hub
from backend.features.loading import load_model
from backend.features.sources import resolve_model
from tests.helpers import make_config

CODE = """
from pathlib import Path
from transformers import GPT2Config
Path(__file__).resolve()
class OwnConfig(GPT2Config):
    model_type = "own-model"
"""
MODEL = """
from transformers import GPT2Model
from .configuration_own import OwnConfig
class OwnModel(GPT2Model):
    config_class = OwnConfig
"""


@pytest.fixture
def folder(gpt2_folder, tmp_path, monkeypatch):
    """A model of a class of its own, as a hub's repository brings it."""
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    own = shutil.copytree(gpt2_folder, tmp_path / "own")
    config = json.loads((own / "config.json").read_text())
    classes = {"AutoConfig": "configuration_own.OwnConfig", "AutoModel": "modeling_own.OwnModel"}
    (own / "config.json").write_text(
        json.dumps({**config, "model_type": "own-model", "auto_map": classes})
    )
    (own / "configuration_own.py").write_text(CODE)
    (own / "modeling_own.py").write_text(MODEL)
    return own


def test_code_of_a_model_is_refused_with_what_to_do(folder):
    with pytest.raises(ModelError, match=r"comes with code of its own.*own:remote-code"):
        load_model(resolve_model(str(folder)), "none", "cpu")


def test_it_runs_for_the_model_of_which_the_user_says_so(folder):
    source = resolve_model(f"{folder}:remote-code")
    assert (source.name, source.trusted) == ("own", True)
    # A worker is told by the address.
    assert resolve_model(source.address).trusted
    assert type(load_model(source, "none", "cpu").model).__name__ == "OwnModel"


def test_the_twin_of_a_trusted_model_is_trusted():
    source = resolve_model("lab/model:remote-code:random")
    assert (source.name, source.trusted, source.random) == ("lab/model:random", True, True)
    assert source.address == "lab/model:remote-code:random"
    assert resolve_model(source.address) == source


@pytest.mark.parametrize("name", ["minilm-l6:remote-code", "lab/model:random:remote-code"])
def test_trust_where_it_says_nothing_is_refused(name):
    with pytest.raises(ModelError, match="says nothing"):
        resolve_model(name)


def test_trust_is_stored_and_leaves_other_requests_as_they_were():
    plain = make_config()
    assert "trust_remote_code" not in plain.model_dump_json()
    trusted = plain.model_copy(update={"trust_remote_code": True})
    assert type(plain).model_validate_json(trusted.model_dump_json()).trust_remote_code
    assert trusted.run_id != plain.run_id


def test_a_hub_that_cannot_be_reached_is_asked_once(monkeypatch):
    asked = []
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub, "_asked", {})
    monkeypatch.setattr(hub.urllib.request, "getproxies", dict)
    monkeypatch.setattr(hub, "_connects", lambda host, port: asked.append((host, port)) or False)
    for _ in range(2):
        with pytest.raises(ModelError, match="the Hugging Face hub, cannot be reached"):
            load_model(resolve_model("nobody/nothing"), "none", "cpu")
    assert asked == [("huggingface.co", 443)]
