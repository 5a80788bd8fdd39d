import csv
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from backend.errors import CancelledError, InputError, ModelError
from backend.features import story_states
from backend.features.cache import StateCache
from backend.features.contexts import ContextSettings, plan_windows, tokenise_story
from backend.features.forward import hidden_states
from backend.features.loading import LoadedModel, WeightStatistics
from backend.features.story_states import (
    extract_story_states,
    reads_ahead,
    static_word_embeddings,
)
from backend.paths import ASSETS
from tests.features.stories import loaded_from, random_story, save_splitting_gpt2, story
from tests.helpers import run_python, save_gpt2

CAUSAL = ["gpt2", "llama", "splitting"]
MODELS = [*CAUSAL, "minilm"]
WORDS = 150


@pytest.fixture(scope="module")
def splitting(tmp_path_factory) -> LoadedModel:
    return loaded_from(save_splitting_gpt2(tmp_path_factory.mktemp("models") / "splitting"))


@pytest.fixture
def loaded(request) -> LoadedModel:
    return request.getfixturevalue(request.param)


@pytest.fixture
def cache(tmp_path) -> StateCache:
    return StateCache(tmp_path / "cache", "tiny", "fingerprint", "none")


def every_layer(states) -> np.ndarray:
    """[n_layers, n_words, n_dims] in float64, as the model gave them."""
    return np.stack([states.layer(k) / np.float64(states.scales[k]) for k in states.layers])


def expected_states(loaded, words, settings) -> np.ndarray:
    """The same by the plainest means: a forward pass for each word, cut behind its last token."""
    tokens = tokenise_story(loaded.tokenizer, words)
    rows = []
    for window in plan_windows(tokens, settings, loaded.max_tokens):
        for word in range(window.first_word, window.last_word):
            bidirectional = len(tokens.after) > 0
            stop = window.stop if bidirectional else tokens.last[word]
            ids = [*tokens.before, *tokens.ids[window.start : stop].tolist(), *tokens.after]
            with torch.no_grad():
                output = loaded.model(torch.tensor([ids]), output_hidden_states=True)
            shift = len(tokens.before) - window.start
            own = slice(tokens.first[word] + shift, tokens.last[word] + shift)
            states = torch.stack(output.hidden_states)[:, 0, own]
            rows.append(states[:, -1] if settings.pooling == "last" else states.mean(dim=1))
    return torch.stack(rows, dim=1).numpy()


# What the states are


@pytest.mark.parametrize("pooling", ["last", "mean"])
@pytest.mark.parametrize("mode", ["strided", "exact"])
@pytest.mark.parametrize("loaded", MODELS, indirect=True)
def test_states_equal_a_forward_pass_per_word(loaded, cache, mode, pooling):
    words = random_story(30)
    settings = ContextSettings(9, mode, pooling)
    states = extract_story_states(loaded, words, settings, cache)
    expected = expected_states(loaded, words, settings)
    assert states.layers == tuple(range(loaded.model.config.num_hidden_layers + 1))
    np.testing.assert_allclose(every_layer(states), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("loaded", CAUSAL, indirect=True)
def test_strided_equals_exact_where_both_see_the_whole_story_so_far(loaded, cache):
    words = random_story(WORDS)
    strided = every_layer(extract_story_states(loaded, words, ContextSettings(30), cache))
    exact = every_layer(extract_story_states(loaded, words, ContextSettings(30, "exact"), cache))
    both = tokenise_story(loaded.tokenizer, words).first <= 30
    assert 10 < both.sum() < WORDS
    np.testing.assert_allclose(strided[:, both], exact[:, both], rtol=1e-3, atol=1e-3)
    assert np.abs(strided[1:, ~both] - exact[1:, ~both]).max() > 0.01


def demo_words() -> list[str]:
    with (ASSETS / "demo" / "sentences.csv").open(encoding="utf-8", newline="") as file:
        return [word for row in csv.DictReader(file) for word in row["sentence"].split()]


def test_strided_and_exact_are_alike_in_a_real_model(minilm, cache):
    words = story(demo_words()[:150])
    strided = every_layer(extract_story_states(minilm, words, ContextSettings(40), cache))
    exact = every_layer(extract_story_states(minilm, words, ContextSettings(40, "exact"), cache))
    for layer in range(1, 7):
        a, b = (states[layer] - exact[layer].mean(axis=0) for states in (strided, exact))
        cosines = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        # Strided, this bidirectional model has read on: alike, not the same.
        assert 0.5 < np.median(cosines) < 0.999


def test_sub_words_are_pooled_as_by_hand(splitting, cache):
    words = story(["the", "lanternboat", "\u200bstone", "unwatched"])
    tokens = tokenise_story(splitting.tokenizer, words)
    n_tokens = tokens.last - tokens.first
    assert n_tokens.max() > 3
    (hidden,) = torch.stack(hidden_states(splitting, [tokens.ids.tolist()]))[2].numpy()
    last = extract_story_states(splitting, words, ContextSettings(30), cache).layer(2)
    mean = extract_story_states(splitting, words, ContextSettings(30, pooling="mean"), cache)
    for word, (first, stop) in enumerate(zip(tokens.first, tokens.last, strict=True)):
        np.testing.assert_allclose(last[word], hidden[stop - 1], atol=2e-3)
        by_hand = sum(hidden[place] for place in range(first, stop)) / (stop - first)
        np.testing.assert_allclose(mean.layer(2)[word], by_hand, atol=2e-3)
    assert np.abs(last - mean.layer(2))[n_tokens > 1].max() > 0.1


def test_a_word_without_a_token_has_the_state_of_the_one_before_it(minilm, cache):
    words = story(["river", "\u200b", "stone"])
    states = extract_story_states(minilm, words, ContextSettings(20), cache)
    np.testing.assert_array_equal(states.layer(6)[0], states.layer(6)[1])
    assert np.abs(states.layer(6)[1] - states.layer(6)[2]).max() > 0.01
    assert "1 of 3 words in tale have no token of their own" in states.warnings[0]


def test_tokens_never_straddle_stories(splitting, cache, monkeypatch):
    read = []

    def spy(loaded, sequences):
        read.extend(sequences)
        return hidden_states(loaded, sequences)

    monkeypatch.setattr(story_states, "hidden_states", spy)
    first, second = random_story(80, 1, "one"), random_story(90, 2, "two")
    extract_story_states(splitting, first, ContextSettings(25), cache)
    after_another = extract_story_states(splitting, second, ContextSettings(25), cache)
    monkeypatch.undo()
    stories = [" ".join(words.words) for words in (first, second)]
    texts = [splitting.tokenizer.decode(ids).strip() for ids in read]
    inside = [text for text in texts if any(text in whole for whole in stories)]
    # Two probes of each story have a token changed.
    assert len(texts) - len(inside) <= 4 < len(inside)
    elsewhere = StateCache(cache.folder / "elsewhere", "tiny", None, "none")
    alone = extract_story_states(splitting, second, ContextSettings(25), elsewhere)
    np.testing.assert_array_equal(every_layer(after_another), every_layer(alone))


@pytest.mark.parametrize("loaded", MODELS, indirect=True)
def test_reading_ahead_is_found_out_by_trying(loaded, request):
    tokens = tokenise_story(loaded.tokenizer, random_story(5))
    assert reads_ahead(loaded, tokens) == (loaded is request.getfixturevalue("minilm"))
    one = tokenise_story(loaded.tokenizer, story(["river"]))
    assert reads_ahead(loaded, one) == (loaded is request.getfixturevalue("minilm"))


def test_a_run_is_told_that_a_bidirectional_model_reads_ahead(minilm, gpt2, cache):
    words = random_story(40)
    for _ in ("computed", "from the cache"):
        strided = extract_story_states(minilm, words, ContextSettings(10), cache)
        assert strided.sees_ahead
        assert "up to 10 tokens ahead (up to 20 at the story's start)" in strided.warnings[0]
    exact = extract_story_states(minilm, words, ContextSettings(10, "exact"), cache)
    causal = extract_story_states(gpt2, words, ContextSettings(10), cache)
    for states in (exact, causal):
        assert not states.sees_ahead
        assert states.warnings == ()


def test_states_do_not_depend_on_how_windows_are_batched(gpt2, cache, monkeypatch):
    words = random_story(WORDS)
    together = every_layer(extract_story_states(gpt2, words, ContextSettings(16), cache))
    monkeypatch.setitem(story_states.BATCH_TOKENS, "cpu", 1)
    elsewhere = StateCache(cache.folder / "elsewhere", "tiny", None, "none")
    alone = every_layer(extract_story_states(gpt2, words, ContextSettings(16), elsewhere))
    np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-3)


def test_advance_counts_every_word_and_those_in_the_cache(gpt2, cache):
    words = random_story(WORDS)
    for _ in ("computed", "from the cache"):
        steps: list[int] = []
        extract_story_states(gpt2, words, ContextSettings(16), cache, steps.append)
        assert sum(steps) == WORDS


def test_cancelling_keeps_what_was_done(gpt2, cache, monkeypatch):
    monkeypatch.setitem(story_states.BATCH_TOKENS, "cpu", 64)
    words = random_story(WORDS)
    done: list[int] = []

    def cancel(n):
        done.append(n)
        if sum(done) > 60:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        extract_story_states(gpt2, words, ContextSettings(16), cache, cancel)
    steps: list[int] = []
    extract_story_states(gpt2, words, ContextSettings(16), cache, steps.append)
    assert steps[0] == sum(done)
    assert sum(steps) == WORDS


# Half precision


def broken(gpt2_folder, change) -> LoadedModel:
    loaded = loaded_from(gpt2_folder)
    with torch.no_grad():
        change(loaded.model)
    return loaded


def test_states_that_are_not_finite_are_refused(gpt2_folder, cache):
    def change(model):
        model.h[1].mlp.c_proj.weight[0, 0] = float("nan")

    with pytest.raises(ModelError, match="layer 2 gave states that are not finite .* this story"):
        extract_story_states(
            broken(gpt2_folder, change), random_story(40), ContextSettings(16), cache
        )


def test_states_beyond_half_precision_are_scaled_not_cut(gpt2_folder, cache, monkeypatch):
    words = random_story(WORDS)
    monkeypatch.setitem(story_states.BATCH_TOKENS, "cpu", 64)
    rare = words.words[-1]

    def change(model):
        # Only the word "rare" is too large, and it first comes after some words are stored.
        ids = loaded_from(gpt2_folder).tokenizer(rare)["input_ids"]
        model.wte.weight[ids[0]] *= 1e8

    texts = ["river" if word == rare else word for word in words.words[:-1]] + [rare]
    loaded = broken(gpt2_folder, change)
    steps: list[int] = []
    states = extract_story_states(loaded, story(texts), ContextSettings(16), cache, steps.append)
    assert sum(steps) == WORDS
    assert all(np.isfinite(states.layer(layer)).all() for layer in states.layers)
    # The last layer is behind a layer norm, which brings the states back.
    assert max(states.scales[:2]) < 1 == states.scales[2]
    assert {float(np.log2(scale)) % 1 for scale in states.scales} == {0.0}
    assert np.abs(every_layer(states)).max() > 1e6
    expected = expected_states(loaded, story(texts), ContextSettings(16))
    np.testing.assert_allclose(every_layer(states)[:, -1], expected[:, -1], rtol=2e-3, atol=200)


def test_ordinary_states_are_not_scaled(gpt2, cache):
    states = extract_story_states(gpt2, random_story(20), ContextSettings(16), cache)
    assert states.scales == (1.0, 1.0, 1.0)
    assert states.layer(0).dtype == np.float16


# Memory

MEASURE = """
import resource, sys
from pathlib import Path
import torch
from backend.features.cache import StateCache
from backend.features.contexts import ContextSettings
from backend.features.story_states import BATCH_TOKENS, extract_story_states
from tests.features.stories import loaded_from, random_story
# Small passes, whose own memory does not hide what a story would leave behind.
BATCH_TOKENS["cpu"] = 128
torch.set_num_threads(1)
folder = Path(sys.argv[1])
loaded = loaded_from(folder / "model")
for n_words in (500, 4_500):
    cache = StateCache(folder / str(n_words), "tiny", None, "none")
    extract_story_states(loaded, random_story(n_words), ContextSettings(16), cache)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_story(tmp_path):
    save_gpt2(tmp_path / "model", n_embd=512, n_layer=3, n_inner=32)
    short, long = map(int, run_python(MEASURE, tmp_path).split())
    # 4,000 words more of 512 dimensions in 4 layers: 16 MB in half precision, 33 MB in float32.
    assert long - short < 12_000


# Bad input


def test_a_context_that_does_not_fit_is_refused(minilm, cache):
    with pytest.raises(InputError, match="2 x 256 tokens and 2 special tokens .* is 255"):
        extract_story_states(minilm, random_story(9), ContextSettings(256), cache)
    extract_story_states(minilm, random_story(600), ContextSettings(255), cache)


@pytest.mark.parametrize("mode", ["strided", "exact"])
def test_a_story_without_words_is_refused(gpt2, cache, mode):
    with pytest.raises(InputError, match="'tale' has no words"):
        extract_story_states(gpt2, story([]), ContextSettings(16, mode), cache)


def test_layers_of_different_widths_are_refused(gpt2, cache):
    class Narrowing:
        config = SimpleNamespace()

        def __call__(self, input_ids, **inputs):
            states = [torch.zeros(*input_ids.shape, size) for size in (8, 8, 4)]
            return SimpleNamespace(hidden_states=states)

    weights = WeightStatistics(1, 32.0, 0.0)
    loaded = LoadedModel(Narrowing(), gpt2.tokenizer, torch.device("cpu"), weights, 64)
    with pytest.raises(ModelError, match=r"Narrowing has layers of different widths \(\[4, 8\]\)"):
        extract_story_states(loaded, random_story(9), ContextSettings(16), cache)


# Static embeddings


@pytest.mark.parametrize("loaded", MODELS, indirect=True)
def test_static_embeddings_are_the_mean_over_the_words_sub_words(loaded, monkeypatch):
    monkeypatch.setitem(story_states.BATCH_TOKENS, "cpu", 7)
    words = story([*random_story(40).words, "\u200b", "lanternboat"])
    tokens = tokenise_story(loaded.tokenizer, words)
    table = loaded.model.get_input_embeddings().weight.detach().numpy()
    expected = [
        table[tokens.ids[first:last]].mean(axis=0)
        for first, last in zip(tokens.first, tokens.last, strict=True)
    ]
    np.testing.assert_allclose(static_word_embeddings(loaded, words), expected, atol=1e-6)


def test_static_embeddings_that_are_not_finite_are_refused(gpt2_folder):
    def change(model):
        model.wte.weight[:] = float("inf")

    with pytest.raises(ModelError, match="the embedding table gave states that are not finite"):
        static_word_embeddings(broken(gpt2_folder, change), random_story(9))
