import json

import numpy as np
import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from backend.commands import train_family
from tests.family.texts import paragraphs

SIZE = "cortexscale-0.1m"


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "stories.txt").write_text(paragraphs(25_000))
    (folder / "validation.txt").write_text(paragraphs(4_000, seed=1))
    return folder


@pytest.fixture
def train(cli, corpus, tmp_path):
    def train(*options):
        return cli(
            "train-family", "--corpus", corpus, "--out", tmp_path / "models",
            "--work", tmp_path / "work", "--size", SIZE, "--device", "cpu", *options,
        )  # fmt: skip

    return train


def test_a_text_becomes_a_model_that_can_be_loaded(train, tmp_path, corpus):
    outcome = train("--steps", 2, "--describe", "toy stories")
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "models" / SIZE
    history = json.loads((folder / "training.json").read_text())
    loss = history["validation_loss"]
    assert outcome.out == (
        f"{SIZE}: validation loss {loss:.3f} nats per token, saved to {folder}\n"
    )
    assert history["corpus"] == "toy stories"
    assert history["curve"]["steps"] == [2]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert 0 < loss < 1.1 * np.log(len(tokenizer))
    assert AutoModelForCausalLM.from_pretrained(folder).config.vocab_size == len(tokenizer)
    # The state is of no more use; the tokenizer and the tokens are, to the other sizes.
    assert not list((tmp_path / "work").glob("*.pt"))
    assert len(list((tmp_path / "work").glob("*.npy"))) == 2

    again = train("--steps", 2)
    assert again.code == 0
    assert f"{SIZE}: there already (remove {folder} to train it again" in again.out


def test_a_model_is_trained_further_and_its_card_says_so(train, tmp_path):
    train("--steps", 2)
    folder = tmp_path / "models" / SIZE
    first = json.loads((folder / "training.json").read_text())
    outcome = train("--steps", 8, "--further")
    assert outcome.code == 0, outcome.err
    second = json.loads((folder / "training.json").read_text())
    assert second["before"] == first
    assert second["recipe"]["peak_rate"] == first["recipe"]["peak_rate"] / 2
    assert second["recipe"]["seed"] == first["recipe"]["seed"] + 1
    assert second["validation_loss"] < first["validation_loss"]
    card = (folder / "README.md").read_text()
    assert "**Before that**: 2 steps from random weights" in card


def test_a_model_of_unknown_history_is_not_trained_further(train, tmp_path):
    train("--steps", 1)
    (tmp_path / "models" / SIZE / "training.json").unlink()
    outcome = train("--steps", 1, "--further")
    assert outcome.code == 2
    assert "training.json cannot be read" in outcome.err


def test_an_interrupted_training_goes_on_when_the_command_is_given_again(
    train, tmp_path, monkeypatch
):
    monkeypatch.setattr("backend.family.train.EVERY", 1)
    from backend.family import train as training

    keep = training._keep

    def keep_and_stop(*arguments):
        keep(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "_keep", keep_and_stop)
    stopped = train("--steps", 2)
    assert stopped.code == 130
    assert not (tmp_path / "models" / SIZE).exists()
    monkeypatch.setattr(training, "_keep", keep)
    assert train("--steps", 2).code == 0
    history = json.loads((tmp_path / "models" / SIZE / "training.json").read_text())
    assert history["curve"]["steps"] == [1, 2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--steps", 0], "--steps 0 was given; at least 1 is needed."),
        (["--corpus", "nowhere"], "nowhere is not a folder"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_made(train, tmp_path, options, message):
    outcome = train(*options)
    assert outcome.code == 2
    assert message in outcome.errors[0]
    assert not (tmp_path / "work").exists()


def test_an_unknown_size_is_refused_with_the_known_ones(cli, corpus):
    outcome = cli("train-family", "--corpus", corpus, "--size", "9b")
    assert outcome.code == 2
    assert all(name in outcome.err for name in train_family.SIZES)


def test_validation_text_shorter_than_a_window_is_refused(train, corpus):
    (corpus / "validation.txt").write_text("A short story.")
    outcome = train("--steps", 2)
    assert outcome.code == 2
    assert "each needs more than one window of 256" in outcome.errors[0]
