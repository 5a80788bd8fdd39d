import errno
import json
import shutil
import signal
import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from backend.errors import StoreError
from backend.features import cache_writer, story_states
from backend.features.cache import (
    StateCache,
    entry_lock,
    list_entries,
    other_versions,
    remove_entries,
)
from backend.features.contexts import ContextSettings, tokenise_story
from backend.features.sources import resolve_model
from backend.features.story_states import extract_story_states
from backend.paths import PROJECT, cache_folder
from tests.features.stories import random_story, story

WORDS = random_story(150)
SETTINGS = ContextSettings(16)


@pytest.fixture
def cache(tmp_path) -> StateCache:
    return StateCache(tmp_path / "cache", "tiny", "fingerprint", "none")


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """Two windows in a pass and every pass on record, so that work can stop in the middle."""
    monkeypatch.setitem(story_states.BATCH_TOKENS, "cpu", 64)
    monkeypatch.setattr(cache_writer, "CHECKPOINT_SECONDS", 0.0)


@pytest.fixture
def expected(gpt2, tmp_path) -> dict[str, bytes]:
    """The entry's files as an extraction writes them that nothing stops."""
    fresh = StateCache(tmp_path / "fresh", "tiny", "fingerprint", "none")
    return layer_bytes(extract_story_states(gpt2, WORDS, SETTINGS, fresh).folder)


def layer_bytes(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.npy"))}


def extract(loaded, cache, advance=lambda n: None, words=WORDS, settings=SETTINGS):
    return extract_story_states(loaded, words, settings, cache, advance)


def stop_after(n):
    """Fail when ``n`` words are done, as a defect or an interruption would."""
    done = []

    def advance(more):
        done.append(more)
        if sum(done) >= n:
            raise KeyboardInterrupt

    return advance


def interrupted(gpt2, cache):
    with pytest.raises(KeyboardInterrupt):
        extract(gpt2, cache, stop_after(60))
    (entry,) = list_entries(cache.folder)
    assert entry.state == "interrupted"
    return entry


def resumed_words(gpt2, cache) -> tuple[int, object]:
    """Words that were there already when the extraction is asked for again."""
    steps: list[int] = []
    states = extract(gpt2, cache, steps.append)
    assert sum(steps) == len(WORDS)
    return steps[0], states


# What is on disk


def test_an_entry_says_in_words_what_it_is(gpt2, cache):
    states = extract(gpt2, cache)
    meta = json.loads((states.folder / "meta.json").read_text())
    assert meta["version"] == 1
    assert meta["request"] | {"tokens": ""} == {
        "model": "tiny", "fingerprint": "fingerprint", "compression": "none", "story": "tale",
        "n_words": 150, "tokens": "", "mode": "strided", "context": 16, "pooling": "last",
        "dtype": "float16",
    }  # fmt: skip
    assert (meta["n_layers"], meta["n_dims"]) == (3, 32)
    assert meta["windows_done"] == meta["n_windows"] > 5
    assert set(meta["libraries"]) == {"torch", "transformers"}
    assert sorted(path.name for path in states.folder.iterdir()) == [
        "layer-00.npy", "layer-01.npy", "layer-02.npy", "meta.json",
    ]  # fmt: skip


def test_a_layer_is_an_ordinary_file_that_is_mapped_and_not_written(gpt2, cache):
    states = extract(gpt2, cache)
    layer = states.layer(1)
    assert isinstance(layer, np.memmap)
    assert not layer.flags.writeable
    assert (layer.dtype, layer.shape) == (np.float16, (150, 32))
    assert (states.n_words, states.n_dims) == (150, 32)
    np.testing.assert_array_equal(np.load(states.folder / "layer-01.npy"), layer)


def test_what_is_cached_is_not_computed_again(gpt2, cache, monkeypatch):
    first = extract(gpt2, cache)
    monkeypatch.setattr(story_states, "hidden_states", None)
    second = extract(gpt2, cache)
    assert second == first


def test_every_part_of_the_request_makes_another_entry(gpt2, minilm, cache, tmp_path):
    tokens = tokenise_story(gpt2.tokenizer, WORDS)
    asked = [
        cache.request(tokens, SETTINGS),
        cache.request(tokens, ContextSettings(17)),
        cache.request(tokens, ContextSettings(16, "exact")),
        cache.request(tokens, ContextSettings(16, pooling="mean")),
        cache.request(tokenise_story(gpt2.tokenizer, random_story(150, seed=1)), SETTINGS),
        cache.request(tokenise_story(minilm.tokenizer, WORDS), SETTINGS),
        StateCache(tmp_path, "other", "fingerprint", "none").request(tokens, SETTINGS),
        StateCache(tmp_path, "tiny", "other", "none").request(tokens, SETTINGS),
        StateCache(tmp_path, "tiny", "fingerprint", "bnb-int8").request(tokens, SETTINGS),
        StateCache(tmp_path, "tiny", None, "none").request(tokens, SETTINGS, "commit"),
    ]
    assert len({request.name for request in asked}) == len(asked)
    assert cache.request(tokens, SETTINGS) == asked[0]


def test_the_same_words_split_otherwise_are_another_entry(minilm, cache):
    joined, split = (
        tokenise_story(minilm.tokenizer, story(words))
        for words in (["river-stone", "boat"], ["river", "-stone", "boat"])
    )
    assert joined.ids.tolist() == split.ids.tolist()
    assert cache.request(joined, SETTINGS).name != cache.request(split, SETTINGS).name


def test_the_cache_lies_where_the_environment_says(monkeypatch, tmp_path, gpt2_folder):
    source = resolve_model(str(gpt2_folder))
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "elsewhere"))
    made = StateCache.of(source, "none")
    assert made == StateCache(tmp_path / "elsewhere", "tiny-gpt2", source.fingerprint, "none")
    monkeypatch.delenv("CORTEXSCALE_CACHE")
    assert cache_folder() == PROJECT / "cache"


# Stopped in the middle

KILLED = """
import os, signal, sys
from pathlib import Path
from backend.features import cache_writer, story_states
from backend.features.cache import StateCache
from backend.features.contexts import ContextSettings
from tests.features.stories import loaded_from, random_story
story_states.BATCH_TOKENS["cpu"] = 64
cache_writer.CHECKPOINT_SECONDS = 0.0
loaded = loaded_from(Path(sys.argv[1]))
done = []
def advance(n):
    done.append(n)
    if sum(done) >= 60:
        os.kill(os.getpid(), signal.SIGKILL)
cache = StateCache(Path(sys.argv[2]), "tiny", "fingerprint", "none")
story_states.extract_story_states(
    loaded, random_story(150), ContextSettings(16), cache, advance
)
"""


def test_a_killed_extraction_goes_on_and_ends_bit_for_bit_the_same(
    gpt2, gpt2_folder, cache, expected
):
    command = [sys.executable, "-c", KILLED, str(gpt2_folder), str(cache.folder)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    (entry,) = list_entries(cache.folder)
    assert entry.state == "interrupted"
    assert 60 <= entry.meta.words_done < 150
    # What was written after the last record, when the power goes, may be anything.
    with (entry.folder / "layer-01.npy").open("ab") as file:
        file.write(b"\xff" * 1000)
    there, states = resumed_words(gpt2, cache)
    assert there == entry.meta.words_done
    assert layer_bytes(states.folder) == expected
    assert states.warnings == ()
    assert [entry.state for entry in list_entries(cache.folder)] == ["complete"]


def test_an_interrupted_extraction_keeps_what_was_not_yet_on_record(
    gpt2, cache, expected, monkeypatch
):
    monkeypatch.setattr(cache_writer, "CHECKPOINT_SECONDS", 1e9)
    entry = interrupted(gpt2, cache)
    there, states = resumed_words(gpt2, cache)
    assert there == entry.meta.words_done >= 60
    assert layer_bytes(states.folder) == expected


@pytest.mark.parametrize("damage", ["cut", "gone", "no meta", "meta"])
def test_an_interrupted_entry_that_is_damaged_is_computed_again(gpt2, cache, expected, damage):
    entry = interrupted(gpt2, cache)
    path = entry.folder / ("layer-01.npy" if damage in ("cut", "gone") else "meta.json")
    if damage in ("cut", "meta"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        path.unlink()
    there, states = resumed_words(gpt2, cache)
    assert there == 0
    assert layer_bytes(states.folder) == expected
    assert "were damaged (cut short or unreadable); they were discarded" in states.warnings[0]


def refuse(path):
    path.write_text("{not JSON")


def cut(path):
    path.write_bytes(path.read_bytes()[:-2])


def pickled(path):
    np.save(path, np.array([{"any": "thing"}], dtype=object), allow_pickle=True)


def reshaped(path):
    np.save(path, np.load(path).T)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("meta.json", refuse),
        ("meta.json", lambda path: path.unlink()),
        ("layer-02.npy", cut),
        ("layer-02.npy", lambda path: path.unlink()),
        ("layer-02.npy", pickled),
        ("layer-00.npy", reshaped),
        ("layer-00.npy", lambda path: path.write_bytes(b"")),
    ],
)
def test_a_complete_entry_that_is_damaged_is_computed_again(gpt2, cache, expected, name, damage):
    damage(extract(gpt2, cache).folder / name)
    assert [entry.state for entry in list_entries(cache.folder)] == ["damaged"]
    states = extract(gpt2, cache)
    assert layer_bytes(states.folder) == expected
    assert "cached states of tale" in states.warnings[0]
    assert "computed again" in states.warnings[0]


def test_an_entry_of_another_version_is_named_and_left_alone(gpt2, cache, expected):
    old = extract(gpt2, cache).folder
    other = old.rename(old.with_name(old.name.replace("-v1", "-v0")))
    states = extract(gpt2, cache)
    (warning,) = states.warnings
    assert f"in {other.name} were written by another version" in warning
    assert layer_bytes(states.folder) == expected
    assert {entry.state for entry in list_entries(cache.folder)} == {"complete", "another version"}
    request = cache.request(tokenise_story(gpt2.tokenizer, WORDS), SETTINGS)
    assert other_versions(cache.folder, request) == [other.name]


def test_states_pruned_after_they_were_found_are_missed_clearly(gpt2, cache):
    states = extract(gpt2, cache)
    shutil.rmtree(states.folder)
    with pytest.raises(StoreError, match=r"cannot be read .* Run the same command again"):
        states.layer(0)


# A disk that is full or may not be written


@pytest.mark.parametrize("n_writes", [2, 12, 14, 15])
def test_a_disk_that_fills_up_is_told_and_what_was_done_stays(
    gpt2, cache, expected, monkeypatch, n_writes
):
    write, left = cache_writer.write_all, [n_writes]

    def fill(file, data):
        left[0] -= 1
        if left[0] < 0:
            file.write(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        write(file, data)

    monkeypatch.setattr(cache_writer, "write_all", fill)
    with pytest.raises(StoreError, match=r"is full: No space left .* cache --prune .* is kept"):
        extract(gpt2, cache)
    monkeypatch.setattr(cache_writer, "write_all", write)
    there, states = resumed_words(gpt2, cache)
    assert (there > 0) == (n_writes > 2)
    assert states.warnings == ()
    assert layer_bytes(states.folder) == expected


def test_a_disk_too_small_is_told_before_anything_is_computed(gpt2, cache, monkeypatch):
    usage = SimpleNamespace(free=1000)
    monkeypatch.setattr(cache_writer.shutil, "disk_usage", lambda folder: usage)
    steps: list[int] = []
    with pytest.raises(StoreError, match=r"states of tale need 0.000 GB more, and 0.000 GB"):
        extract(gpt2, cache, steps.append)
    assert sum(steps) == 0


def test_a_cache_that_is_a_file_is_told(gpt2, tmp_path):
    (tmp_path / "cache").write_text("")
    with pytest.raises(StoreError, match=r"cannot be written: .* CORTEXSCALE_CACHE"):
        extract(gpt2, StateCache(tmp_path / "cache", "tiny", None, "none"))


# Several processes


def test_the_second_of_two_runs_waits_and_takes_what_the_first_computed(gpt2, cache, monkeypatch):
    waiting, results, passes = threading.Event(), {}, []
    monkeypatch.setattr(
        story_states,
        "hidden_states",
        lambda loaded, ids, read=story_states.hidden_states: passes.append(1) or read(loaded, ids),
    )

    def hold(n):
        if n:
            assert waiting.wait(60)

    def first():
        results["first"] = extract(gpt2, cache, hold)

    thread = threading.Thread(target=first)
    thread.start()
    while not passes:
        waiting.wait(0.01)
    results["second"] = extract(gpt2, cache, lambda n: waiting.set())
    thread.join(60)
    n_passes = len(passes)
    assert results["first"].warnings == ()
    assert "for another run that computed the same states" in results["second"].warnings[0]
    assert results["second"].folder == results["first"].folder
    extract(gpt2, cache)
    assert len(passes) == n_passes


def test_an_entry_that_is_being_written_is_not_removed(gpt2, cache):
    entry = interrupted(gpt2, cache)
    with entry_lock(cache.folder, entry.folder.name, timeout=1):
        (busy,) = list_entries(cache.folder)
        assert busy.state == "being written"
        assert remove_entries(cache.folder, [busy]) == ([], [busy])
        assert entry.folder.exists()
    assert remove_entries(cache.folder, [busy]) == ([busy], [])
    assert list_entries(cache.folder) == []
    # Pruned by somebody else meanwhile: nothing to remove, and nothing to complain of.
    assert remove_entries(cache.folder, [busy]) == ([], [])
