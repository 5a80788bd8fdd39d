import json
from pathlib import Path

import numpy as np
import pytest

from backend.errors import InputError
from backend.features.loading import LoadedModel, load_causal_model
from backend.features.perplexity import measure_perplexity
from backend.features.sources import resolve_model
from backend.probing.cloze import bundled_facts, read_cloze
from backend.probing.judgements import Read, decide_all
from backend.probing.minimal_pairs import read_pairs
from backend.probing.surprisals import read_texts

SUITE = {
    "meta": {"name": "number", "metric": "sum"},
    "predictions": [{"type": "formula", "formula": "(2;%mismatch%) > (2;%match%)"}],
    "region_meta": {"1": "Subject", "2": "Verb"},
    "items": [
        {
            "item_number": n,
            "conditions": [
                {
                    "condition_name": name,
                    "regions": [
                        {"region_number": 1, "content": f"The woman {n}"},
                        {"region_number": 2, "content": verb},
                        {"region_number": 3, "content": ""},
                    ],
                }
                for name, verb in (("match", "plays"), ("mismatch", "play"))
            ],
        }
        for n in range(4)
    ],
}


def reads(texts: dict[str, list[float]]) -> dict[str, Read]:
    """A token per word, with these surprisals."""
    found = {}
    for text, values in texts.items():
        ends = np.cumsum([len(word) + 1 for word in text.split()]) - 1
        found[text] = Read(text, ends, np.array(values))
    return found


@pytest.fixture(scope="module")
def small() -> LoadedModel:
    return load_causal_model(resolve_model("cortexscale-0.1m"), "none", "cpu")


def test_blimps_pairs_are_right_where_the_good_sentence_is_likelier(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    rows = [
        {"UID": "u", "field": "syntax_semantics", "sentence_good": good, "sentence_bad": bad}
        for good, bad in (("a b", "b a"), ("c d", "d c"), ("e f", "f e"))
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    (task,), _, _ = read_pairs(path)
    assert (task.name, task.phenomenon, task.chance) == ("u", "syntax", 0.5)
    known = reads(
        {"a b": [1, 1], "b a": [2, 2], "c d": [3, 1], "d c": [1, 1], "e f": [1, 1], "f e": [1, 1]}
    )
    picked = decide_all(task, known)
    # Equals are no success.
    assert [one == item.answer for one, item in zip(picked, task.items, strict=True)] == [
        True, False, False,
    ]  # fmt: skip


def test_syntaxgyms_formulas_are_over_regions(tmp_path: Path) -> None:
    path = tmp_path / "suite.json"
    path.write_text(json.dumps(SUITE))
    (task,), _, _ = read_pairs(path)
    assert len(task.items) == 4
    known = {}
    for n in range(4):
        # The first region is made as unlikely as can be, which must not count.
        known |= reads({f"The woman {n} plays": [9, 9, 9, 1], f"The woman {n} play": [0, 0, 0, 2]})
    assert decide_all(task, known) == ["as predicted"] * 4


@pytest.mark.parametrize(
    "formula",
    [
        "(9;%match%) > (2;%match%)",
        "(2;%nobody%) > (2;%match%)",
        "__import__('os')",
        "(2;%match%) >",
    ],
)
def test_a_formula_that_cannot_be_read_is_refused(tmp_path: Path, formula: str) -> None:
    path = tmp_path / "suite.json"
    path.write_text(json.dumps({**SUITE, "predictions": [{"formula": formula}]}))
    with pytest.raises(InputError, match="suite.json is not of these formats"):
        read_pairs(path)


def test_surprisals_are_those_of_perplexity(small: LoadedModel) -> None:
    text = "the old man went down to the river and looked at the boats that lay there " * 4
    found = read_texts(small, [text.strip(), "the river"])[text.strip()]
    score = measure_perplexity(small, text.strip(), window=len(found.ends))
    assert found.surprisals[1:].sum() == pytest.approx(score.nats, rel=0.02)


def test_regions_share_a_texts_surprisal_out(small: LoadedModel) -> None:
    text = "the river lay below"
    found = read_texts(small, [text])[text]
    cut = len("the river")
    assert found.between(0, cut) + found.between(cut, len(text)) == pytest.approx(found.total)


def test_lamas_rows_are_filled_with_the_relations_answers(tmp_path: Path) -> None:
    path = tmp_path / "P36.jsonl"
    rows = [
        {"sub_label": "France", "obj_label": "Paris", "template": "The capital of [X] is [Y] ."},
        {"obj_label": "Rome", "masked_sentences": ["[MASK] is the capital of Italy ."]},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    (task,), _, _ = read_cloze(path)
    assert (task.name, task.phenomenon, task.chance) == ("P36", "knowledge", 0.5)
    first, second = task.items
    assert set(first.texts) == {
        "The capital of France is Paris .",
        "The capital of France is Rome .",
    }
    assert second.shown == "___ is the capital of Italy ."


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"obj_label": "Rome", "masked_sentence": "no gap"}, "holds no single"),
        ({"masked_sentence": "[MASK]"}, "obj_label"),
        ({"obj_label": "Rome", "masked_sentence": "[MASK] it is"}, "has only the answer 'Rome'"),
    ],
)
def test_facts_that_cannot_be_asked_are_refused(
    tmp_path: Path, row: dict[str, str], message: str
) -> None:
    path = tmp_path / "facts.jsonl"
    path.write_text(json.dumps(row))
    with pytest.raises(InputError, match=message):
        read_cloze(path)


def test_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no minimal pairs"):
        read_pairs(tmp_path)
    with pytest.raises(InputError, match="holds no facts"):
        read_cloze(tmp_path)


def test_the_facts_that_ship_hold_their_answers_once() -> None:
    tasks, _, _ = bundled_facts()
    assert sum(len(task.items) for task in tasks) > 90
    for task in tasks:
        for item in task.items:
            assert item.shown.count("___") == 1
            assert item.decide(
                [Read(t, np.array([1]), np.array([float(t != item.texts[-1])])) for t in item.texts]
            ) == item.answer  # fmt: skip
