import time
from types import SimpleNamespace

import pytest

from backend.errors import InputError, ModelError
from backend.features import speed
from backend.features.speed import tokens_per_second
from tests.helpers import WORDS

TEXT = " ".join(WORDS)


@pytest.fixture
def passes(monkeypatch):
    """Passes that take as long as they are told, and what was read in each."""
    read, clock = [], SimpleNamespace(now=0.0, steps=[])

    def hidden_states(loaded, rows):
        read.append(rows)
        clock.now += clock.steps.pop(0)

    monkeypatch.setattr(speed, "hidden_states", hidden_states)
    monkeypatch.setattr(speed, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    return read, clock


def test_the_median_of_the_passes_after_a_warm_up_counts(gpt2, passes):
    read, clock = passes
    clock.steps = [99.0, 1.0, 5.0, 2.0, 2.0, 9.0]
    steps = []
    rate = tokens_per_second(gpt2, TEXT, 32, batch=4, advance=lambda: steps.append(1))
    assert rate == 4 * 32 / 2.0
    assert [len(rows) for rows in read] == [1, 4, 4, 4, 4, 4]
    assert {len(row) for rows in read for row in rows} == {32}
    assert len(steps) == 5


def test_a_slow_model_is_timed_once(gpt2, passes):
    _, clock = passes
    clock.steps = [1.0, 40.0]
    steps = []
    assert tokens_per_second(gpt2, TEXT, 32, advance=lambda: steps.append(1)) == 4 * 32 / 40
    assert len(steps) == 5


def test_a_short_text_is_read_again(gpt2, passes):
    read, clock = passes
    clock.steps = [0.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    tokens_per_second(gpt2, "the river", 8, batch=2)
    ids = gpt2.tokenizer("the river the river the river the river")["input_ids"]
    assert read[-1] == [ids, ids]


def test_windows_of_an_encoder_stand_between_its_special_tokens(minilm, passes):
    read, clock = passes
    clock.steps = [0.0, *[1.0] * 5]
    tokens_per_second(minilm, TEXT, 16)
    tokenizer = minilm.tokenizer
    for row in read[-1]:
        assert (row[0], row[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)
        assert len(row) == 16


def test_a_real_model_has_a_rate_that_the_clock_confirms(llama):
    began = time.perf_counter()
    rate = tokens_per_second(llama, TEXT, 64, batch=4, passes=3)
    assert rate > 3 * 64 * 4 / (time.perf_counter() - began) / 3


@pytest.mark.parametrize(("text", "window"), [("", 32), (TEXT, 2)])
def test_nothing_to_time_a_model_on_is_refused(minilm, text, window):
    with pytest.raises(InputError, match="there is nothing to time a model on"):
        tokens_per_second(minilm, text, window)


def test_a_window_beyond_the_models_positions_is_refused(gpt2):
    with pytest.raises(ModelError, match="cannot read this text"):
        tokens_per_second(gpt2, TEXT, 65)
