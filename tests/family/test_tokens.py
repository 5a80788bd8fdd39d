import numpy as np
import pytest

from backend.family.sizes import SIZES, llama_config
from backend.family.tokens import END, encode, saved_tokens, train_tokenizer
from tests.family.texts import paragraphs

TEXT = paragraphs(20_000)
AWKWARD = 'The “naïve” boat – 東京 😀\n\n  two spaces\ttab "quotes" don\'t\n'


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXT, 400)


@pytest.mark.parametrize("text", [TEXT, AWKWARD, "", "\n"], ids=["text", "awkward", "empty", "end"])
def test_a_text_comes_back_byte_for_byte(tokenizer, text):
    if text:
        assert tokenizer.decode(encode(tokenizer, text).tolist()) == text
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_ids_are_those_that_transformers_gives(tokenizer):
    lines = TEXT.splitlines(keepends=True)
    expected = [index for line in lines for index in tokenizer(line)["input_ids"]]
    ids = encode(tokenizer, TEXT)
    assert ids.dtype == np.uint16
    assert ids.tolist() == expected


def test_every_byte_has_a_token_and_the_end_is_the_first(tokenizer):
    assert 257 <= len(tokenizer) <= 400
    assert tokenizer.eos_token_id == tokenizer.pad_token_id == 0
    assert tokenizer.convert_ids_to_tokens(0) == END


def test_training_makes_tokens_of_frequent_words(tokenizer):
    assert len(encode(tokenizer, TEXT)) < len(TEXT) / 2


def test_a_saved_tokenizer_reads_alike(tokenizer, tmp_path):
    from transformers import AutoTokenizer

    tokenizer.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert again(AWKWARD)["input_ids"] == tokenizer(AWKWARD)["input_ids"]
    assert again.decode(again(AWKWARD)["input_ids"]) == AWKWARD


def test_tokens_are_made_once_and_then_mapped(tokenizer, tmp_path):
    first = saved_tokens(tmp_path, "train-1", tokenizer, TEXT)
    assert first.tolist() == encode(tokenizer, TEXT).tolist()
    # What is on disk is read, whatever the text.
    again = saved_tokens(tmp_path, "train-1", tokenizer, "another text")
    assert isinstance(again, np.memmap)
    assert again.tolist() == first.tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["train-1.npy"]


@pytest.mark.parametrize("name", SIZES)
def test_a_size_has_about_as_many_weights_as_its_name_says(name):
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(llama_config(SIZES[name]))
    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    assert millions == pytest.approx(float(name.split("-")[1].rstrip("m")), rel=0.35)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_every_extent_can_be_quantised_in_groups_of_32(size):
    assert size.width % 32 == size.intermediate % 32 == 0
    assert size.width % size.n_heads == 0
