"""Derivatives as fMRIPrep writes them, read as stories."""

import nibabel
import numpy as np
import pytest
import yaml

from backend.datasets import bids_masks
from backend.datasets.story_folder import (
    check_story_folder,
    read_story_folder,
    read_story_words,
    story_files,
)
from backend.datasets.volumes import read_mask
from tests.datasets.bids import (
    MNI,
    N_TRS,
    SHAPE,
    TR,
    add_surface,
    add_volume,
    make_derivatives,
    make_raw,
    write_events,
    write_sidecar,
    write_words,
)
from tests.datasets.folders import AFFINE


@pytest.fixture
def folder(tmp_path):
    return make_derivatives(make_raw(tmp_path / "raw"))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(bids_masks, "cache_folder", lambda: tmp_path / "cache")


def settle(folder, **settings):
    (folder / "dataset.yaml").write_text(yaml.safe_dump(settings))


def problem(folder):
    (message,) = check_story_folder(folder).problems
    return message


def test_volumes_are_read_with_what_their_files_say(folder):
    report = check_story_folder(folder)
    assert report.problems == ()
    assert report.warnings == ()
    assert [subject.name for subject in report.subjects] == ["sub-01", "sub-02"]
    recording = read_story_folder(folder, "sub-01")
    # The software's name is not the data's.
    assert recording.dataset == "raw"
    assert "10.18112/x" in recording.citation
    assert (recording.tr, recording.space.kind) == (TR, "volume")
    assert recording.space.name == "MNI152NLin2009cAsym"
    assert sorted(recording.stimuli) == ["fox", "owl"]
    # The story began 3 s after the first volume.
    assert [run.start for run in recording.runs] == [-3.0, -3.0]


def test_voxels_are_those_of_the_brain_mask_in_c_order(folder):
    values = add_volume(folder, "01", "fox", seed=3)
    (run, _) = read_story_folder(folder, "sub-01").runs
    np.testing.assert_allclose(run.responses, values[1:].reshape(-1, N_TRS).T, rtol=1e-6)


def test_masks_that_differ_are_intersected_and_kept_as_a_file(folder):
    mask = np.ones(SHAPE)
    mask[1] = 0
    path = folder / "sub-01" / "func" / f"sub-01_task-owl_{MNI}_res-2_desc-brain_mask.nii.gz"
    nibabel.save(nibabel.Nifti1Image(mask.astype(np.uint8), AFFINE), path)
    space = read_story_folder(folder, "sub-01").space
    assert space.n_targets == 20
    assert read_mask(type(folder)(space.mask)).n_targets == 20


@pytest.mark.parametrize("style", ["fmriprep", "afni"])
def test_surfaces_are_read_left_hemisphere_first(tmp_path, style):
    values = add_surface(tmp_path, "01", "fox", style=style)
    write_words(tmp_path, "fox")
    settle(tmp_path, tr=TR, start=-3.0)
    recording = read_story_folder(tmp_path)
    np.testing.assert_allclose(recording.runs[0].responses, values)
    assert recording.space.kind == "surface"
    assert recording.runs[0].start == -3.0


def test_fsaverage5_has_its_number_of_vertices(tmp_path):
    add_surface(tmp_path, "01", "fox", space="fsaverage5")
    write_words(tmp_path, "fox")
    assert "fsaverage5 has 20,484 vertices" in problem(tmp_path)


def test_several_spaces_are_named_and_one_is_chosen(folder):
    add_surface(folder, "01", "fox")
    assert "recordings of 2 kinds" in problem(folder)
    assert "space-MNI152NLin2009cAsym_res-2_desc-preproc_.nii.gz" in problem(folder)
    settle(folder, bids={"space": "toy"})
    assert read_story_folder(folder).space.name == "toy"


def test_words_of_events_are_counted_from_the_first_of_them(tmp_path):
    add_volume(tmp_path, "01", "fox")
    rows = [(5 + at * 0.5, 0.4, "word", f"w{at}") for at in range(60)]
    write_events(tmp_path, "01", "fox", rows, "onset\tduration\ttrial_type\tword")
    recording = read_story_folder(tmp_path)
    assert recording.stimuli["fox"].onsets[0] == 0.0
    assert recording.runs[0].start == -5.0


def test_runs_of_one_task_with_one_text_are_repeats(folder):
    add_volume(folder, "01", "fox", run="1")
    add_volume(folder, "01", "fox", run="2", seed=9)
    for path in (folder / "sub-01" / "func").glob("sub-01_task-fox_space*"):
        path.unlink()
    settle(folder, start=0.0)
    runs = read_story_folder(folder, "sub-01").runs
    assert [run.story for run in runs] == ["fox", "fox", "owl"]


def test_runs_with_transcripts_of_their_own_are_stories(folder):
    add_volume(folder, "01", "fox", run="01")
    write_words(folder, "fox_run-1")
    assert "fox_run-1" in read_story_folder(folder, "sub-01").stimuli


def test_times_that_slices_were_corrected_to_are_taken_into_account(folder):
    sidecar = folder / "sub-01" / "func" / f"sub-01_task-fox_{MNI}_res-2_desc-preproc_bold.json"
    write_sidecar(sidecar, SliceTimingCorrected=True, StartTime=0.7)
    assert read_story_folder(folder, "sub-01").runs[0].start == pytest.approx(-3.05)


def test_other_tasks_are_left_aside_and_said(folder):
    add_volume(folder, "01", "rest")
    report = check_story_folder(folder)
    assert report.problems == ()
    assert "1 runs have no words" in " ".join(report.warnings)


def test_runs_of_no_use_are_left_out_and_said(folder):
    add_volume(folder, "01", "foxes")
    write_words(folder, "foxes")
    settle(folder, bids={"leave_out": ["sub-01_task-fox", "sub-02", "sub-09_task-owl"]})
    report = check_story_folder(folder)
    assert report.problems == ()
    (said,) = [warning for warning in report.warnings if "bids.leave_out" in warning]
    assert said == (
        "3 runs are left out, as dataset.yaml says (bids.leave_out): sub-01_task-fox, "
        "sub-02_task-fox, sub-02_task-owl"
    )
    assert [subject.name for subject in report.subjects] == ["sub-01"]
    recording = read_story_folder(folder, "sub-01")
    assert sorted(run.story for run in recording.runs) == ["foxes", "owl"]
    assert said in recording.warnings


def test_only_a_subjects_own_files_decide_its_hash(folder):
    files = {path.name for path in story_files(folder, "sub-01")}
    assert "fox.csv" in files
    assert "sub-01_task-fox_events.tsv" in files
    assert f"sub-01_task-fox_{MNI}_res-2_desc-brain_mask.nii.gz" in files
    assert not any("sub-02" in name for name in files)
    assert set(read_story_words(folder, "sub-01")) == {"fox", "owl"}


def test_a_header_states_the_tr_where_no_sidecar_does(folder):
    for path in folder.rglob("*_bold.json"):
        path.unlink()
    assert read_story_folder(folder, "sub-02").tr == TR


def test_everything_that_is_wrong_is_listed_at_once(folder):
    settle(folder, naem="x", bids={"spac": "toy"}, test_stories=["wolf"])
    (folder / "transcripts" / "fox.csv").write_text("no words here")
    bold = folder / "sub-01" / "func" / f"sub-01_task-owl_{MNI}_res-2_desc-preproc_bold.nii.gz"
    bold.write_bytes(b"damaged")
    problems = "\n".join(check_story_folder(folder).problems)
    assert "'naem' is not a key" in problems
    assert "'bids.spac' is not a key it knows; those are space, res, desc" in problems
    assert "fox.csv" in problems


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: settle(folder, bids={"space": "moon"}), "no preprocessed recording"),
        (lambda folder: settle(folder, bids={"raw": "nowhere"}), "there is no folder"),
        (lambda folder: [p.unlink() for p in folder.rglob("*_mask.nii.gz")], "no brain mask"),
        (lambda folder: [p.unlink() for p in folder.rglob("*.csv")], "no run has words"),
        (
            lambda folder: write_events(folder.parents[1], "01", "fox", [("x", 1, "story", "a")]),
            "no BIDS table of events",
        ),
        (
            lambda folder: write_sidecar(
                next(folder.rglob("sub-01_task-fox*_bold.json")), RepetitionTime=2.0
            ),
            "TRs of 1.5, 2 s",
        ),
    ],
)
def test_what_is_wrong_is_said(folder, spoil, said):
    spoil(folder)
    assert said in "\n".join(check_story_folder(folder).problems)
