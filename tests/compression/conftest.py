"""One tiny decoder with random weights, and each compression of it, made once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedModel

from backend.compression import CalibrationText, choose_calibration
from backend.features.loading import LoadedModel, load_model
from backend.features.sources import ModelSource, resolve_model
from backend.paths import CACHE_VARIABLE
from tests.features.stories import byte_level

WIDTH = 64


def save_tiny(folder: Path, config: object) -> Path:
    """Save a causal model with random weights, and a tokenizer of 330 byte pairs."""
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    byte_level().save_pretrained(folder)
    return folder


@pytest.fixture(scope="package")
def models_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache that the tests of compressions share."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder))
        yield folder


@pytest.fixture(scope="package")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = LlamaConfig(
        vocab_size=330,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        bos_token_id=0,
        eos_token_id=0,
        tie_word_embeddings=True,
    )
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny", config)


@pytest.fixture(scope="package")
def tiny(tiny_folder: Path) -> ModelSource:
    return resolve_model(str(tiny_folder))


@pytest.fixture(scope="package")
def calibration() -> CalibrationText:
    return choose_calibration([], n_samples=8, length=32)


@pytest.fixture(scope="package")
def compressed(
    tiny: ModelSource, calibration: CalibrationText, models_cache: Path
) -> Callable[[str], LoadedModel]:
    """Load the tiny decoder with a compression; what was loaded before is given again."""
    loaded: dict[str, LoadedModel] = {}

    def load(name: str) -> LoadedModel:
        if name not in loaded:
            loaded[name] = load_model(tiny, name, "cpu", calibration)
        return loaded[name]

    return load


def states(model: PreTrainedModel) -> torch.Tensor:
    """Last layer's states of forty tokens."""
    ids = torch.arange(3, 43)[None]
    with torch.inference_mode():
        return model(ids, output_hidden_states=True).hidden_states[-1]


def linear_layers(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """Weights of the linear layers of a model without its head."""
    return {
        name: module.weight.detach()
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear)
    }
