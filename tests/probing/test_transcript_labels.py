from pathlib import Path

import numpy as np
import pytest

from backend.errors import InputError
from backend.paths import PROJECT
from backend.probing.transcript_labels import read_transcript_labels

REAL = PROJECT.parent / "shared" / "data" / "narratives_21styear"


def write_labels(path: Path, n: int = 60, last: str = "home.") -> list[str]:
    """Sentences of four words; tense is the sentence's, case the word's."""
    words, rows = [], ["words,tense,case,constant,depth"]
    for number in range(n):
        tense = "past" if number % 2 else "present"
        sentence = ["She", "ran" if number % 2 else "runs", "quickly", last]
        words += sentence
        rows += [
            f"{word},{tense},{place % 2},1,{(number * 4 + place) / 7:.3f}"
            for place, word in enumerate(sentence)
        ]
    path.write_text("\n".join(rows))
    return words


def write_transcript(path: Path, words: list[str]) -> Path:
    rows = [f"{word.strip('.')},{n},{n + 0.5}" for n, word in enumerate(words)]
    path.write_text("\n".join(["word,onset,offset", *rows]))
    return path


def test_columns_become_tasks_on_sentences_or_words(tmp_path: Path) -> None:
    words = write_labels(tmp_path / "labels.csv")
    transcript = write_transcript(tmp_path / "story.csv", words)
    tasks, _, notes, _ = read_transcript_labels(tmp_path / "labels.csv", transcript)
    by_name = {task.name: task for task in tasks}
    tense, case = by_name["tense"], by_name["case"]
    assert (tense.phenomenon, tense.title) == ("morphology", "Tense")
    assert (len(tense.items), len(case.items)) == (60, 240)
    assert tense.items[1].text == "She ran quickly home."
    assert case.items[1].text == "She [runs] quickly home."
    # Folds are consecutive, and sentences stay whole.
    assert (np.diff(case.folds) >= 0).all()
    assert set(case.folds) == set(range(5))
    assert all(len(set(case.folds[case.units == unit])) == 1 for unit in range(60))
    assert set(by_name["depth"].labels) == {"low", "middle", "high"}
    assert any("constant" in note and "only the label '1'" in note for note in notes)


def test_labels_of_another_transcript_are_refused_where_they_depart(tmp_path: Path) -> None:
    words = write_labels(tmp_path / "labels.csv")
    words[9] = "walked"
    transcript = write_transcript(tmp_path / "story.csv", words)
    with pytest.raises(InputError) as refused:
        read_transcript_labels(tmp_path / "labels.csv", transcript)
    message = str(refused.value)
    assert "first depart at word 10 (of 240)" in message
    assert "Labels: 'She ran quickly home. She runs quickly'" in message
    assert "transcript: 'She ran quickly home She walked quickly'" in message


def test_labels_that_stop_early_are_refused(tmp_path: Path) -> None:
    words = write_labels(tmp_path / "labels.csv")
    transcript = write_transcript(tmp_path / "story.csv", [*words, "and", "then"])
    with pytest.raises(InputError, match=r"word 241 \(of 240\).*\(the end\)"):
        read_transcript_labels(tmp_path / "labels.csv", transcript)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("word,tense\nShe,1\nruns,1\n", "no full stops"),
        ("tense,number\n1,2\n", "has the columns tense, number"),
        ("word,tense\nShe,1\nruns.,1\nHe,1\nran.,1\n", "holds nothing to probe"),
    ],
)
def test_tables_that_cannot_be_used_say_why(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_transcript_labels(path)


def test_the_real_labels_fit_their_transcript() -> None:
    if not REAL.exists():
        pytest.skip("the real labels ../shared/data/narratives_21styear are not here")
    tasks, _, _, _ = read_transcript_labels(REAL / "probing_labels.csv", REAL / "align.csv")
    assert [task.name for task in tasks] == [
        "sen_len", "tree_depth", "top_const", "tense", "subjnum", "objnum",
    ]  # fmt: skip
    assert all(900 < len(task.items) < 1100 for task in tasks)
