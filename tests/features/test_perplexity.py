import math

import numpy as np
import pytest
import torch
from transformers import GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from backend.errors import InputError, ModelError
from backend.features.loading import LoadedModel, WeightStatistics
from backend.features.perplexity import is_causal, measure_perplexity
from tests.features.stories import byte_level
from tests.helpers import WORDS, tiny_tokenizer

TEXT = " ".join(np.random.default_rng(1).choice(WORDS, 150))
STORY = "The “grey” boat – naïve, small – crossed the river. It was seven o'clock.\n" * 6


def with_head(model, tokenizer, max_tokens=64) -> LoadedModel:
    weights = WeightStatistics(1, 32.0, 0.0)
    return LoadedModel(model.eval(), tokenizer, torch.device("cpu"), weights, max_tokens)


def llama_of(tokenizer) -> LoadedModel:
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=64, initializer_range=0.5,
    )  # fmt: skip
    return with_head(LlamaForCausalLM(config), tokenizer)


@pytest.fixture(scope="module")
def decoders(gpt2_folder):
    gpt2 = GPT2LMHeadModel.from_pretrained(gpt2_folder)
    # Random weights of the usual size say nearly nothing; larger ones depend on the context.
    with torch.no_grad():
        for parameter in gpt2.parameters():
            parameter.mul_(8)
    return {"gpt2": with_head(gpt2, tiny_tokenizer()), "llama": llama_of(tiny_tokenizer())}


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


def oracle(loaded, ids, window, before=()) -> float:
    """Nats of every token but the first, each read by itself after its exact context."""
    room = window - len(before)
    half, total = room // 2, 0.0
    for place in range(1, len(ids)):
        # The first window that reaches this far begins here.
        start = max(0, math.ceil((place + 1 - room) / half)) * half
        context = [*before, *ids[start:place]]
        assert start == 0 or place - start >= half
        with torch.no_grad():
            logits = loaded.model(torch.tensor([context])).logits[0, -1].double().numpy()
        total -= log_softmax(logits)[ids[place]]
    return total


@pytest.mark.parametrize("name", ["gpt2", "llama"])
@pytest.mark.parametrize("window", [16, 17, 64])
def test_each_token_is_scored_once_with_its_exact_context(decoders, name, window):
    loaded = decoders[name]
    ids = loaded.tokenizer(TEXT)["input_ids"]
    got = measure_perplexity(loaded, TEXT, window)
    expected = oracle(loaded, ids, window)
    assert got.n_tokens == len(ids) - 1
    assert got.nats == pytest.approx(expected, rel=1e-5)
    assert got.perplexity == pytest.approx(np.exp(expected / (len(ids) - 1)), rel=1e-4)


def test_more_context_changes_what_is_measured(decoders):
    short, long = (measure_perplexity(decoders["llama"], TEXT, window) for window in (8, 64))
    assert short.nats != pytest.approx(long.nats, rel=1e-3)


def test_tokens_that_stand_before_every_text_do_so_before_every_window(gpt2_folder):
    tokenizer = byte_level(bos=True)
    loaded = llama_of(tokenizer)
    bos, *ids = tokenizer(STORY)["input_ids"]
    assert bos == tokenizer.bos_token_id
    got = measure_perplexity(loaded, STORY, 21)
    assert got.nats == pytest.approx(oracle(loaded, ids, 21, (bos,)), rel=1e-5)
    assert got.n_tokens == len(ids) - 1


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_uniform_model_has_the_perplexity_of_its_vocabulary(decoders, name):
    loaded = decoders[name]
    table = loaded.model.get_output_embeddings().weight
    kept = table.detach().clone()
    with torch.no_grad():
        table.zero_()
        got = measure_perplexity(loaded, TEXT, 32)
        table.copy_(kept)
    n_words = loaded.model.config.vocab_size
    assert got.perplexity == pytest.approx(n_words, rel=1e-6)
    bits = got.n_tokens * math.log2(n_words)
    assert got.bits_per_byte == pytest.approx(bits / got.n_bytes, rel=1e-6)


def test_bytes_are_those_of_the_text_behind_the_first_token(decoders):
    got = measure_perplexity(decoders["gpt2"], TEXT, 32)
    assert got.n_bytes == len(TEXT.encode()) - len(TEXT.split()[0])


def test_bytes_of_accents_and_dashes_count_as_utf8():
    tokenizer = byte_level()
    loaded = llama_of(tokenizer)
    got = measure_perplexity(loaded, STORY, 32)
    first = tokenizer.decode(tokenizer(STORY)["input_ids"][:1])
    assert got.n_bytes == len(STORY.encode()) - len(first.encode())


def test_only_the_first_tokens_are_read_where_that_is_asked_for(decoders):
    loaded = decoders["gpt2"]
    ids = loaded.tokenizer(TEXT)["input_ids"][:40]
    got = measure_perplexity(loaded, TEXT, 16, max_tokens=40)
    assert got.n_tokens == 39
    assert got.nats == pytest.approx(oracle(loaded, ids, 16), rel=1e-5)
    words = TEXT.split()
    assert got.n_bytes == len(" ".join(words[:40])) - len(words[0])


def test_progress_counts_the_tokens_that_are_scored(decoders):
    totals, steps = [], []
    got = measure_perplexity(decoders["gpt2"], TEXT, 16, begin=totals.append, advance=steps.append)
    assert totals == [sum(steps)] == [got.n_tokens]


def test_an_encoder_is_refused(minilm):
    with pytest.raises(ModelError, match="BertModel is not causal.*Choose a decoder"):
        measure_perplexity(minilm, STORY)
    assert not is_causal(minilm, STORY)


def test_a_decoder_without_its_head_is_refused(gpt2):
    assert is_causal(gpt2, TEXT)
    with pytest.raises(ModelError, match="GPT2Model was loaded without its language-model head"):
        measure_perplexity(gpt2, TEXT, 32)


def test_a_text_shorter_than_a_window_is_refused_with_both_lengths(decoders):
    with pytest.raises(InputError, match="has 31 tokens; at least one window of 32 is needed"):
        measure_perplexity(decoders["gpt2"], " ".join(WORDS[:31]), 32)


def test_an_empty_text_is_refused(decoders):
    with pytest.raises(InputError, match="the held-out text is empty"):
        measure_perplexity(decoders["gpt2"], " \n")


@pytest.mark.parametrize("window", [1, 65])
def test_a_window_that_the_model_cannot_read_is_refused(decoders, window):
    with pytest.raises(InputError, match=f"windows of {window} tokens.*the model reads 2 to 64"):
        measure_perplexity(decoders["gpt2"], TEXT, window)


def test_a_broken_model_is_named(decoders):
    broken = llama_of(tiny_tokenizer())
    with torch.no_grad():
        broken.model.lm_head.weight[0, 0] = float("nan")
    with pytest.raises(ModelError, match="logits that are not finite"):
        measure_perplexity(broken, TEXT, 32)
