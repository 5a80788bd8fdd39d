from pathlib import Path

import numpy as np
import pytest
import torch

from backend.errors import InputError
from backend.features.extraction import extract_sentence_states
from backend.features.forward import hidden_states
from backend.features.loading import LoadedModel
from backend.probing.states import read_pieces
from backend.probing.tasks import Item, Piece
from backend.stimuli import Sentences


def test_whole_texts_are_read_as_sentences_are(
    gpt2: LoadedModel, sentences: Sentences, tmp_path: Path
) -> None:
    path, layers = extract_sentence_states(gpt2, sentences, tmp_path / "sentences.npy")
    pieces = [Piece(text) for text in sentences.texts]
    found = read_pieces(gpt2, pieces, tmp_path / "pieces.npy")
    assert found.layers == layers
    assert np.allclose(found.states, np.load(path), atol=1e-5)


def test_a_part_is_the_mean_of_its_own_tokens(gpt2: LoadedModel, tmp_path: Path) -> None:
    text = "the old stone crossed a river"
    pieces = [Piece(text, (8, 13)), Piece(text)]
    found = read_pieces(gpt2, pieces, tmp_path / "states.npy", layers=[2])
    (states,) = hidden_states(gpt2, [gpt2.tokenizer(text)["input_ids"]])[2]
    item = Item(tuple(pieces), "a", 0, 0, 0, "stone")
    (features,) = found.of_items([item], 2)
    assert np.allclose(features[:32], states[2].numpy(), atol=1e-5)
    assert np.allclose(features[32:], states.mean(0).numpy(), atol=1e-5)


def test_a_word_that_the_tokenizer_leaves_no_token_is_named(
    gpt2: LoadedModel, tmp_path: Path
) -> None:
    pieces = [Piece("the old  stone", (7, 9))]
    with pytest.raises(InputError, match="leaves no token of its own to '  ' in 'the old  stone'"):
        read_pieces(gpt2, pieces, tmp_path / "states.npy")


def test_a_text_that_is_too_long_is_refused(gpt2: LoadedModel, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="65 tokens and the model reads up to 64"):
        read_pieces(gpt2, [Piece("stone " * 65)], tmp_path / "states.npy")


def test_a_layer_that_is_not_there_is_refused(gpt2: LoadedModel, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no layer 9; this model has layers 0"):
        read_pieces(gpt2, [Piece("stone")], tmp_path / "states.npy", layers=[9])


def test_reading_leaves_torch_as_it_was(gpt2: LoadedModel, tmp_path: Path) -> None:
    read_pieces(gpt2, [Piece("stone")], tmp_path / "states.npy")
    assert torch.is_grad_enabled()
