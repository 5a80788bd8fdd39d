"""Labels by spaCy itself, where it is installed: a pipeline is trained here on a few sentences."""

from pathlib import Path

import pytest

from backend.probing.parsed_labels import COLUMNS, label_transcript, load_parser
from backend.probing.transcript_labels import read_transcript_labels
from tests.conftest import Cli

spacy = pytest.importorskip("spacy")

SENTENCES = (
    ("Dogs chase a cat .", (1, 1, 3, 1, 1), "nsubj ROOT det dobj punct",
     "Number=Plur Tense=Pres _ Number=Sing _"),
    ("Dogs chased a cat .", (1, 1, 3, 1, 1), "nsubj ROOT det dobj punct",
     "Number=Plur Tense=Past _ Number=Sing _"),
    ("A dog chased cats .", (1, 2, 2, 2, 2), "det nsubj ROOT dobj punct",
     "_ Number=Sing Tense=Past Number=Plur _"),
)  # fmt: skip
# Words, depth of the tree, tense, number of the subject and of the object.
LABELS = (
    ("4", "3", "pres", "plur", "sing"),
    ("4", "3", "past", "plur", "sing"),
    ("4", "3", "past", "sing", "plur"),
)
N_PASSES = 40


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline that has learnt three sentences by heart, on disk."""
    from spacy.training import Example

    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("morphologizer")
    nlp.add_pipe("parser", config={"min_action_freq": 1})
    examples = []
    for text, heads, deps, morphs in SENTENCES:
        words = text.split()
        stated = {
            "words": words, "heads": list(heads), "deps": deps.split(), "pos": ["X"] * len(words),
            "morphs": [each.replace("_", "") for each in morphs.split()],
        }  # fmt: skip
        examples.append(Example.from_dict(nlp.make_doc(text.replace(" .", ".")), stated))
    nlp.initialize(lambda: examples)
    for _ in range(N_PASSES):
        nlp.update(examples)
    folder = tmp_path_factory.mktemp("spacy") / "en_toy"
    nlp.to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three sentences twenty times over, as a transcript."""
    words = [word for text, *_ in SENTENCES for word in text.replace(" .", ".").split()] * 20
    rows = [f"{word},{place},{place + 0.5}" for place, word in enumerate(words)]
    path = tmp_path_factory.mktemp("story") / "story.csv"
    path.write_text("\n".join(["word,onset,offset", *rows]))
    return path


def test_sentences_are_labelled_by_a_real_parse(pipeline: Path, story: Path) -> None:
    rows = label_transcript(story, load_parser(str(pipeline)))
    assert len(rows) == 240
    expected = [
        (word, *labels)
        for (text, *_), labels in zip(SENTENCES, LABELS, strict=True)
        for word in text.replace(" .", ".").split()
    ]
    assert rows == expected * 20


def test_the_command_writes_a_table_that_probes_read(
    cli: Cli, pipeline: Path, story: Path, tmp_path: Path
) -> None:
    out = tmp_path / "labels.csv"
    done = cli("label", story, "--out", out, "--model", pipeline)
    assert done.code == 0, done.err
    assert f"240 words, labels {', '.join(COLUMNS[1:])}" in done.out
    tasks = {task.name: task for task in read_transcript_labels(out, story).tasks}
    assert set(tasks) == {"tense", "subjnum", "objnum"}
    assert len(tasks["tense"].items) == 60
