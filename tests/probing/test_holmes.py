import csv
from pathlib import Path

import numpy as np
import pytest
import yaml

from backend.errors import InputError
from backend.probing.holmes import read_holmes
from backend.probing.tasks import Piece

COLUMNS = ("id", "inputs", "context", "label", "set-0")


def write_dataset(
    folder: Path, name: str, kind: str = "SENTENCE", rows: list[tuple[object, ...]] | None = None
) -> Path:
    """A data set as Holmes releases it."""
    place = folder / name
    place.mkdir(parents=True)
    config = {"probe_name": name, "probe_task_type": kind, "control_task_type": "NONE"}
    (place / "config-none.yaml").write_text(yaml.safe_dump(config))
    made = rows or [
        (index, [f"sentence {index}"], "", index % 2, "test" if index % 5 == 0 else "train")
        for index in range(40)
    ]
    with (place / "samples.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(made)
    return place


def test_data_sets_become_tasks_with_their_subfield(tmp_path: Path) -> None:
    write_dataset(tmp_path / "flash-holmes", "blimp-adjunct_island")
    (tmp_path / "leaderboards").mkdir()
    (tmp_path / "leaderboards" / "flash-holmes.csv").write_text(
        ",probing dataset,linguistic subfield\n0,blimp-adjunct_island,syntax\n"
    )
    (task,), sha256, notes = read_holmes(tmp_path / "flash-holmes")
    assert (task.name, task.phenomenon, len(task.items)) == ("blimp-adjunct_island", "syntax", 40)
    assert task.items[0].pieces == (Piece("sentence 0"),)
    assert np.bincount(task.folds + 1).tolist() == [32, 8]
    assert len(sha256) == 64
    assert notes == ()


def test_tokens_are_read_in_their_contexts(tmp_path: Path) -> None:
    context = "the old stone"
    rows = [
        (n, [("old", 0, 4, 7), ("stone", 0, 8, 13)], [context], n % 2, "test" if n > 7 else "dev")
        for n in range(10)
    ]
    write_dataset(tmp_path, "pos", "SENTENCE_TOKENS", rows)
    (task,), _, _ = read_holmes(tmp_path)
    assert [piece.looked_at for piece in task.items[0].pieces] == ["old", "stone"]
    assert task.items[0].type == "old stone"
    assert task.phenomenon == "other"


def test_what_cannot_be_used_is_left_out_and_named(tmp_path: Path) -> None:
    write_dataset(tmp_path, "fine")
    write_dataset(tmp_path, "unknown", "PARAGRAPH")
    rows = [(n, ["text"], "", 1, "test" if n % 2 else "train") for n in range(6)]
    write_dataset(tmp_path, "constant", rows=list(rows))
    tasks, _, notes = read_holmes(tmp_path)
    assert [task.name for task in tasks] == ["fine"]
    assert any("its kind PARAGRAPH is not known" in note for note in notes)
    assert any("constant was left out" in note and "only the label '1'" in note for note in notes)


def test_both_texts_of_a_crossed_pair_are_read_as_one_and_that_is_said(tmp_path: Path) -> None:
    pairs = [(n, ["one text", "other"], "", n % 2, "test" if n > 5 else "train") for n in range(8)]
    write_dataset(tmp_path, "whole", "SENTENCE_PAIR_CROSS", list(pairs))
    context = ["one text", "the other"]
    words = [
        (n, [("text", 0, 4, 8), ("other", 1, 4, 9)], context, n % 2, "test" if n > 5 else "train")
        for n in range(8)
    ]
    write_dataset(tmp_path, "words", "SENTENCE_PAIR_TOKENS_CROSS", list(words))
    whole, over_words = read_holmes(tmp_path)[0]
    assert whole.items[0].pieces == (Piece("one text other"),)
    assert {piece.text for piece in over_words.items[0].pieces} == {"one text the other"}
    assert [piece.looked_at for piece in over_words.items[0].pieces] == ["text", "other"]
    (note,) = read_holmes(tmp_path)[2]
    assert "a space between them in place of a model's own separator: whole, words" in note


def test_the_words_of_a_span_stand_together(tmp_path: Path) -> None:
    context = ["the old stone fell"]
    rows = [
        (n, [("the", 0, 0, 3, 0), ("old", 0, 4, 7, 0), ("fell", 0, 14, 18, 1)], context, n % 2,
         "test" if n > 5 else "train")
        for n in range(8)
    ]  # fmt: skip
    write_dataset(tmp_path, "spans", "SENTENCE_SPANS", list(rows))
    (task,), _, _ = read_holmes(tmp_path)
    assert [piece.looked_at for piece in task.items[0].pieces] == ["the old", "fell"]


def test_of_too_many_rows_a_share_of_each_set_is_drawn_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.probing.holmes._MOST_ITEMS", 100)
    # All test items last, as a file may have them: the first rows alone would hold none.
    rows = [(n, [f"text {n}"], "", n % 2, "train" if n < 320 else "test") for n in range(400)]
    write_dataset(tmp_path, "long", rows=list(rows))
    (task,), _, (note,) = read_holmes(tmp_path)
    assert np.bincount(task.folds + 1).tolist() == [80, 20]
    assert note == "long: 100 of 400 items were drawn, test items by their share."
    assert read_holmes(tmp_path)[0] == (task,)


def test_an_empty_folder_says_what_is_accepted(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no probing data set of Holmes. Accepted is"):
        read_holmes(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        read_holmes(tmp_path / "nowhere")


def test_files_are_never_evaluated(tmp_path: Path) -> None:
    rows = [(0, "__import__('os').getcwd()", "", 1, "test")]
    write_dataset(tmp_path, "evil", rows=list(rows))
    with pytest.raises(InputError, match="row 2 of samples.csv cannot be read"):
        read_holmes(tmp_path)
