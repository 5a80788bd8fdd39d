import json

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from backend.errors import InputError
from backend.family import train as training
from backend.family.recipe import Recipe
from backend.family.save import TRAINING, save_model
from backend.family.sizes import Size
from backend.family.tokens import encode, train_tokenizer
from backend.family.train import train_model, validation_loss
from tests.family.texts import paragraphs

TEXT = paragraphs(20_000)
SIZE = Size(width=32, n_layers=1, n_heads=2, intermediate=32)
RECIPE = Recipe(steps=12, batch=4, length=16, warm_up=4)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXT, 300)


@pytest.fixture(scope="module")
def texts(tokenizer):
    ids = encode(tokenizer, TEXT)
    return ids[:-600], ids[-600:]


@pytest.fixture(autouse=True)
def _state_is_kept_often(monkeypatch):
    monkeypatch.setattr(training, "EVERY", 4)


@pytest.fixture
def run(tokenizer, texts, tmp_path):
    def run(name="state.pt", recipe=RECIPE, size=SIZE, texts=texts, advance=lambda *_: None):
        return train_model(size, tokenizer, *texts, recipe, tmp_path / name, CPU, advance)

    return run


def stop_after(steps):
    def advance(step, loss):
        if step == steps:
            raise KeyboardInterrupt

    return advance


def same_weights(one, other) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_training_lowers_the_loss_on_text_that_it_has_not_seen(run, texts):
    model, curve = run(recipe=Recipe(steps=40, batch=8, length=16, warm_up=4))
    assert curve.steps == list(range(4, 41, 4))
    assert curve.validation[-1] < curve.validation[0] - 0.5
    assert curve.train[-1] < curve.train[0] - 0.5
    assert not model.training
    assert curve.seconds > 0


def test_the_loss_begins_at_that_of_a_guess(run, tokenizer):
    losses = []
    run(advance=lambda step, loss: losses.append(loss))
    assert len(losses) == RECIPE.steps
    assert losses[0] == pytest.approx(np.log(len(tokenizer)), rel=0.02)


@pytest.mark.parametrize("stopped", [5, 8, 11])
def test_what_is_interrupted_goes_on_to_exactly_the_same_weights(run, stopped):
    whole, curve = run("whole.pt")
    with pytest.raises(KeyboardInterrupt):
        run("broken.pt", advance=stop_after(stopped))
    steps = []
    resumed, again = run("broken.pt", advance=lambda step, loss: steps.append(step))
    # A step that the interruption came after is kept only if its state was written.
    assert steps[0] == (stopped - 1) // 4 * 4 + 1
    assert same_weights(whole, resumed)
    assert (again.steps, again.train, again.validation) == (
        curve.steps, curve.train, curve.validation,
    )  # fmt: skip


def test_a_seed_gives_the_same_weights_and_another_seed_others(run):
    first, second = run("1.pt")[0], run("2.pt")[0]
    other = run("3.pt", recipe=Recipe(steps=12, batch=4, length=16, warm_up=4, seed=1))[0]
    assert same_weights(first, second)
    assert not same_weights(first, other)


@pytest.mark.parametrize(
    "changes",
    [
        {"recipe": Recipe(steps=14, batch=4, length=16, warm_up=4)},
        {"size": Size(width=32, n_layers=2, n_heads=2, intermediate=32)},
    ],
    ids=["recipe", "size"],
)
def test_the_state_of_another_training_is_refused(run, changes):
    run()
    with pytest.raises(InputError, match="is the state of another training.*another work folder"):
        run(**changes)


def test_the_state_of_another_text_is_refused(run, texts):
    run()
    with pytest.raises(InputError, match="is the state of another training"):
        run(texts=(texts[0][:-1], texts[1]))


@pytest.mark.parametrize("raw", [b"", b"no state", "cut"], ids=["empty", "other", "cut"])
def test_a_damaged_state_is_named_with_what_to_do(run, tmp_path, raw):
    run()
    state = tmp_path / "state.pt"
    state.write_bytes(state.read_bytes()[:5000] if raw == "cut" else raw)
    with pytest.raises(InputError, match="state.pt is the state.*remove that file to begin anew"):
        run()


@pytest.mark.parametrize("short", [0, 1])
def test_text_shorter_than_a_window_is_refused(run, texts, short):
    given = [ids[:16] if place == short else ids for place, ids in enumerate(texts)]
    with pytest.raises(InputError, match="each needs more than one window of 16"):
        run(texts=given)


def test_validation_loss_is_the_mean_over_windows(run, texts):
    model, _ = run()
    windows = texts[1][: 6 * 16].reshape(6, 16).astype(np.int64)
    expected = []
    with torch.no_grad():
        for row in windows:
            logits = model(torch.from_numpy(row)[None]).logits[0].double()
            expected.append(-logits.log_softmax(-1)[range(15), row[1:]].mean().item())
    got = validation_loss(model, texts[1], RECIPE, CPU, n_windows=6)
    assert got == pytest.approx(np.mean(expected), rel=1e-5)


FACTS = {
    "corpus": "some stories",
    "corpus_sha256": "0" * 64,
    "n_train_tokens": 1234,
    "validation_loss": 4.2,
    "device": "a CPU",
}


@pytest.fixture
def saved(run, tokenizer, tmp_path):
    model, curve = run()
    folder = tmp_path / "out" / "toy"
    save_model(folder, model, tokenizer, RECIPE, curve, FACTS)
    return folder, model, curve


def test_a_saved_model_loads_as_any_other(saved, tokenizer):
    folder, model, _ = saved
    text = TEXT[:40]
    again = AutoModelForCausalLM.from_pretrained(folder)
    ids = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")["input_ids"]
    assert ids[0].tolist() == tokenizer(text)["input_ids"]
    # Both are computed in half precision.
    torch.testing.assert_close(again(ids).logits, model(ids).logits, atol=1e-3, rtol=1e-2)
    assert again.config.tie_word_embeddings


def test_weights_are_saved_in_half_precision(saved):
    from safetensors.torch import load_file

    weights = load_file(saved[0] / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}


def test_the_history_and_the_card_say_how_it_was_made(saved):
    folder, model, curve = saved
    history = json.loads((folder / TRAINING).read_text())
    assert history["n_parameters"] == sum(p.numel() for p in model.parameters())
    assert history["recipe"]["steps"] == 12
    assert history["curve"]["steps"] == [4, 8, 12]
    assert {key: history[key] for key in FACTS} == FACTS
    card = (folder / "README.md").read_text()
    for part in (
        "# toy",
        "some stories",
        "0" * 64,
        f"| 12 | {curve.train[-1]:.3f} |",
        "4.200 nats",
    ):
        assert part in card


def test_saving_again_replaces_the_folder_and_leaves_no_part(saved, run, tokenizer):
    folder, model, curve = saved
    (folder / "old.txt").write_text("of the last time")
    save_model(folder, model, tokenizer, RECIPE, curve, {**FACTS, "corpus": "other stories"})
    assert not (folder / "old.txt").exists()
    assert "other stories" in (folder / "README.md").read_text()
    assert [path.name for path in folder.parent.iterdir()] == ["toy"]
