"""``simulate-cortex``: word tables and subjects from the command line."""

import argparse

import numpy as np
import pytest

from backend.commands import simulate_cortex
from backend.demo import recording as module
from backend.demo.stories import FOLDER
from backend.errors import InputError
from backend.stimuli import read_words


def run(*argv):
    parser = argparse.ArgumentParser()
    simulate_cortex.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["simulate-cortex", *map(str, argv)])
    return arguments.run(arguments)


def test_word_tables_are_written_beside_their_texts(tmp_path, capsys):
    (tmp_path / "a-walk.txt").write_text('We went, all of us.\n\n"Far?" she asked.\n')
    assert run("--words", tmp_path) == 0
    (words,) = read_words(tmp_path / "a-walk.csv")
    assert words.story == "a-walk"
    assert words.words == ("We", "went,", "all", "of", "us.", '"Far?"', "she", "asked.")
    np.testing.assert_array_equal(words.sentences, [0, 0, 0, 0, 0, 1, 1, 1])
    assert "8 words" in capsys.readouterr().out


def test_the_demos_own_tables_come_out_the_same(tmp_path):
    for path in FOLDER.glob("*.txt"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    run("--words", tmp_path)
    for path in FOLDER.glob("*.csv"):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_a_folder_without_stories_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no \*\.txt"):
        run("--words", tmp_path)


def test_subjects_are_simulated_into_the_cache(tmp_path, monkeypatch, capsys):
    asked = []

    def simulate(subject, folder):
        asked.append((subject, folder))
        return np.zeros((1200, 20484), dtype=np.float32)

    monkeypatch.setattr(module, "_simulate", simulate)
    assert run("--subject", "sub-02", "--cache", tmp_path) == 0
    assert asked == [("sub-02", tmp_path)]
    assert "sub-02: 8 runs" in capsys.readouterr().out
