"""Data sets that other software reads, made ready to encode from files in their own formats."""

import gzip
import io

import h5py
import nibabel
import numpy as np
import pytest
import scipy.io

from backend.datasets import read_sentence_table
from backend.datasets.fetch import SOURCES, Wanted, deniz2019, fetch_source
from backend.datasets.story_folder import check_story_folder, read_story_folder
from backend.errors import InputError
from tests.datasets.fetch.server import serve
from tests.stimuli.files import long_textgrid

RANDOM = np.random.default_rng(0)


def textgrid(first, n_words):
    spoken = [(first + i, first + i + 1.0, f"word{i}") for i in range(n_words)]
    return long_textgrid({"word": [(0.0, first, ""), *spoken]}).encode()


# Narratives: events as in ds002345, surfaces as its authors' software names them

EVENTS = "onset\tduration\ttrial_type\tstim_file\n"
NARRATIVES = {
    "ds002345/stimuli/gentle/milkywayvodka/align.csv": "".join(
        f"Word{i},word{i},{i + 4},{i + 4.5}\n" for i in range(14)
    ).encode(),
    "ds002345/stimuli/gentle/milkywayvodka/transcript.txt": b"Word",
    "ds002345/stimuli/gentle/pieman/align.csv": b"I,i,0.1,0.2\nbegan,began,0.2,0.4\n",
    "ds002345/sub-023/func/sub-023_task-milkyway_events.tsv": (
        f"{EVENTS}3.0\t2.0\tmusic\tmilkywayvodka_audio.wav\n"
        "6.0\t14.0\tstory\tmilkywayvodka_audio.wav\n"
    ).encode(),
    "ds002345/sub-023/func/sub-023_task-milkyway_bold.json": b"{}",
}


def surface(n_trs, n_vertices):
    arrays = [
        nibabel.gifti.GiftiDataArray(RANDOM.standard_normal(n_vertices).astype(np.float32))
        for _ in range(n_trs)
    ]
    return nibabel.gifti.GiftiImage(darrays=arrays)


def test_narratives_is_ready_once_its_responses_lie_in_the_folder(tmp_path):
    wanted = ("sub-023",)
    with serve(NARRATIVES) as (_, address):
        fetched = fetch_source(SOURCES["narratives"], tmp_path, Wanted(wanted, archive=address))
    # Before the responses are there, that is what is said.
    assert "no preprocessed recording" in "".join(check_story_folder(fetched.path).problems)
    func = fetched.path / "afni-nosmooth" / "sub-023" / "func"
    func.mkdir(parents=True)
    for side in "LR":
        name = f"sub-023_task-milkyway_space-fsaverage6_hemi-{side}_desc-clean.func.gii"
        nibabel.save(surface(14, 40_962), func / name)
    recording = read_story_folder(fetched.path)
    assert (recording.subject, recording.tr) == ("sub-023", 1.5)
    assert recording.space.name == "fsaverage6"
    assert list(recording.stimuli) == ["milkywayvodka"]
    # Words are timed from the sound file, music included, which began 3 s after the first volume.
    assert recording.runs[0].start == -3.0


def test_scans_that_the_authors_of_narratives_leave_out_are_left_out(tmp_path):
    with serve(NARRATIVES) as (_, address):
        fetched = fetch_source(
            SOURCES["narratives"], tmp_path, Wanted(("sub-023",), archive=address)
        )
    for subject in ("sub-023", "sub-038"):
        func = fetched.path / "afni-nosmooth" / subject / "func"
        func.mkdir(parents=True)
        for side in "LR":
            name = f"{subject}_task-milkyway_space-fsaverage6_hemi-{side}_desc-clean.func.gii"
            nibabel.save(surface(14, 40_962), func / name)
    report = check_story_folder(fetched.path)
    assert report.problems == ()
    assert [each.name for each in report.subjects] == ["sub-023"]
    assert "(bids.leave_out): sub-038_task-milkyway" in " ".join(report.warnings)


def test_a_story_that_narratives_lacks_is_named(tmp_path):
    with serve(NARRATIVES) as (_, address), pytest.raises(InputError, match="no story 'fox'"):
        fetch_source(
            SOURCES["narratives"], tmp_path, Wanted(("sub-023",), ("fox",), archive=address)
        )


# Le Petit Prince: nine runs whose numbers are not their sections'


def volumes(seed, n_trs=12):
    values = np.random.default_rng(seed).standard_normal((3, 4, 5, n_trs)).astype(np.float32)
    values[0] = 0
    image = nibabel.Nifti1Image(values, np.diag([2.0, 2.0, 2.0, 1.0]))
    image.header.set_zooms((2.0, 2.0, 2.0, 2.0))
    image.header.set_xyzt_units("mm", "sec")
    return gzip.compress(image.to_bytes())


def petit_prince(runs):
    name = "sub-EN057_task-lppEN_run-{}_space-MNIColin27_desc-preproc_bold.nii.gz"
    return {
        **{
            f"ds003643/annotation/EN/lppEN_section{section}.TextGrid": textgrid(0.5, 16)
            for section in range(1, 10)
        },
        "ds003643/annotation/EN/lppEN_tree.csv": b"x",
        **{f"ds003643/derivatives/sub-EN057/func/{name.format(run)}": volumes(run) for run in runs},
    }


def test_petit_prince_becomes_a_folder_of_nine_stories_with_a_mask(tmp_path):
    with serve(petit_prince(range(8, 17))) as (_, address):
        fetched = fetch_source(SOURCES["petitprince"], tmp_path, Wanted(archive=address))
    report = check_story_folder(fetched.path)
    assert report.problems == ()
    recording = read_story_folder(fetched.path, "sub-EN057")
    assert len(recording.stimuli) == len(recording.runs) == 9
    assert recording.space.n_targets == 40
    # Run 8 comes first, although 10 does by its letters.
    values = nibabel.Nifti1Image.from_bytes(gzip.decompress(volumes(8))).get_fdata()
    np.testing.assert_allclose(recording.runs[0].responses, values[1:].reshape(-1, 12).T, rtol=1e-5)


def test_a_subject_of_petit_prince_without_nine_runs_is_refused(tmp_path):
    with (
        serve(petit_prince(range(8, 16))) as (_, address),
        pytest.raises(InputError, match="has 8 runs in the archive"),
    ):
        fetch_source(SOURCES["petitprince"], tmp_path, Wanted(archive=address))


# Deniz: a dataset for each story, and two repeats of the last

DENIZ = (
    "denizenslab/narratives_reading_listening_fmri/raw/d51d64bf5026441edfbec804d6ffeaea92bb3018/"
)


def deniz(n_trs=30):
    def hdf(stories, repeats=None):
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            for number in stories:
                shape = (n_trs, 7) if repeats is None else (repeats, n_trs, 7)
                values = RANDOM.standard_normal(shape)
                values[..., 3] = np.nan
                file[f"story_{number:02d}"] = values
        return buffer.getvalue()

    responses = {
        f"{DENIZ}responses/subject01_{how}_fmri_data_{part}.hdf": (
            hdf(range(1, 11)) if part == "trn" else hdf([11], 2)
        )
        for how in ("reading", "listening")
        for part in ("trn", "val")
    }
    words = {
        f"ds003020/derivatives/TextGrids/{story}.TextGrid": textgrid(0.5, 40)
        for story in (*deniz2019._STORIES, "another")
    }
    return {f"{DENIZ}README.md": b"r", f"{DENIZ}LICENSE": b"l", **responses, **words}


def test_deniz_becomes_a_folder_of_stories_for_each_modality(tmp_path):
    with serve(deniz()) as (_, address):
        fetched = fetch_source(SOURCES["deniz2019"], tmp_path, Wanted(archive=address))
    for modality in ("reading", "listening"):
        assert check_story_folder(fetched.path / modality).problems == ()
    recording = read_story_folder(fetched.path / "reading", "subject01")
    assert (recording.dataset, recording.tr) == ("deniz2019-reading", 2.0045)
    assert len(recording.stimuli) == 11
    assert [run.story for run in recording.runs].count("wheretheressmoke") == 2
    assert recording.runs[0].start == -10.0
    assert not recording.runs[0].responses[:, 3].any()


def test_stories_of_deniz_in_another_order_are_refused(tmp_path):
    with (
        serve(deniz(n_trs=60)) as (_, address),
        pytest.raises(InputError, match="leaves 100 s for a story of 40 s"),
    ):
        fetch_source(SOURCES["deniz2019"], tmp_path, Wanted(archive=address))


# Pereira: MATLAB files that a person has put there


def mat(n_sentences, **changes):
    cells = np.empty(n_sentences, dtype=object)
    cells[:] = [f"Sentence {i} of {n_sentences}." for i in range(n_sentences)]
    columns = np.empty((2, 1), dtype=object)
    parts = np.empty((2, 1), dtype=object)
    parts[0, 0], parts[1, 0] = np.array([[1], [2]]), np.array([[4]])
    columns[0, 0], columns[1, 0] = parts, np.array([[3]])
    atlases = np.array([["languageLH"], ["gordon"]], dtype=object)
    return {
        "examples": np.arange(n_sentences * 5, dtype=float).reshape(n_sentences, 5),
        "keySentences": cells[:, None],
        "labelsPassageForEachSentence": np.arange(n_sentences)[:, None] // 4 + 1,
        "meta": {"atlases": atlases, "roiColumns": columns},
        **changes,
    }


def put(folder, **changes):
    (folder / "pereira2018" / "P01").mkdir(parents=True)
    for n in (384, 243):
        path = folder / "pereira2018" / "P01" / f"examples_{n}sentences.mat"
        scipy.io.savemat(path, mat(n, **changes))


def fetch_pereira(folder):
    with serve({"download/hmgv2/": b"zip"}) as (_, address):
        return fetch_source(SOURCES["pereira2018"], folder, Wanted(archive=address))


def test_pereiras_subjects_become_tables_of_sentences(tmp_path):
    put(tmp_path)
    fetched = fetch_pereira(tmp_path)
    assert (fetched.path / "Pereira_Materials.zip").read_bytes() == b"zip"
    table = read_sentence_table(fetched.path / "P01.csv", "sentence", ["languageLH"], "passage")
    assert len(table.sentences) == 627
    # The mean of columns 1, 2 and 4, counted from 1.
    assert table.responses[0, 0] == pytest.approx(4 / 3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"examples": np.zeros((5, 5))}, "one row of each is needed"),
        ({"meta": {"atlases": "none"}}, "no atlases with roiColumns"),
        (
            {"meta": {"atlases": np.array(["x"], dtype=object), "roiColumns": np.ones((1, 1))}},
            "names none of the networks",
        ),
    ],
)
def test_matlab_files_that_are_not_what_they_were_are_told(tmp_path, changes, said):
    put(tmp_path, **changes)
    with pytest.raises(InputError, match=said):
        fetch_pereira(tmp_path)


def test_a_damaged_matlab_file_is_told(tmp_path):
    put(tmp_path)
    (tmp_path / "pereira2018" / "P01" / "examples_384sentences.mat").write_bytes(b"no")
    with pytest.raises(InputError, match="cannot be read as a MATLAB file"):
        fetch_pereira(tmp_path)
