from types import SimpleNamespace

import numpy as np
import pytest
import torch

from backend.errors import InputError, ModelError
from backend.features.extraction import extract_sentence_states, static_embeddings
from backend.features.loading import LoadedModel, WeightStatistics, load_model
from backend.features.sources import resolve_model
from backend.stimuli import Sentences
from tests.helpers import save_gpt2

MODELS = ["minilm", "gpt2", "llama"]


@pytest.fixture
def loaded(request) -> LoadedModel:
    return request.getfixturevalue(request.param)


def one_by_one(loaded: LoadedModel, sentences: Sentences, pooling: str) -> np.ndarray:
    """States [n_layers, n_sentences, n_dims] by the plainest use of transformers."""
    specials = set(loaded.tokenizer.all_special_ids)
    rows = []
    for text in sentences.texts:
        batch = loaded.tokenizer(text, return_tensors="pt", return_token_type_ids=False)
        with torch.no_grad():
            hidden = loaded.model(**batch, output_hidden_states=True).hidden_states
        words = [place for place, token in enumerate(batch["input_ids"][0].tolist())
                 if token not in specials]  # fmt: skip
        states = torch.stack(hidden)[:, 0, words]
        rows.append(states[:, -1] if pooling == "last" else states.mean(dim=1))
    return torch.stack(rows, dim=1).numpy()


def extract(loaded, sentences, tmp_path, **options) -> np.ndarray:
    path, _ = extract_sentence_states(loaded, sentences, tmp_path / "states.npy", **options)
    return np.load(path)


@pytest.mark.parametrize("pooling", ["mean", "last"])
@pytest.mark.parametrize("loaded", MODELS, indirect=True)
def test_states_of_every_layer_equal_a_forward_pass_per_sentence(
    loaded, sentences, tmp_path, pooling
):
    states = extract(loaded, sentences, tmp_path, pooling=pooling)
    expected = one_by_one(loaded, sentences, pooling)
    assert len(states) == loaded.model.config.num_hidden_layers + 1
    np.testing.assert_allclose(states, expected, atol=1e-4)


@pytest.mark.parametrize("loaded", MODELS, indirect=True)
def test_states_do_not_depend_on_the_batch(loaded, sentences, tmp_path):
    alone = extract(loaded, sentences, tmp_path, batch_size=1)
    together = extract(loaded, sentences, tmp_path, batch_size=30)
    np.testing.assert_allclose(alone, together, atol=1e-4)


def test_last_and_mean_pooling_differ(gpt2, sentences, tmp_path):
    mean = extract(gpt2, sentences, tmp_path, pooling="mean")
    last = extract(gpt2, sentences, tmp_path, pooling="last")
    assert np.abs(mean - last).max() > 0.1


def test_special_tokens_are_left_out_of_the_mean(minilm, tmp_path):
    text = "one narrow boat"
    (layer_0,) = extract(minilm, Sentences((text,)), tmp_path, layers=[0])
    batch = minilm.tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        states = minilm.model(**batch, output_hidden_states=True).hidden_states[0][0]
    assert minilm.tokenizer.convert_ids_to_tokens(batch["input_ids"][0])[0] == "[CLS]"
    np.testing.assert_allclose(layer_0[0], states[1:-1].mean(dim=0), atol=1e-5)
    assert np.abs(layer_0[0] - states.mean(dim=0).numpy()).max() > 0.01


def test_a_subset_of_layers_holds_the_same_states(gpt2, sentences, tmp_path):
    every = extract(gpt2, sentences, tmp_path)
    path, kept = extract_sentence_states(gpt2, sentences, tmp_path / "some.npy", layers=[2, 0, 2])
    assert kept == (0, 2)
    np.testing.assert_array_equal(np.load(path), every[[0, 2]])


@pytest.mark.parametrize("layer", [-1, 3])
def test_a_layer_that_is_not_there_is_refused(gpt2, sentences, tmp_path, layer):
    with pytest.raises(InputError, match=f"no layer {layer}; .* 0 .embeddings. to 2"):
        extract(gpt2, sentences, tmp_path, layers=[layer])


def test_advance_counts_every_sentence(gpt2, sentences, tmp_path):
    steps: list[int] = []
    extract(gpt2, sentences, tmp_path, batch_size=16, advance=steps.append)
    assert steps == [16, 14]


def test_a_sentence_longer_than_the_context_is_refused(gpt2, tmp_path):
    long = Sentences(("river stone", "river " * 65))
    with pytest.raises(InputError, match="65 tokens and the model reads up to 64"):
        extract(gpt2, long, tmp_path)


def test_a_sentence_as_long_as_the_context_is_read(gpt2, tmp_path):
    assert np.isfinite(extract(gpt2, Sentences(("river " * 64,)), tmp_path)).all()


def test_a_sentence_without_a_token_is_refused(minilm, tmp_path):
    with pytest.raises(InputError, match=r"no token in the sentence '\\u200b'"):
        extract(minilm, Sentences(("\u200b",)), tmp_path)


def test_states_that_are_not_finite_are_refused(gpt2_folder, sentences, tmp_path):
    broken = load_model(resolve_model(str(gpt2_folder)), "none", "cpu")
    with torch.no_grad():
        broken.model.h[0].mlp.c_proj.weight[0, 0] = float("nan")
    with pytest.raises(ModelError, match="layer 1 gave states that are not finite"):
        extract(broken, sentences, tmp_path)


def with_model(loaded: LoadedModel, forward) -> LoadedModel:
    weights = WeightStatistics(1, 32.0, 0.0)
    return LoadedModel(forward, loaded.tokenizer, torch.device("cpu"), weights, 64)


@pytest.mark.parametrize(
    "output",
    [
        SimpleNamespace(logits=1),
        SimpleNamespace(hidden_states=None),
        SimpleNamespace(hidden_states=()),
    ],
    ids=["none named", "None", "empty"],
)
def test_a_model_without_hidden_states_is_refused(gpt2, sentences, tmp_path, output):
    class Convolutional:
        def __call__(self, **inputs):
            return output

    with pytest.raises(ModelError, match="Convolutional gives no hidden states"):
        extract(with_model(gpt2, Convolutional()), sentences, tmp_path)


def test_a_tokenizer_of_another_model_is_refused(tmp_path, sentences):
    folder = save_gpt2(tmp_path / "small-vocabulary", vocab_size=10)
    with pytest.raises(ModelError, match="cannot read this text"):
        extract(load_model(resolve_model(str(folder)), "none", "cpu"), sentences, tmp_path)


@pytest.mark.parametrize("loaded", MODELS, indirect=True)
def test_static_embeddings_are_the_mean_of_the_input_embeddings(loaded, sentences):
    table = loaded.model.get_input_embeddings().weight.detach().numpy()
    expected = []
    for text in sentences.texts:
        ids = loaded.tokenizer(text, add_special_tokens=False)["input_ids"]
        expected.append(table[ids].mean(axis=0))
    np.testing.assert_allclose(static_embeddings(loaded, sentences), expected, atol=1e-5)


def test_static_embeddings_do_not_depend_on_word_order(gpt2):
    first, second = static_embeddings(gpt2, Sentences(("old river stone", "stone old river")))
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_states_depend_on_word_order(gpt2, tmp_path):
    last = extract(gpt2, Sentences(("old river stone", "stone old river")), tmp_path, layers=[2])
    assert np.abs(last[0, 0] - last[0, 1]).max() > 0.01


def test_the_file_holds_32_bit_floats(gpt2, sentences, tmp_path):
    states = extract(gpt2, sentences, tmp_path)
    assert states.dtype == np.float32
    assert states.shape == (3, len(sentences), 32)
