"""Facts by cloze, in LAMA's format, and a small set that ships."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from backend.errors import InputError
from backend.probing.judgements import Choice, ChoiceTask, likeliest

LAMA = "Petroni et al. 2019, Language models as knowledge bases?, EMNLP"
OWN = "CortexScale's own facts"
KNOWLEDGE = "knowledge"
MOST_CANDIDATES = 20
_MASK = "[MASK]"
_FACTS = Path(__file__).parent / "facts.yaml"
_ACCEPTED = (
    "Accepted is LAMA's .jsonl, or a folder of them: a fact per line with obj_label and "
    "masked_sentences (or masked_sentence), or with sub_label, obj_label and template."
)


def bundled_facts() -> tuple[tuple[ChoiceTask, ...], str, str]:
    """Return the facts that ship with the project, as :func:`read_cloze` returns a file's."""
    text = _FACTS.read_text(encoding="utf-8")
    tasks = []
    for name, relation in yaml.safe_load(text).items():
        facts = relation["facts"]
        filled = [relation["template"].replace("[X]", str(subject)) for subject in facts]
        texts = [each[0].upper() + each[1:] for each in filled]
        answers = [str(answer) for answer in facts.values()]
        tasks.append(_task(name, [t.replace("[Y]", _MASK) for t in texts], answers))
    return tuple(tasks), hashlib.sha256(text.encode()).hexdigest(), OWN


def read_cloze(path: Path) -> tuple[tuple[ChoiceTask, ...], str, str]:
    """Read facts to be completed.

    Parameters
    ----------
    path : Path
        A file, or a folder of files; each is a relation, unless its rows name theirs
        (``predicate_id``).

    Returns
    -------
    tuple of (tuple of ChoiceTask, str, str)
        A task per relation: the candidates for each fact are the relation's answers, at most
        twenty of them; the content's hash; the citation.

    Raises
    ------
    InputError
        If it is no such file, or a relation has one answer only.
    """
    files = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"the folder {path} holds no facts. {_ACCEPTED}")
    relations: dict[str, tuple[list[str], list[str]]] = {}
    digest = hashlib.sha256()
    for file in files:
        try:
            raw = file.read_bytes()
            for line in raw.decode("utf-8-sig").splitlines():
                if line.strip():
                    row = json.loads(line)
                    name = str(row.get("predicate_id") or row.get("pred") or file.stem)
                    texts, answers = relations.setdefault(name, ([], []))
                    texts.append(_masked(row))
                    answers.append(str(row["obj_label"]))
        except OSError as error:
            raise InputError(f"{file} cannot be read: {error.strerror}. {_ACCEPTED}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{file.name} is not of this format ({error}). {_ACCEPTED}") from error
        digest.update(raw)
    tasks = tuple(_task(name, *relation) for name, relation in relations.items())
    return tasks, digest.hexdigest(), LAMA


def _masked(row: Mapping[str, Any]) -> str:
    sentences = row.get("masked_sentences") or [row.get("masked_sentence")]
    text = sentences[0]
    if text is None:
        text = row["template"].replace("[X]", row["sub_label"]).replace("[Y]", _MASK)
    if text.count(_MASK) != 1:
        raise ValueError(f"{text[:60]!r} holds no single {_MASK}")
    return str(text)


def _task(name: str, texts: Sequence[str], answers: Sequence[str]) -> ChoiceTask:
    known = list(dict.fromkeys(answers))
    if len(known) < 2:
        raise InputError(
            f"the relation {name!r} has only the answer {known[0]!r}; a choice takes two or more. "
            "Leave it out, or complete its file."
        )
    pairs = zip(texts, answers, strict=True)
    items = [_item(text, answer, known, n) for n, (text, answer) in enumerate(pairs)]
    chance = 1 / min(len(known), MOST_CANDIDATES)
    return ChoiceTask(name, name.replace("_", " ").capitalize(), KNOWLEDGE, chance, tuple(items))


def _item(text: str, answer: str, known: Sequence[str], number: int) -> Choice:
    others = [each for each in known if each != answer]
    drawn = np.random.default_rng(number).permutation(others)[: MOST_CANDIDATES - 1]
    # The answer last: a model that cannot tell them apart is not given the benefit.
    candidates = [*(str(each) for each in drawn), answer]
    filled = tuple(text.replace(_MASK, candidate) for candidate in candidates)
    return Choice(filled, answer, likeliest(candidates), text.replace(_MASK, "___"))
