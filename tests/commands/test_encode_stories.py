"""``encode`` on stories: what it refuses, and what it says."""

import numpy as np
import pytest

from backend.cli import main
from tests.datasets.folders import make_folder, write_run, write_settings
from tests.jobs.stories import save_reader


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "toy")


@pytest.fixture
def refuses(tmp_path, folder, capsys, monkeypatch):
    """What is said when a command is refused with exit code 2 and no traceback."""
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))

    def run(*options, dataset=folder):
        words = ["encode", "--dataset", str(dataset), "--out", str(tmp_path / "store"), *options]
        try:
            code = main([str(word) for word in words])
        except SystemExit as error:
            code = error.code
        said = capsys.readouterr()
        assert code == 2, said
        assert "Traceback" not in said.err
        assert not list((tmp_path / "store").rglob("*.parquet"))
        return said.err

    return run


def test_a_subject_that_is_not_there(refuses):
    assert "no subject 'x'; the folder has s1, s2" in refuses("--subject", "x")
    assert "demo-cortex has sub-01" in refuses("--subject", "x", dataset="demo-cortex")


def test_everything_wrong_with_a_folder_is_said_at_once(refuses, folder):
    write_settings(folder, tr=2000.0)
    (folder / "transcripts" / "owl.csv").write_text("word,onset,offset\n")
    said = refuses()
    assert "did you mean 2.0 s" in said
    assert "owl" in said


def test_story_names_that_do_not_match_list_both_sides(refuses, folder):
    for subject in ("s1", "s2"):
        responses = folder / "responses" / subject
        (responses / "fox.npy").rename(responses / "fuchs.npy")
    said = refuses()
    assert "fuchs" in said
    assert "fox" in said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.ones((1, 6)), "1 TR"),
        (np.ones((30, 6)), "constant"),
        (np.full((30, 6), np.nan), "NaN"),
    ],
)
def test_responses_that_cannot_be_used(refuses, folder, values, said):
    write_run(folder, "s1", "fox", values)
    message = refuses("--subject", "s1")
    assert said in message
    assert "fox" in message


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--test-story", "cat"], "cat"),
        (["--split", "grouped"], "split"),
        (["--hrf", "glover", "--delays", "1-4"], "two ways to the same end"),
        (["--ceiling-from", "given"], "no noise ceilings"),
        (["--ceiling-floor", "2"], "ceiling_floor"),
        (["--trim", "-1", "0"], "trim_head"),
        (["--context", "0"], "context"),
        (["--delays", "x"], "list of delays"),
        (["--layers", "99"], "no layer 99"),
        (["--subject", "s2", "--ceiling-from", "repeats"], "no story of toy was repeated"),
        (["--sentence", "text"], "--sentence belongs to a table of sentences"),
        (["--group", "passage"], "--group belongs to a table of sentences"),
        (["--model", "no such model"], "no model"),
    ],
)
def test_options_that_cannot_be_used(refuses, options, said):
    assert said in refuses(*options)


def test_story_options_do_nothing_for_sentences(refuses):
    said = refuses("--context", "64", dataset="demo-sentences")
    assert "--context belongs to stories" in said
    said = refuses("--split", "test-story", dataset="demo-sentences")
    assert "the split test-story is for stories" in said


def test_trimming_everything_away(refuses, tmp_path):
    model = save_reader(tmp_path / "tiny")
    options = ["--context", "8", "--trim", "20", "20", "--gap", "2", "--subject", "s2"]
    said = refuses("--model", model, *options)
    assert "leaves nothing of a run of 30" in said


def test_a_run_that_is_there_is_not_computed_again(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))
    model = save_reader(tmp_path / "tiny")
    words = [
        "encode", "--dataset", folder, "--model", model, "--out", tmp_path / "store",
        "--subject", "s2", "--context", "8", "--trim", "2", "2", "--layers", "1",
        "--permutations", "0", "--gap", "2",
    ]  # fmt: skip
    command = [str(word) for word in words]
    assert main(command) == 0
    first = capsys.readouterr().out
    assert "SIMULATED RESPONSES" in first
    assert main(command) == 0
    assert "is in" in capsys.readouterr().out
    run_id = first.split("shard ")[1].split()[0]
    monkeypatch.setenv("CORTEXSCALE_STORE", str(tmp_path / "store"))
    assert main(["results", "--run", run_id]) == 0
    assert "best layer of each region" in capsys.readouterr().out
