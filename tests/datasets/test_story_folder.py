import pickle

import numpy as np
import pytest

from backend.datasets.regions import regions_from_masks
from backend.datasets.story_folder import check_story_folder, read_story_folder
from backend.datasets.volumes import read_mask, read_volumes
from backend.errors import InputError
from tests.datasets.folders import (
    AFFINE,
    N_TRS,
    make_folder,
    make_volume_folder,
    write_nifti,
    write_run,
    write_settings,
    write_transcript,
)
from tests.stimuli.files import LPP


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "toy")


def values(n_trs=N_TRS, n_targets=6, seed=7):
    return np.random.default_rng(seed).normal(size=(n_trs, n_targets))


def problem(folder):
    """The one problem of a folder."""
    report = check_story_folder(folder)
    assert len(report.problems) == 1, report.problems
    assert not report.is_ready
    return report.problems[0]


def warning(folder):
    """The one warning of a folder without problems."""
    report = check_story_folder(folder)
    assert report.problems == ()
    assert len(report.warnings) == 1, report.warnings
    return report.warnings[0]


# What is right


def test_facts_of_a_folder(folder):
    report = check_story_folder(folder)
    assert report.is_ready
    assert (report.problems, report.warnings) == ((), ())
    assert [(story.name, story.n_words, story.seconds) for story in report.stories] == [
        ("fox", 120, 59.9),
        ("owl", 120, 59.9),
    ]
    first, second = report.subjects
    assert (first.name, first.n_targets, first.n_trs) == ("s1", 6, 90)
    assert [(run.story, run.n_trs) for run in first.runs] == [("fox", 30), ("owl", 30), ("owl", 30)]
    assert (second.n_trs, second.n_region_targets, second.has_ceilings) == (60, 6, False)
    assert report.settings.tr == 2.0


def test_a_folder_that_stays_is_looked_at_once(folder):
    report = check_story_folder(folder)
    assert check_story_folder(folder) is report
    write_run(folder, "s2", "fox", values(n_trs=29))
    assert check_story_folder(folder).subjects[1].n_trs == report.subjects[1].n_trs - 1


def test_recording_of_a_subject(folder):
    recording = read_story_folder(folder, "s1")
    assert (recording.dataset, recording.subject, recording.tr) == ("toy", "s1", 2.0)
    assert (recording.evidence, recording.citation) == ("simulated", "this test")
    assert [run.story for run in recording.runs] == ["fox", "owl", "owl"]
    assert list(recording.stimuli) == ["fox", "owl"]
    for run, name in zip(recording.runs, ("fox", "owl.run-1", "owl_run-2"), strict=True):
        assert run.responses.dtype == np.float32
        given = np.load(folder / "responses" / "s1" / f"{name}.npy")
        np.testing.assert_array_equal(run.responses, given.astype(np.float32))
    assert recording.space.n_targets == 6
    (region,) = recording.space.regions
    assert (region.name, region.hemisphere) == ("all", "both")
    assert recording.ceilings is None


def test_32_bit_files_are_mapped_and_not_copied(folder):
    write_run(folder, "s2", "fox", values().astype(np.float32))
    recording = read_story_folder(folder, "s2")
    assert isinstance(recording.runs[0].responses, np.memmap)


def test_one_subject_needs_no_name_and_several_do(folder, tmp_path):
    with pytest.raises(InputError, match="no subject was given; its subjects are: s1, s2"):
        read_story_folder(folder)
    with pytest.raises(InputError, match="no subject 's3'; its subjects are: s1, s2"):
        read_story_folder(folder, "s3")
    assert read_story_folder(make_folder(tmp_path / "b", subjects=("only",))).subject == "only"


def test_npz_and_whole_numbers(folder):
    (folder / "responses" / "s2" / "fox.npy").unlink()
    np.savez(folder / "responses" / "s2" / "fox.npz", (values() * 100).astype(np.int16))
    first = read_story_folder(folder, "s2").runs[0].responses
    np.testing.assert_array_equal(first, (values() * 100).astype(np.int16))
    np.savez(folder / "responses" / "s2" / "fox.npz", responses=values(), other=np.zeros(3))
    assert read_story_folder(folder, "s2").runs[0].responses.shape == (N_TRS, 6)
    np.savez(folder / "responses" / "s2" / "fox.npz", a=values(), b=np.zeros(3))
    assert "holds the arrays a, b" in problem(folder)


def test_start_of_every_story_or_by_name(folder):
    write_settings(folder, start=-3.5)
    assert {run.start for run in read_story_folder(folder, "s1").runs} == {-3.5}
    write_settings(folder, start={"owl": 4})
    assert [run.start for run in read_story_folder(folder, "s2").runs] == [0, 4]


def test_a_table_of_several_stories(folder):
    (folder / "transcripts" / "fox.csv").unlink()
    (folder / "transcripts" / "owl.csv").unlink()
    rows = [f"w{at},{at * 0.5},{at * 0.5 + 0.4},{story}" for story in ("fox", "owl")
            for at in range(120)]  # fmt: skip
    text = "\n".join(["word,onset,offset,story", *rows])
    (folder / "transcripts" / "all.csv").write_text(text)
    assert check_story_folder(folder).is_ready


def test_bids_names_of_transcripts(folder):
    (folder / "transcripts" / "fox.csv").unlink()
    rows = [f"{at * 0.5}\t0.4\tw{at}" for at in range(120)]
    text = "\n".join(["onset\tduration\tword", *rows])
    (folder / "transcripts" / "fox_events.tsv").write_text(text)
    assert check_story_folder(folder).is_ready


# Space, regions and ceilings


def test_a_surface_has_a_region_per_hemisphere_and_left_comes_first(folder):
    write_settings(folder, space={"name": "mine", "kind": "surface"})
    left, right = read_story_folder(folder, "s1").space.regions
    assert (left.name, left.hemisphere, left.targets.tolist()) == ("all", "left", [0, 1, 2])
    assert (right.name, right.hemisphere, right.targets.tolist()) == ("all", "right", [3, 4, 5])


def test_fsaverage5_has_its_number_of_vertices(folder):
    write_settings(folder, space={"name": "fsaverage5", "kind": "surface"})
    (first, second) = check_story_folder(folder).problems
    assert "responses have 6 targets, and fsaverage5 has 20,484 vertices" in first
    assert second.startswith("s2, space")


def test_regions_of_a_csv(folder):
    (folder / "regions.csv").write_text(
        "target,region,hemisphere\n0,IFG,left\n1,IFG,left\n1,language,both\n5,IFG,R\n2,,\n"
    )
    write_settings(
        folder, space={"name": "p", "kind": "parcels", "regions": "regions.csv"}
    )  # fmt: skip
    regions = read_story_folder(folder, "s1").space.regions
    assert [(part.name, part.hemisphere, part.targets.tolist()) for part in regions] == [
        ("IFG", "left", [0, 1]),
        ("language", "both", [1]),
        ("IFG", "right", [5]),
    ]
    assert check_story_folder(folder).subjects[0].n_region_targets == 3


def test_regions_of_a_csv_by_the_targets_names(folder):
    rows = [f"parcel {at},{'IFG' if at < 2 else 'PTL'}" for at in range(6)]
    (folder / "regions.csv").write_text("\n".join(["target,region", *rows]))
    write_settings(folder, space={"name": "p", "kind": "parcels", "regions": "regions.csv"})
    regions = read_story_folder(folder, "s1").space.regions
    assert [part.targets.tolist() for part in regions] == [[0, 1], [2, 3, 4, 5]]


@pytest.mark.parametrize("form", ["file", "list"])
def test_a_name_per_target(folder, form):
    names = ["IFG", "IFG", "", "PTL", "PTL", "IFG"]
    (folder / "names.txt").write_text("\n".join(names) + "\n")
    given = "names.txt" if form == "file" else names
    write_settings(folder, space={"name": "p", "kind": "surface", "regions": given})
    regions = read_story_folder(folder, "s1").space.regions
    assert [(part.name, part.hemisphere, part.targets.tolist()) for part in regions] == [
        ("IFG", "left", [0, 1]),
        ("PTL", "right", [3, 4]),
        ("IFG", "right", [5]),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("target,area\n0,IFG\n", "target and region are needed"),
        ("target,region\n6,IFG\n", "row 2 names target 6, and the responses have targets 0 to 5"),
        ("target,region\na,IFG\nb,IFG\n", "names 2 targets, and the responses have 6"),
        ("target,region,hemisphere\n0,IFG,up\n", "hemisphere is 'up' in row 2"),
        ("target,region\n0,\n", "names no region"),
    ],
)
def test_bad_regions_are_refused(tmp_path, content, message):
    folder = make_folder(tmp_path / "toy", subjects=("s1",))
    (folder / "regions.csv").write_text(content)
    write_settings(folder, space={"name": "p", "kind": "parcels", "regions": "regions.csv"})
    assert message in problem(folder)
    with pytest.raises(InputError, match="s1, space"):
        read_story_folder(folder)


def test_regions_on_another_grid_or_outside_the_mask_are_refused(tmp_path):
    folder, mask, _ = make_volume_folder(tmp_path / "toy")
    space = {"name": "native", "kind": "volume", "mask": "mask.nii.gz", "regions": ["IFG.nii.gz"]}
    write_settings(folder, space=space)
    write_nifti(folder / "IFG.nii.gz", np.ones((2, 2, 2)))
    assert "region IFG.nii.gz is on another grid" in problem(folder)
    write_nifti(folder / "IFG.nii.gz", ~mask)
    assert "shares no voxel with mask.nii.gz" in problem(folder)


def test_the_real_ceilings_by_region():
    """The Little Prince's inter-subject correlations: 25,870 voxels, high in the temporal lobe."""
    if not LPP.exists():
        pytest.skip("The Little Prince in ../shared/data/lpp_en is not here")
    mask = read_mask(LPP / "mask.nii.gz")
    assert mask.n_targets == 25_870
    ceilings = read_volumes(LPP / "noise_ceiling_isc.nii.gz", mask)[0]
    regions = regions_from_masks(sorted((LPP / "roi_masks").glob("*.nii.gz")), mask)
    means = {region.name: float(np.nanmean(ceilings[region.targets])) for region in regions}
    assert len(means) == 7
    assert min(means["aSTS"], means["pSTS"]) > 1.5 * float(np.nanmean(ceilings))


def test_other_bad_regions(tmp_path):
    folder = make_folder(tmp_path / "toy", subjects=("s1",))
    write_settings(folder, space={"name": "p", "kind": "parcels", "regions": ["IFG"]})
    assert "names the regions of 1 targets, and the responses have 6" in problem(folder)
    write_settings(folder, space={"name": "p", "kind": "parcels", "regions": "none.csv"})
    assert "cannot be read" in problem(folder)


def test_ceilings(folder):
    given = np.array([0.5, np.nan, -0.1, 1, 0, 0.2])
    np.save(folder / "ceiling_s1.npy", given)
    np.save(folder / "ceiling_s2.npy", given[::-1])
    write_settings(folder, ceilings="ceiling_{subject}.npy")
    ceilings = read_story_folder(folder, "s2").ceilings
    assert ceilings.dtype == np.float32
    np.testing.assert_allclose(ceilings, given[::-1], rtol=1e-6)
    assert check_story_folder(folder).subjects[0].has_ceilings


@pytest.mark.parametrize(
    ("ceilings", "message"),
    [(np.ones(5), "has shape (5,), and the responses 6 targets"),
     (np.full(6, 30.0), "correlations, of at most 1"), (None, "no such file")],
)  # fmt: skip
def test_bad_ceilings_are_refused(tmp_path, ceilings, message):
    folder = make_folder(tmp_path / "toy", subjects=("s1",))
    write_settings(folder, ceilings="ceilings.npy")
    if ceilings is not None:
        np.save(folder / "ceilings.npy", ceilings)
    assert message in problem(folder)


# Volumes


def test_volumes_are_read_through_the_mask_in_c_order(tmp_path):
    folder, mask, data = make_volume_folder(tmp_path / "toy")
    recording = read_story_folder(folder)
    responses = recording.runs[0].responses
    assert responses.shape == (N_TRS, mask.sum())
    voxels = np.argwhere(mask)
    for target in (0, 5, len(voxels) - 1):
        np.testing.assert_array_equal(responses[:, target], data[tuple(voxels[target])])
    assert recording.space.kind == "volume"
    assert recording.space.mask == str(folder / "mask.nii.gz")
    np.testing.assert_array_equal(recording.space.affine, AFFINE)


def test_regions_and_ceilings_of_a_volume(tmp_path):
    folder, mask, _ = make_volume_folder(tmp_path / "toy")
    region = np.zeros(mask.shape)
    region[:, :2] = 1
    write_nifti(folder / "IFG.nii.gz", region)
    ceilings = np.random.default_rng(0).random(mask.shape)
    write_nifti(folder / "ceiling.nii.gz", ceilings)
    space = {"name": "native", "kind": "volume", "mask": "mask.nii.gz", "regions": ["IFG.nii.gz"]}
    write_settings(folder, space=space, ceilings="ceiling.nii.gz")
    recording = read_story_folder(folder)
    (ifg,) = recording.space.regions
    assert ifg.name == "IFG"
    np.testing.assert_array_equal(ifg.targets, np.flatnonzero(np.argwhere(mask)[:, 1] < 2))
    np.testing.assert_allclose(recording.ceilings, ceilings[mask], rtol=1e-6)


def test_the_transform_of_voxels_is_kept(tmp_path):
    folder, _, _ = make_volume_folder(tmp_path / "toy")
    space = {"name": "UTS03", "kind": "volume", "mask": "mask.nii.gz", "transform": "UTS03_auto"}
    write_settings(folder, space=space)
    assert read_story_folder(folder).space.transform == "UTS03_auto"


def test_a_surface_has_no_transform(folder):
    write_settings(folder, space={"name": "S1", "kind": "surface", "transform": "auto"})
    assert "'transform' belongs to voxels" in problem(folder)


def test_a_header_with_another_tr_is_said(tmp_path):
    folder, _, data = make_volume_folder(tmp_path / "toy")
    write_nifti(folder / "responses" / "s1" / "fox.nii.gz", data, tr=1.5)
    assert any("states a TR of 1.5 s, and dataset.yaml 2 s" in text
               for text in check_story_folder(folder).warnings)  # fmt: skip


@pytest.mark.parametrize(
    ("mask", "affine", "message"),
    [
        (np.ones((3, 4, 6)), AFFINE, "resample one of them"),
        (np.ones((3, 4, 5)), AFFINE + np.eye(4), "different affines"),
        (np.zeros((3, 4, 5)), AFFINE, "has no voxel inside"),
        (np.ones((3, 4)), AFFINE, "a mask of one volume"),
    ],
)
def test_masks_that_do_not_fit_are_refused(tmp_path, mask, affine, message):
    folder, _, _ = make_volume_folder(tmp_path / "toy")
    write_nifti(folder / "mask.nii.gz", mask, affine)
    assert message in problem(folder)


def test_damaged_volumes_are_refused(tmp_path):
    folder, _, _ = make_volume_folder(tmp_path / "toy")
    path = folder / "responses" / "s1" / "fox.nii.gz"
    path.write_bytes(path.read_bytes()[:2_000])
    assert "damaged or cut short" in problem(folder)
    path.write_bytes(b"no volume at all")
    assert "cannot be read as NIfTI" in problem(folder)


def test_volumes_without_a_mask_are_refused(tmp_path):
    folder, _, _ = make_volume_folder(tmp_path / "toy")
    write_settings(folder)
    assert "needs a space of kind volume with a mask" in problem(folder)


# Settings


@pytest.mark.parametrize("key", ["name", "tr", "evidence", "citation", "modality", "space"])
def test_a_missing_key_is_named(folder, key):
    write_settings(folder, without=key)
    assert f"dataset.yaml: '{key}' is missing" in problem(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tr": 2000}, "did you mean 2.0 s?"),
        ({"tr": 1490.0}, "did you mean 1.49 s?"),
        ({"tr": 25}, "too long for seconds between two volumes"),
        ({"tr": 0}, "seconds from 0.05 to 20 are accepted, not 0"),
        ({"tr": -2}, "are accepted, not -2"),
        ({"tr": "soon"}, "tr is 'soon'"),
        ({"tr": float("nan")}, "finite"),
        ({"evidence": "real"}, "evidence is 'real': input should be 'measured' or 'simulated'"),
        ({"name": ""}, "name is ''"),
        ({"repetition_time": 2}, "'repetition_time' is not a key it knows; those are name, tr,"),
        ({"space": {"name": "x", "kind": "mesh"}}, "space.kind is 'mesh'"),
        ({"space": {"name": "x", "kind": "volume"}}, "a volume needs 'mask'"),
        ({"space": {"name": "x", "kind": "parcels", "mask": "m"}}, "'mask' belongs to a volume"),
        ({"space": {"name": "x", "kind": "parcels", "rois": 1}}, "those are name, kind, mask"),
        ({"test_stories": ["fox", "wolf"]}, "test_stories names 'wolf'; the transcripts are"),
        ({"start": "late"}, "start is 'late'"),
        ({"start": {"owl": "late"}}, "start.owl is 'late'"),
        ({"space": {"name": "x", "kind": "parcels", "regions": 5}}, "space.regions is 5"),
        ({"start": {"wolf": 2}}, "start names 'wolf'; the transcripts are of fox, owl"),
    ],
)  # fmt: skip
def test_bad_settings_are_refused(folder, changes, message):
    write_settings(folder, **changes)
    assert message in problem(folder)
    with pytest.raises(InputError, match="story folder toy cannot be used"):
        read_story_folder(folder, "s1")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: [", "is not YAML"),
        (b"- a\n- b\n", "holds list"),
        (b"", "holds NoneType"),
        (b"name: ch\xe2teau", "is not YAML in UTF-8"),
        (b"x: !!python/object/apply:os.system ['false']", "is not YAML"),
        (b"#" * 1_000_001, "more than 1 MB"),
    ],
)
def test_a_dataset_yaml_that_is_none_is_refused(folder, content, message):
    (folder / "dataset.yaml").write_bytes(content)
    assert message in problem(folder)


def test_a_missing_dataset_yaml_shows_one(folder):
    (folder / "dataset.yaml").unlink()
    assert "there is no dataset.yaml; write one such as {name:" in problem(folder)


def test_a_missing_folder_is_refused(tmp_path):
    for read in (check_story_folder, read_story_folder):
        with pytest.raises(InputError, match="there is no folder.*transcripts/STORY.TextGrid"):
            read(tmp_path / "none")


# Responses


def test_nans_in_one_run_are_counted(folder):
    spoiled = values()
    spoiled[4:6, 2] = np.nan
    spoiled[9, 3] = np.inf
    write_run(folder, "s1", "owl.run-1", spoiled)
    message = problem(folder)
    assert "s1/owl.run-1.npy" in message
    assert "in 3 of 30 TRs and 2 of 6 targets (first: 2)" in message


def test_targets_that_are_nan_throughout_are_refused(folder):
    spoiled = values()
    spoiled[:, 5] = np.nan
    spoiled[3, 1] = np.nan
    write_run(folder, "s2", "fox", spoiled)
    message = problem(folder)
    assert "1 target(s) have no value in any TR (first: 5)" in message
    assert "2 of 6 targets" in message


def test_values_beyond_32_bits_are_refused(folder):
    spoiled = values()
    spoiled[0, 0] = 1e300
    write_run(folder, "s2", "fox", spoiled)
    assert "NaN or infinite values in 1 of 30 TRs" in problem(folder)


def test_a_run_of_constant_targets_is_refused(folder):
    write_run(folder, "s2", "fox", np.tile(np.arange(6.0), (N_TRS, 1)))
    assert "s2/fox.npy: every target is constant" in problem(folder)


def test_some_constant_targets_are_kept_and_said(folder):
    some = values()
    some[:, 3] = 100
    write_run(folder, "s2", "fox", some)
    assert "1 of 6 targets are constant (first: 3)" in warning(folder)
    assert read_story_folder(folder, "s2").warnings


def test_one_tr_is_refused(folder):
    write_run(folder, "s2", "fox", values(1))
    report = check_story_folder(folder)
    assert "s2/fox.npy has 1 TR of 6 targets; at least 10 TRs" in report.problems[0]


def test_runs_with_different_targets_are_refused(folder):
    write_run(folder, "s2", "fox", values(n_targets=5))
    assert "different numbers of targets (fox.npy 5, owl.npy 6)" in problem(folder)


def test_responses_are_never_unpickled(folder, tmp_path):
    ran = tmp_path / "ran"

    class Trap:
        def __reduce__(self):
            return ran.touch, ()

    path = folder / "responses" / "s2" / "fox.npy"
    path.write_bytes(pickle.dumps(Trap()))
    assert "pickled objects are never opened" in problem(folder)
    np.save(path, np.array([Trap()], dtype=object), allow_pickle=True)
    assert "cannot be read as a NumPy array" in problem(folder)
    assert not ran.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "cannot be read"), (b"not an array", "cannot be read"),
     (b"PK\x03\x04 no archive", "cannot be read")],
)  # fmt: skip
def test_damaged_arrays_are_refused(folder, content, message):
    (folder / "responses" / "s2" / "fox.npy").write_bytes(content)
    assert message in problem(folder)


def test_arrays_cut_short_are_refused(folder):
    path = folder / "responses" / "s2" / "fox.npy"
    path.write_bytes(path.read_bytes()[:-8])
    assert "cannot be read as a NumPy array" in problem(folder)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(30), "has shape (30,); two dimensions are accepted"),
        (np.zeros((30, 6, 1)), "two dimensions are accepted"),
        (np.zeros((30, 6), dtype=complex), "holds complex128 values"),
        (np.full((30, 6), "a"), "holds <U1 values"),
    ],
)
def test_arrays_of_another_kind_are_refused(folder, array, message):
    write_run(folder, "s2", "fox", array)
    assert message in problem(folder)


@pytest.mark.parametrize("name", ["fox.mat", "fox.pkl"])
def test_other_formats_are_refused_with_what_to_do(folder, name):
    (folder / "responses" / "s2" / name).write_bytes(b"x")
    assert "save the responses [TRs, targets] with numpy.save as .npy" in problem(folder)


def test_other_files_are_left_aside_and_said(folder):
    (folder / "responses" / "s2" / "notes.txt").write_text("x")
    (folder / "responses" / "s2" / ".DS_Store").write_text("x")
    assert warning(folder) == "s2/notes.txt was left aside."


def test_two_files_of_one_run_are_refused(folder):
    np.savez(folder / "responses" / "s2" / "fox.npz", values())
    assert "run 1 of 'fox' is in more than one file: fox.npy, fox.npz" in problem(folder)


# Stories


def test_mismatched_names_list_both_sides(folder):
    path = folder / "responses" / "s2" / "fox.npy"
    path.rename(path.with_name("Fox.npy"))
    message = problem(folder)
    assert "s2: 'Fox' has responses and no transcript" in message
    assert "transcripts: fox, owl; responses of s2: Fox, owl" in message


def test_a_story_that_a_subject_did_not_hear_is_said_and_left_out(folder):
    (folder / "responses" / "s2" / "fox.npy").unlink()
    assert "s2: 'fox' has a transcript and no responses, and is left out" in warning(folder)
    assert list(read_story_folder(folder, "s2").stimuli) == ["owl"]


def test_a_transcript_longer_than_its_recording_is_said(folder):
    write_run(folder, "s2", "fox", values(25))
    message = warning(folder)
    assert "s2/fox.npy: 20 of 120 words lie outside the recording and are left out" in message
    assert "from 0.0 to 50.0 s (25 TRs of 2 s) and the words to 59.9 s" in message


def test_less_than_half_of_a_story_recorded_is_refused(folder):
    write_run(folder, "s2", "fox", values(14))
    assert "only 56 of the story's 120 words were recorded" in problem(folder)


def test_a_recording_that_begins_late_loses_words(folder):
    write_settings(folder, start=10.0)
    assert all(
        "20 of 120 words lie outside" in text for text in check_story_folder(folder).warnings
    )


def test_a_recording_longer_than_its_story_is_said(folder):
    write_run(folder, "s2", "fox", values(70))
    assert "s2/fox.npy goes on for 80 s after the last word" in warning(folder)


def test_trs_and_targets_interchanged_are_suspected(tmp_path):
    folder = make_folder(tmp_path / "toy", n_targets=200, subjects=("s1",))
    for run in ("fox", "owl.run-1", "owl_run-2"):
        write_run(folder, "s1", run, values(N_TRS, 200).T)
    write_settings(folder, space={"name": "p", "kind": "parcels"})
    report = check_story_folder(folder)
    assert all("are TRs and targets interchanged?" in text for text in report.warnings)
    assert len(report.warnings) == 3


def test_a_bad_transcript_is_one_problem_and_not_two(folder):
    (folder / "transcripts" / "fox.csv").write_text("word,onset,offset\n")
    assert "fox.csv has no words" in problem(folder)


def test_two_transcripts_of_one_story_are_refused(folder):
    write_transcript(folder, "fox_events")
    assert "fox_events.csv is a second transcript of 'fox'" in problem(folder)


def test_repairs_of_transcripts_are_warnings(folder):
    path = folder / "transcripts" / "fox.csv"
    path.write_text(path.read_text().replace("w3,1.5,1.9", "w3,n/a,n/a"))
    assert "fox: times interpolated between the neighbours: 1, e.g. 'w3'" in warning(folder)


def test_empty_folders_are_refused(tmp_path):
    (tmp_path / "toy" / "responses" / "s1").mkdir(parents=True)
    write_settings(tmp_path / "toy")
    transcripts, responses = check_story_folder(tmp_path / "toy").problems
    assert "holds no transcript" in transcripts
    assert "responses/s1/ holds no responses" in responses
    (tmp_path / "toy" / "responses" / "s1").rmdir()
    assert "responses/ holds no subject" in check_story_folder(tmp_path / "toy").problems[1]
    with pytest.raises(InputError, match="holds no subject"):
        read_story_folder(tmp_path / "toy")


def test_everything_that_is_wrong_is_listed_at_once(folder):
    write_settings(folder, without="citation", tr=2000, foo=1)
    (folder / "transcripts" / "owl.csv").write_bytes(b"\x00\x01")
    write_run(folder, "s1", "fox", np.full((N_TRS, 6), np.nan))
    write_run(folder, "s2", "wolf", values())
    problems = "\n".join(check_story_folder(folder).problems)
    expected = (
        "did you mean 2.0 s?",
        "'citation' is missing",
        "'foo' is not a key",
        "owl.csv is a binary file",
        "s1/fox.npy: NaN",
        "'wolf' has responses",
    )
    for message in expected:
        assert message in problems
    with pytest.raises(InputError, match="5 things are to be put right") as caught:
        read_story_folder(folder, "s1")
    assert "s1/fox.npy: NaN" in str(caught.value)
    assert "wolf" not in str(caught.value)
