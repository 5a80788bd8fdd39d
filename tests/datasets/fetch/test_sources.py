"""Each data set from files in its own format, and what the reader makes of them."""

import io
import tarfile

import h5py
import numpy as np
import pandas as pd
import pytest

from backend.datasets import read_sentence_table
from backend.datasets.fetch import SOURCES, Wanted, fetch_source
from backend.datasets.story_folder import check_story_folder, read_story_folder
from backend.errors import InputError
from tests.datasets.fetch.server import serve
from tests.stimuli.files import long_textgrid

N_TRS, N_VOXELS = 30, 7


def hdf5(**arrays):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return buffer.getvalue()


def words():
    """Forty words of a second each, from 10 s on."""
    spoken = [(10.0 + i, 11.0 + i, f"word{i}") for i in range(40)]
    return long_textgrid({"word": [(0.0, 10.0, ""), *spoken]}).encode()


def responses(seed):
    return np.random.default_rng(seed).standard_normal((N_TRS, N_VOXELS))


@pytest.fixture
def lebel():
    """As the bucket lays it out: two stories, one of which the second subject did not hear."""
    home = "ds003020/derivatives"
    repeats = np.stack([responses(2), responses(3)])
    files = {
        f"{home}/TextGrids/alpha.TextGrid": words(),
        f"{home}/TextGrids/wheretheressmoke.TextGrid": words(),
        f"{home}/TextGrids/unheard.TextGrid": words(),
        f"{home}/preprocessed_data/UTS01/alpha.hf5": hdf5(data=responses(1)),
        f"{home}/preprocessed_data/UTS01/wheretheressmoke.hf5": hdf5(
            data=repeats.mean(axis=0), individual_repeats=repeats
        ),
        f"{home}/preprocessed_data/UTS02/alpha.hf5": hdf5(data=responses(4)),
        f"{home}/respdict.json": b"{}",
    }
    with serve(files) as served:
        yield served


def test_lebel_becomes_a_folder_of_stories(lebel, tmp_path):
    _, address = lebel
    fetched = fetch_source(SOURCES["lebel2023"], tmp_path, Wanted(archive=address))
    assert "LeBel et al. 2023" in fetched.description
    report = check_story_folder(fetched.path)
    assert report.problems == ()
    recording = read_story_folder(fetched.path, "UTS01")
    assert sorted(recording.stimuli) == ["alpha", "wheretheressmoke"]
    assert recording.runs[0].start == 10.0
    assert (recording.space.name, recording.space.transform) == ("UTS01", "UTS01_auto")
    np.testing.assert_allclose(recording.runs[0].responses, responses(1), rtol=1e-6)


def test_repeats_of_lebels_test_story_are_read_in_place_of_their_mean(lebel, tmp_path):
    archive, address = lebel
    name = next(name for name in archive.files if name.endswith("UTS01/alpha.hf5"))
    holes = responses(1)
    holes[:, 2] = np.nan
    archive.files[name] = hdf5(data=holes)
    fetched = fetch_source(SOURCES["lebel2023"], tmp_path, Wanted(archive=address))
    alpha, first, second = read_story_folder(fetched.path, "UTS01").runs
    assert (first.story, second.story) == ("wheretheressmoke", "wheretheressmoke")
    np.testing.assert_allclose(second.responses, responses(3), rtol=1e-6)
    assert not alpha.responses[:, 2].any()
    assert "NaN became 0 in 1 of 7 targets" in "".join(check_story_folder(fetched.path).warnings)


def test_another_subject_of_lebel_is_added_to_the_folder(lebel, tmp_path):
    archive, address = lebel
    source = SOURCES["lebel2023"]
    fetch_source(source, tmp_path, Wanted(archive=address))
    archive.asked.clear()
    fetched = fetch_source(source, tmp_path, Wanted(("UTS02",), archive=address))
    assert [name for name, _ in archive.asked] == [
        "ds003020/derivatives/preprocessed_data/UTS02/alpha.hf5"
    ]
    assert [facts.name for facts in check_story_folder(fetched.path).subjects] == ["UTS01", "UTS02"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"subjects": ("UTS99",)}, "no subject 'UTS99'"),
        ({"stories": ("beta",)}, "no story 'beta'; it has alpha, wheretheressmoke"),
    ],
)
def test_what_lebel_does_not_have_is_named(lebel, tmp_path, wanted, said):
    with pytest.raises(InputError, match=said):
        fetch_source(SOURCES["lebel2023"], tmp_path, Wanted(**wanted, archive=lebel[1]))


def tuckute_tar(name="data/brain-lang-data_participant_20230728.csv"):
    rows = [
        (item, f"Sentence number {item} here.", roi, "BD"[item // 30], participant, item / 10)
        for item in range(36)
        for roi in ("lang_LH_netw", "lang_LH_IFG", "md_LH")
        for participant in (1, 2)
    ]  # fmt: skip
    columns = ["item_id", "sentence", "roi", "cond", "target_UID", "response_target"]
    content = pd.DataFrame(rows, columns=columns).to_csv(index=False).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in ("../../escape.txt", name):
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


TUCKUTE = "public_data/tuckute2024_driving_suppressing/data.tar"


def test_tuckute_becomes_a_table_of_the_baseline_sentences(tmp_path):
    with serve({TUCKUTE: tuckute_tar()}) as (_, address):
        fetched = fetch_source(SOURCES["tuckute2024"], tmp_path / "data", Wanted(archive=address))
    table = read_sentence_table(fetched.path, "sentence", ["lang_LH_netw", "lang_LH_IFG"])
    assert len(table.sentences) == 30
    np.testing.assert_allclose(table.responses[:, 0], np.arange(30) / 10, atol=1e-6)
    assert list(tmp_path.rglob("escape.txt")) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"no tar at all", "is no whole tar"), (tuckute_tar("data/other.csv"), "holds no brain-lang")],
)
def test_a_tar_that_is_not_what_it_was_is_told(tmp_path, content, said):
    with serve({TUCKUTE: content}) as (_, address), pytest.raises(InputError, match=said):
        fetch_source(SOURCES["tuckute2024"], tmp_path, Wanted(archive=address))


def test_every_data_set_says_what_it_is():
    for source in SOURCES.values():
        assert source.licence
        assert source.page.startswith("https://")
        assert "et al. 20" in source.citation
