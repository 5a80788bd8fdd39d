"""Labels of a parser: from parses that are made here, and from spaCy where it is installed."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from backend.errors import InputError
from backend.probing.parsed_labels import COLUMNS, label_transcript, load_parser, sentence_labels
from backend.probing.transcript_labels import read_transcript_labels
from tests.conftest import Cli


class Parsed:
    """A token: what it depends on, how, and its features."""

    def __init__(self, i: int, dep: str, **features: str) -> None:
        self.i, self.dep_, self.morph = i, dep, self
        self.head = self
        self._features = features

    def get(self, name: str) -> Sequence[str]:
        value = self._features.get(name)
        return [] if value is None else [value]


def parsed(text: str) -> list[Parsed]:
    """Dogs were chasing a cat: subject, auxiliary, root, determiner, object."""
    past = " were " in text
    tokens = [
        Parsed(0, "nsubj", Number="Plur"), Parsed(1, "aux", Tense="Past" if past else "Pres"),
        Parsed(2, "ROOT"), Parsed(3, "det"), Parsed(4, "dobj", Number="Sing"),
    ]  # fmt: skip
    for token, head in zip(tokens, (2, 2, 2, 4, 2), strict=True):
        token.head = tokens[head]
    return tokens


def parse(texts: Iterable[str]) -> Iterator[list[Parsed]]:
    return (parsed(text) for text in texts)


def write_story(path: Path, n: int = 40) -> Path:
    words = [
        word for number in range(n)
        for word in f"Dogs {'were' if number % 2 else 'are'} chasing a cat.".split()
    ]  # fmt: skip
    rows = [f"{word},{place},{place + 0.5}" for place, word in enumerate(words)]
    path.write_text("\n".join(["word,onset,offset", *rows]))
    return path


def test_a_sentence_is_labelled_by_its_tree() -> None:
    words = ["Dogs", "were", "chasing", "a", "cat."]
    assert sentence_labels(words, parsed("Dogs were chasing")) == ("5", "3", "past", "plur", "sing")
    assert sentence_labels(["Oh!"], [Parsed(0, "intj")]) == ("1", "", "", "", "")


def test_the_table_is_one_that_probes_read(tmp_path: Path) -> None:
    story = write_story(tmp_path / "story.csv")
    rows = label_transcript(story, parse)
    assert len(rows) == 200
    table = tmp_path / "labels.csv"
    table.write_text("\n".join(",".join(row) for row in [COLUMNS, *rows]))
    (task,) = read_transcript_labels(table, story).tasks
    assert (task.name, task.phenomenon, len(task.items)) == ("tense", "morphology", 40)


def test_a_transcript_without_sentences_is_refused(tmp_path: Path) -> None:
    story = write_story(tmp_path / "story.csv")
    story.write_text(story.read_text().replace("cat.", "cat"))
    with pytest.raises(InputError, match="does not tell its sentences"):
        label_transcript(story, parse)


def test_without_spacy_the_message_says_what_to_install(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("backend.probing.parsed_labels.import_module", absent)
    outcome = cli("label", write_story(tmp_path / "story.csv"), "--out", tmp_path / "labels.csv")
    assert outcome.code == 2
    assert "pip install spacy && python -m spacy download en_core_web_sm" in outcome.err


def test_a_model_that_spacy_does_not_have_or_that_does_not_parse_is_named(tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    with pytest.raises(InputError, match="has no model 'nothing'"):
        load_parser("nothing")
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(InputError, match="does not parse sentences"):
        load_parser(str(tmp_path / "blank"))
