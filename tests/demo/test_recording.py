"""The demo cortex as a recording: what it holds, and how it is kept."""

import threading

import numpy as np
import pytest

from backend import catalog
from backend.cortex.surfaces import N_TARGETS
from backend.demo import SUBJECTS, demo_digest, demo_lengths, demo_stories, load_demo_cortex
from backend.demo import recording as module
from backend.demo.recording import demo_drives, planted_map
from backend.demo.stories import DATASET, presentations
from backend.demo.subjects import noiseless_signals
from backend.errors import InputError, StoreError
from tests.helpers import leftovers, run_python

N_TRS = sum(demo_lengths()[story] for story in presentations(demo_stories()))


@pytest.fixture
def simulated(monkeypatch):
    """Replace the simulation by a small one, and list the subjects that it was asked for."""
    asked = []

    def simulate(subject, folder):
        asked.append(subject)
        return np.full((N_TRS, 8), len(asked), dtype=np.float32)

    monkeypatch.setattr(module, "_simulate", simulate)
    return asked


def only(folder, pattern):
    (path,) = folder.rglob(pattern)
    return path


def test_the_recording_is_what_the_catalogue_says(recording):
    entry = catalog.story_datasets()[DATASET]
    assert entry.subjects == tuple(SUBJECTS)
    assert (recording.dataset, recording.subject) == (DATASET, "sub-01")
    assert (recording.evidence, recording.tr) == ("simulated", entry.tr)
    assert (recording.modality, recording.citation) == (entry.modality, entry.citation)
    assert recording.citation in catalog.citations()


def test_runs_and_stories_belong_together(recording):
    assert tuple(run.story for run in recording.runs) == presentations(demo_stories())
    for run in recording.runs:
        assert run.responses.shape == (demo_lengths()[run.story], N_TARGETS)
        assert run.responses.dtype == np.float32
        assert np.isfinite(run.responses).all()
        assert run.start == 0
    # Some 25 minutes of stories, each heard once.
    assert 700 < sum(demo_lengths().values()) < 900


def test_the_space_is_fsaverage5_with_the_catalogues_regions(recording):
    space = recording.space
    assert (space.name, space.kind, space.n_targets) == ("fsaverage5", "surface", N_TARGETS)
    assert {(r.name, r.hemisphere) for r in space.regions} == {
        (name, side) for name in catalog.rois() for side in ("left", "right")
    }


def test_ceilings_are_the_correlations_with_the_noiseless_signal(recording, demo_cache):
    drives = demo_drives(demo_cache)
    signals = noiseless_signals(SUBJECTS["sub-01"], demo_stories(), drives, recording.tr)
    responses = np.concatenate([run.responses for run in recording.runs])
    has = recording.ceilings > 0
    z = responses[:, has] / responses[:, has].std(axis=0)
    np.testing.assert_allclose(
        (z * signals[:, has]).mean(axis=0), recording.ceilings[has], atol=1e-4
    )
    assert not np.isnan(recording.ceilings).any()


def test_the_planted_map_covers_language_cortex_in_every_subject(recording):
    maps = {subject: planted_map(subject) for subject in SUBJECTS}
    assert not np.array_equal(*[np.isnan(maps[s]) for s in ("sub-01", "sub-02")])
    for planted in maps.values():
        assert set(np.unique(planted[~np.isnan(planted)])) == {1, 3, 5}
    assert (recording.ceilings[~np.isnan(maps["sub-01"])] > 0).all()


def test_an_unknown_subject_is_refused_with_those_there_are(tmp_path):
    for ask in (lambda: load_demo_cortex("sub-09", tmp_path), lambda: planted_map("sub-09")):
        with pytest.raises(InputError, match=r"'sub-09'.*sub-01, sub-02, sub-03"):
            ask()


def test_it_is_simulated_once(tmp_path, simulated):
    for _ in range(2):
        recording = load_demo_cortex("sub-02", tmp_path)
    assert simulated == ["sub-02"]
    assert recording.runs[0].responses[0, 0] == 1
    assert leftovers(tmp_path) == []


def test_a_damaged_file_is_simulated_again(tmp_path, simulated):
    load_demo_cortex("sub-01", tmp_path)
    path = only(tmp_path, "sub-01.npy")
    with path.open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"\x00\x00\x80\x7f")
    again = load_demo_cortex("sub-01", tmp_path)
    assert simulated == ["sub-01", "sub-01"]
    assert again.runs[-1].responses[-1, -1] == 2


@pytest.mark.parametrize("left", [b"{", b"[]", b'{"sha256": "0"}'])
def test_a_checksum_that_cannot_be_read_counts_as_damage(tmp_path, simulated, left):
    load_demo_cortex("sub-01", tmp_path)
    only(tmp_path, "sub-01.json").write_bytes(left)
    load_demo_cortex("sub-01", tmp_path)
    assert len(simulated) == 2


def test_what_a_kill_leaves_is_not_taken_for_responses(tmp_path, simulated):
    load_demo_cortex("sub-01", tmp_path)
    path = only(tmp_path, "sub-01.npy")
    # Killed while writing again: half a file under the unfinished name, and no checksum yet.
    path.with_suffix(".part").write_bytes(path.read_bytes()[:1000])
    path.with_suffix(".json").unlink()
    again = load_demo_cortex("sub-01", tmp_path)
    assert len(simulated) == 2
    assert again.runs[0].responses[0, 0] == 2
    assert leftovers(tmp_path) == []


def test_two_at_once_simulate_once(tmp_path, simulated):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(load_demo_cortex("sub-03", tmp_path)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert simulated == ["sub-03"]
    assert [part.runs[0].responses[0, 0] for part in found] == [1, 1, 1]


def test_another_version_is_kept_apart(tmp_path, simulated, monkeypatch):
    load_demo_cortex("sub-01", tmp_path)
    before = demo_digest()
    monkeypatch.setattr(module, "VERSION", module.VERSION + 1)
    demo_digest.cache_clear()
    try:
        assert demo_digest() != before
        load_demo_cortex("sub-01", tmp_path)
    finally:
        monkeypatch.undo()
        demo_digest.cache_clear()
    assert demo_digest() == before
    assert len(simulated) == 2


def test_a_cache_that_cannot_be_written_is_said(tmp_path, simulated):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="CORTEXSCALE_CACHE"):
        load_demo_cortex("sub-01", tmp_path / "file")


def test_a_full_disk_is_said_and_leaves_nothing_that_looks_whole(tmp_path, simulated, monkeypatch):
    def full(file, *arguments, **options):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.np, "save", full)
    with pytest.raises(StoreError, match=r"No space left.*Free some"):
        load_demo_cortex("sub-01", tmp_path)
    monkeypatch.undo()
    assert list(tmp_path.rglob("*.npy")) == []


def test_its_facts_are_known_without_torch():
    code = (
        "import sys, backend.demo as demo; demo.demo_digest(); demo.demo_lengths(); "
        "demo.planted_map(); print('torch' in sys.modules)"
    )
    assert run_python(code) == "False"
