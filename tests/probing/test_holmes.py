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
    write_dataset(tmp_path, "crossed", "SENTENCE_PAIR_CROSS")
    rows = [(n, ["text"], "", 1, "test" if n % 2 else "train") for n in range(6)]
    write_dataset(tmp_path, "constant", rows=list(rows))
    tasks, _, notes = read_holmes(tmp_path)
    assert [task.name for task in tasks] == ["fine"]
    assert any("SENTENCE_PAIR_CROSS reads two texts as one" in note for note in notes)
    assert any("constant was left out" in note and "only the label '1'" in note for note in notes)


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
