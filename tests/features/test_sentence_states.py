"""States of sentences are those of an extraction, and are read once."""

import errno
import threading

import numpy as np
import pytest

from backend.errors import InputError
from backend.features import sentence_states
from backend.features.cache import StateCache, entry_lock, list_entries
from backend.features.extraction import extract_sentence_states
from backend.features.sentence_states import read_sentence_states
from backend.stimuli import Sentences
from tests.helpers import random_sentences


@pytest.fixture
def cache(tmp_path):
    return StateCache(tmp_path / "cache", "tiny", "fingerprint", "none")


@pytest.fixture
def read(gpt2, sentences, cache, tmp_path, monkeypatch):
    """Read the sentences; ``read.times`` says how often the model did."""
    whole = extract_sentence_states

    def extract(*arguments, **options):
        read.times += 1
        return whole(*arguments, **options)

    def read(of=sentences, kept=cache, **options):
        scratch = tmp_path / f"scratch-{len(list(tmp_path.iterdir()))}"
        scratch.mkdir()
        return read_sentence_states(gpt2, of, kept, scratch, **options)

    read.times = 0
    monkeypatch.setattr(sentence_states, "extract_sentence_states", extract)
    return read


@pytest.fixture
def expected(gpt2, sentences, tmp_path):
    path, _ = extract_sentence_states(gpt2, sentences, tmp_path / "expected.npy")
    return np.load(path)


def assert_states(got, expected):
    assert list(got) == list(range(len(expected)))
    for layer, states in got.items():
        assert states.tobytes() == expected[layer].tobytes()


def test_what_was_read_is_found_as_it_was(read, expected, cache):
    steps = []
    for _ in range(2):
        assert_states(read(advance=steps.append), expected)
    assert read.times == 1
    assert sum(steps) == 2 * len(expected[0])
    (entry,) = list_entries(cache.folder)
    assert entry.state == "complete"
    assert entry.meta.request.story == "30 sentences"
    assert entry.meta.n_bytes == expected.nbytes


def test_some_layers_are_taken_from_what_is_kept_of_all(read, expected):
    read(layers=[1])
    states = read(layers=[2, 0])
    assert read.times == 1
    assert list(states) == [0, 2]
    np.testing.assert_array_equal(states[2], expected[2])
    with pytest.raises(InputError, match="there is no layer 9"):
        read(layers=[9])


def test_other_sentences_pooling_or_models_are_read_for_themselves(read, cache):
    read()
    read(pooling="last")
    read(of=Sentences(tuple(random_sentences(30, seed=5))))
    read(kept=StateCache(cache.folder, "tiny", "fingerprint", "bnb-int8"))
    read(kept=StateCache(cache.folder, "tiny", "other weights", "none"))
    assert read.times == 5


def test_a_damaged_entry_is_read_again(read, expected, cache):
    read()
    (entry,) = list_entries(cache.folder)
    (entry.folder / "layer-01.npy").write_bytes(b"")
    assert_states(read(), expected)
    assert read.times == 2
    assert [each.state for each in list_entries(cache.folder)] == ["complete"]


def test_a_full_disk_keeps_nothing_and_loses_nothing(read, expected, cache, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sentence_states.np, "save", full)
    assert_states(read(), expected)
    assert list_entries(cache.folder) == []


def test_a_cache_that_cannot_be_written_is_done_without(read, expected, cache):
    cache.folder.write_text("in the way")
    assert_states(read(), expected)


def test_another_that_reads_the_same_is_waited_for(read, cache, monkeypatch):
    monkeypatch.setattr(sentence_states, "_WAIT_SECONDS", 0.01)
    read()
    (entry,) = list_entries(cache.folder)
    waited, free = [], threading.Event()
    with entry_lock(cache.folder, entry.folder.name, timeout=1):
        thread = threading.Thread(
            target=lambda: (read(advance=waited.append), free.set()), daemon=True
        )
        thread.start()
        assert not free.wait(0.2)
        assert 0 in waited
    assert free.wait(10)
    assert read.times == 1
