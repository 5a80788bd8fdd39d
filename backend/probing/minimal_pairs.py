"""Minimal pairs in the formats of BLiMP and of SyntaxGym."""

import ast
import hashlib
import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.errors import InputError
from backend.probing.judgements import Choice, ChoiceTask, Read, likeliest

BLIMP = "Warstadt et al. 2020, BLiMP: the benchmark of linguistic minimal pairs for English, TACL 8"
SYNTAXGYM = "Gauthier et al. 2020, SyntaxGym, ACL: system demonstrations"
_ACCEPTED = (
    "Accepted are BLiMP's .jsonl (sentence_good, sentence_bad, UID, field) and SyntaxGym's test "
    "suites in .json (meta, predictions, items with conditions and regions), or a folder of them."
)
_FIELDS = {"syntax_semantics": "syntax", "syntax/semantics": "syntax"}
_REGION = re.compile(r"\(\s*(\d+|\*)\s*;\s*%([^%]+)%\s*\)")
_OPERATORS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
    ast.Gt: operator.gt, ast.Lt: operator.lt, ast.Eq: operator.eq,
}  # fmt: skip
_MATCHES, _MISMATCHES = "as predicted", "otherwise"


def read_pairs(path: Path) -> tuple[tuple[ChoiceTask, ...], str, str]:
    """Read minimal pairs.

    Parameters
    ----------
    path : Path
        A file, or a folder of files.

    Returns
    -------
    tuple of (tuple of ChoiceTask, str, str)
        A task per BLiMP paradigm or SyntaxGym prediction; the content's hash; the citation.

    Raises
    ------
    InputError
        If it is no such file.
    """
    files = sorted(path.glob("*.json*")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"the folder {path} holds no minimal pairs. {_ACCEPTED}")
    tasks: list[ChoiceTask] = []
    digest, sources = hashlib.sha256(), []
    for file in files:
        try:
            raw = file.read_bytes()
            text = raw.decode("utf-8-sig")
            if file.suffix == ".jsonl":
                tasks += _blimp([json.loads(line) for line in text.splitlines() if line.strip()])
                sources.append(BLIMP)
            else:
                tasks += _suite(json.loads(text))
                sources.append(SYNTAXGYM)
        except OSError as error:
            raise InputError(f"{file} cannot be read: {error.strerror}. {_ACCEPTED}") from error
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise InputError(
                f"{file.name} is not of these formats ({error}). {_ACCEPTED}"
            ) from error
        digest.update(raw)
    return tuple(tasks), digest.hexdigest(), "; ".join(dict.fromkeys(sources))


def _blimp(rows: Sequence[Mapping[str, Any]]) -> list[ChoiceTask]:
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_name.setdefault(str(row["UID"]), []).append(row)
    return [
        ChoiceTask(
            name,
            name.replace("_", " "),
            _FIELDS.get(str(group[0]["field"]), str(group[0]["field"])),
            0.5,
            tuple(_pair(str(row["sentence_good"]), str(row["sentence_bad"])) for row in group),
        )
        for name, group in by_name.items()
    ]


def _pair(good: str, bad: str) -> Choice:
    # The bad one first: a model that cannot tell them apart is not given the benefit.
    return Choice((bad, good), good, likeliest((bad, good)), f"{good} / *{bad}")


def _suite(suite: Mapping[str, Any]) -> list[ChoiceTask]:
    name = str(suite["meta"]["name"])
    tasks = []
    for number, prediction in enumerate(suite["predictions"], start=1):
        formula = str(prediction["formula"])
        comparisons = len(re.findall(r"[<>=]", formula))
        items = tuple(_item(item, formula) for item in suite["items"])
        title = name if len(suite["predictions"]) == 1 else f"{name}, prediction {number}"
        tasks.append(
            ChoiceTask(f"{name}-{number}", title, "syntax", 0.5 ** max(1, comparisons), items)
        )
    return tasks


def _item(item: Mapping[str, Any], formula: str) -> Choice:
    names, texts, spans = [], [], []
    for condition in item["conditions"]:
        text, places = "", dict[str, tuple[int, int]]()
        for region in condition["regions"]:
            content = str(region["content"]).strip()
            joined = f"{text} {content}" if text and content else text + content
            places[str(region["region_number"])] = (len(text), len(joined))
            text = joined
        names.append(str(condition["condition_name"]))
        texts.append(text)
        spans.append({**places, "*": (0, len(text))})
    wanted = {(region, condition) for region, condition in _REGION.findall(formula)}
    unknown = [each for each in wanted if each[1] not in names]
    unknown += [each for each in wanted if each[1] in names and each[0] not in spans[0]]
    if unknown or not wanted:
        raise ValueError(f"the formula {formula!r} names a region or condition that is not there")

    def decide(reads: Sequence[Read]) -> str:
        values = {
            (region, condition): reads[names.index(condition)].between(
                *spans[names.index(condition)][region]
            )
            for region, condition in wanted
        }
        return _MATCHES if _evaluate(formula, values) else _MISMATCHES

    _evaluate(formula, dict.fromkeys(wanted, 1.0))
    return Choice(tuple(texts), _MATCHES, decide, " / ".join(texts))


def _evaluate(formula: str, values: Mapping[tuple[str, str], float]) -> bool:
    """Evaluate a prediction, which may hold sums, comparisons, & and | and nothing else."""
    written = _REGION.sub(lambda found: f"({values[found.group(1), found.group(2)]!r})", formula)
    written = re.sub(r"(?<![<>=])=(?!=)", "==", written)
    try:
        return bool(_value(ast.parse(written, mode="eval").body))
    except SyntaxError as error:
        raise ValueError(f"the formula {formula!r} cannot be read") from error


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.Compare) and all(type(each) in _OPERATORS for each in node.ops):
        values = [_value(node.left), *map(_value, node.comparators)]
        pairs = zip(node.ops, values, values[1:], strict=False)
        return all(_OPERATORS[type(each)](left, right) for each, left, right in pairs)
    raise ValueError("a formula takes regions, numbers, + - * / < > = & and |")
