import numpy as np
import pytest

from tests.datasets.fetch.server import serve
from tests.datasets.fetch.test_sources import TUCKUTE, tuckute_tar


def test_without_a_name_the_data_sets_are_listed_with_licence_and_citation(cli):
    out = cli("fetch").out
    for part in ("lebel2023", "Nastase et al. 2021", "Licence: CC0", "https://osf.io/crwz7/"):
        assert part in out


def test_a_data_set_is_listed_then_fetched(cli, tmp_path):
    with serve({TUCKUTE: tuckute_tar()}) as (archive, address):
        words = ("fetch", "tuckute2024", "--data", tmp_path, "--archive", address)
        out = cli(*words, "--list").out
        assert "1 files" in out
        assert "does not state" in out
        assert archive.asked == []
        outcome = cli(*words)
    assert outcome.code == 0, outcome.err
    assert f"--dataset {tmp_path}/tuckute2024/tuckute2024.csv" in outcome.out


def test_an_unknown_data_set_is_answered_with_the_nearest(cli):
    outcome = cli("fetch", "lebel2032")
    assert outcome.code == 2
    assert "did you mean 'lebel2023'?" in outcome.errors[0]


@pytest.fixture
def folder(tmp_path):
    """A story of forty words, and a subject's responses."""
    (tmp_path / "transcripts").mkdir()
    (tmp_path / "responses" / "sub-01").mkdir(parents=True)
    rows = "".join(f"word{i},{i},{i + 1}\n" for i in range(40))
    (tmp_path / "transcripts" / "story.csv").write_text(f"word,onset,offset\n{rows}")
    np.save(tmp_path / "responses" / "sub-01" / "story.npy", np.random.rand(25, 3))
    (tmp_path / "dataset.yaml").write_text(
        "name: own\ntr: 2.0\nevidence: measured\ncitation: A\nmodality: fMRI\n"
        "space: {name: own, kind: parcels}\n"
    )
    return tmp_path


def test_a_sound_folder_is_told_with_what_is_in_it(cli, folder):
    outcome = cli("check", folder)
    assert outcome.code == 0, outcome.err
    assert "story    story: 40 words" in outcome.out
    assert "subject  sub-01: 1 runs, 25 TRs, 3 targets" in outcome.out


def test_everything_that_is_wrong_with_a_folder_is_told_at_once(cli, folder):
    np.save(folder / "responses" / "sub-01" / "other.npy", np.full((25, 3), np.nan))
    (folder / "dataset.yaml").write_text("name: own\ntr: 2000\n")
    outcome = cli("check", folder)
    assert outcome.code == 2
    for part in ("did you mean 2.0 s?", "'citation' is missing", "other", "thing(s) to put right"):
        assert part in outcome.err
