"""Layers that are scored outlive a run that was stopped, and are fitted once."""

import errno
import os
import signal
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

from backend.errors import CancelledError
from backend.jobs import sentence_fit
from backend.jobs.kept_layers import (
    KeptLayers,
    LayerScores,
    count_kept,
    discard_layers,
    seconds_before,
)
from backend.jobs.progress import Silent
from backend.jobs.run import run_task
from backend.jobs.stories import choose_stories
from backend.jobs.story_fitter import Fitter
from backend.jobs.story_request import build_story_task
from backend.paths import PROJECT
from backend.store.schema import RUN_TABLES
from tests.helpers import leftovers
from tests.jobs.stories import CONTEXT, save_reader, write_story_folder

SHAPES = {"r": (2, 5), "p": (5,)}
# What differs from one computation of a run to the next.
OF_THE_MOMENT = [
    "created_at", "seconds", "extraction_seconds", "fit_seconds", "peak_memory_bytes", "warnings",
]  # fmt: skip


def some_scores(seed=0, seconds=1.5):
    random = np.random.default_rng(seed)
    arrays = {name: random.random(shape, dtype=np.float32) for name, shape in SHAPES.items()}
    return LayerScores(arrays, seconds)


def kept_in(store, by="this code"):
    return KeptLayers(store, "a-run", by, SHAPES)


def file_of(store, layer=0):
    (path,) = store.glob(f"unfinished/*/*/layer-{layer:02d}.npz")
    return path


def test_what_is_kept_is_read_as_it_was(store):
    scores = some_scores()
    scores.arrays["r"][0, 0] = np.nan
    kept_in(store).write(3, scores)
    found = kept_in(store).read([0, 3])
    assert list(found) == [3]
    for name, array in scores.arrays.items():
        assert found[3].arrays[name].tobytes() == array.tobytes()
    assert seconds_before(found) == 1.5
    assert count_kept(store, "a-run") == 1
    discard_layers(store, "a-run")
    assert count_kept(store, "a-run") == 0
    assert leftovers(store) == []


def test_what_other_code_made_is_not_read(store):
    kept_in(store, "other code").write(0, some_scores())
    assert kept_in(store).read([0]) == {}
    discard_layers(store, "a-run")
    assert count_kept(store, "a-run") == 0


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def empty(path):
    path.write_bytes(b"")


def flip(path):
    content = bytearray(path.read_bytes())
    content[content.index(b"NUMPY") + 140] ^= 1
    path.write_bytes(content)


def pickle_inside(path):
    np.savez(path, seconds=1.0, r=np.array([{}], dtype=object), p=np.zeros(5))


def reshape(path):
    np.savez(path, seconds=1.0, r=np.zeros((3, 5)), p=np.zeros(5))


def leave_out(path):
    np.savez(path, r=np.zeros((2, 5)), p=np.zeros(5))


@pytest.mark.parametrize("damage", [cut, empty, flip, pickle_inside, reshape, leave_out])
def test_a_damaged_file_is_named_and_left_out(store, damage):
    for layer in (0, 1):
        kept_in(store).write(layer, some_scores(layer))
    damage(file_of(store, 1))
    kept = kept_in(store)
    assert list(kept.read([0, 1])) == [0]
    (warning,) = kept.warnings
    assert "layer 1" in warning
    assert "were damaged" in warning
    assert str(file_of(store, 1)) in warning


def test_a_full_disk_is_said_once_and_stops_nothing(store, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("backend.jobs.kept_layers.os.replace", full)
    kept = kept_in(store)
    fitted = kept.complete([0, 1], {}, lambda layer: some_scores(layer).arrays)
    assert list(fitted) == [0, 1]
    (warning,) = kept.warnings
    assert "could not be kept" in warning
    assert "No space left on device" in warning
    assert leftovers(store) == []


def test_a_folder_that_cannot_be_made_stops_nothing(store):
    store.mkdir()
    (store / "unfinished").write_text("in the way")
    kept = kept_in(store)
    assert list(kept.complete([0], {}, lambda layer: some_scores().arrays)) == [0]
    assert len(kept.warnings) == 1


@pytest.fixture(scope="module")
def stories(tmp_path_factory):
    place = tmp_path_factory.mktemp("stories")
    model = save_reader(place / "tiny")
    return write_story_folder(place / "planted", model, place / "cache"), model, place / "cache"


@pytest.fixture
def make(stories, monkeypatch):
    """A run on stories of three layers, each with a map of p."""
    folder, model, cache = stories
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(cache))

    def make(store):
        return build_story_task(
            choose_stories(str(folder)), str(model), store, context=CONTEXT, permutations=20,
            delays=(1, 2), split="test-story", test_stories=("boat",),
        )  # fmt: skip

    return make


@pytest.fixture
def fitted(monkeypatch):
    """Names of the layers of stories that were fitted."""
    whole, names = Fitter.score_layer, []

    def score(self, features, nuisance, joint, what):
        names.append(what)
        return whole(self, features, nuisance, joint, what)

    monkeypatch.setattr(Fitter, "score_layer", score)
    return names


class Stopped(Silent):
    """Stops the work when a layer begins, and remembers the stages."""

    def __init__(self, at=None):
        self.at, self.stages = at, []

    def stage(self, name, total):
        self.stages.append((name, total))

    def note(self, text):
        if text == self.at:
            raise CancelledError("cancelled")


def assert_same_rows(store, undisturbed):
    for name in RUN_TABLES:
        got, expected = (
            pq.read_table(next((folder / name).glob("*.parquet"))).to_pandas()
            for folder in (store, undisturbed)
        )
        left_out = [column for column in OF_THE_MOMENT if column in got]
        # To the last bit: what was kept is what was scored.
        assert got.drop(columns=left_out).equals(expected.drop(columns=left_out)), name


def test_a_run_that_was_stopped_fits_the_other_layers_only(make, fitted, store, tmp_path):
    run_task(make(tmp_path / "undisturbed"))
    assert fitted == ["layer 0", "layer 1", "layer 2"]
    with pytest.raises(CancelledError):
        run_task(make(store), Stopped("layer 2"))
    assert not list(store.rglob("*.parquet"))
    assert count_kept(store, make(store).config.run_id) == 2
    fitted.clear()
    progress = Stopped()
    run_task(make(store), progress)
    assert fitted == ["layer 2"]
    # The word embeddings without context, and the layer that was missing; one fold.
    assert ("fitting layers (2 of 3 were there)", 2) in progress.stages
    assert_same_rows(store, tmp_path / "undisturbed")
    assert count_kept(store, make(store).config.run_id) == 0


def test_a_damaged_layer_is_fitted_again_and_said(make, fitted, store, tmp_path):
    run_task(make(tmp_path / "undisturbed"))
    with pytest.raises(CancelledError):
        run_task(make(store), Stopped("layer 2"))
    flip(file_of(store, 1))
    fitted.clear()
    run_task(make(store))
    assert fitted == ["layer 1", "layer 2"]
    assert_same_rows(store, tmp_path / "undisturbed")
    (row,) = pq.read_table(store / "runs").to_pylist()
    assert any("layer 1 that were kept" in warning for warning in row["warnings"])


def test_layers_of_another_version_of_the_code_are_fitted_again(make, fitted, store, monkeypatch):
    with pytest.raises(CancelledError):
        run_task(make(store), Stopped("layer 2"))
    fitted.clear()
    monkeypatch.setattr("backend.jobs.description.code_version", lambda: "another")
    run_task(make(store))
    assert fitted == ["layer 0", "layer 1", "layer 2"]


KILLED = """
import os, signal, sys
from pathlib import Path
from backend.jobs.config import StoryTask
from backend.jobs.progress import Silent
from backend.jobs.run import run_task

class Killed(Silent):
    def note(self, text):
        if text == "layer 1":
            os.kill(os.getpid(), signal.SIGKILL)

run_task(StoryTask.model_validate_json(Path(sys.argv[1]).read_text()), Killed())
"""


def test_a_run_that_was_killed_goes_on_from_its_layers(make, fitted, store, tmp_path):
    task = make(store)
    (tmp_path / "task.json").write_text(task.model_dump_json())
    command = [sys.executable, "-c", KILLED, str(tmp_path / "task.json")]
    killed = subprocess.run(command, cwd=PROJECT, env=os.environ, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert not list(store.rglob("*.parquet"))
    run_task(task)
    assert fitted == ["layer 1", "layer 2"]


class StopsAfter(Silent):
    """Stops the work after so many steps of the layers."""

    def __init__(self, n_steps):
        self.left, self.fits = n_steps, False

    def stage(self, name, total):
        self.fits = name.startswith("fitting layers")

    def advance(self, n=1):
        if self.fits:
            self.left -= n
            if self.left < 0:
                raise CancelledError("cancelled")


def test_a_run_on_sentences_fits_the_other_layers_only(task, tmp_path, monkeypatch):
    undisturbed = task.model_copy(update={"store": tmp_path / "undisturbed"})
    run_task(undisturbed)
    with pytest.raises(CancelledError):
        run_task(task, StopsAfter(2 * task.config.n_folds))
    assert count_kept(task.store, task.config.run_id) == 2
    whole, calls = sentence_fit.fit_layer, []

    def fit(*arguments):
        calls.append(1)
        return whole(*arguments)

    monkeypatch.setattr("backend.jobs.encode.fit_layer", fit)
    run_task(task)
    assert len(calls) == 1
    assert_same_rows(task.store, undisturbed.store)
