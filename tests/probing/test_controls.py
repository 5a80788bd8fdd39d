import numpy as np
import pytest

from backend.jobs.config import ProbingConfig
from backend.jobs.probe import probe_task
from backend.probing.controls import control_designs
from backend.probing.states import PieceStates
from backend.probing.tasks import ProbingTask
from tests.probing.items import make_task

CONFIG = ProbingConfig(dataset="toy", data_sha256="0" * 64, citation="toy", model="tiny", n_seeds=2)


def _probe(task: ProbingTask, states: np.ndarray) -> dict[str, object]:
    places = {item.pieces[0]: index for index, item in enumerate(task.items)}
    held = PieceStates(states[None].astype(np.float32), (0,), places)
    (row,) = probe_task(task, held, CONFIG).rows
    return dict(row)


def _noise(n: int, n_dims: int = 8) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, n_dims))


def test_a_probe_that_reads_length_is_caught() -> None:
    random = np.random.default_rng(0)
    labels = ["short", "long"] * 100
    texts = [
        " ".join(f"w{n}" for n in random.integers(0, 10**6, 5 if label == "short" else 9))
        for label in labels
    ]
    states = _noise(200)
    states[:, 0] = [len(text.split()) for text in texts]
    row = _probe(make_task(texts, labels), states)
    assert row["score"] > 0.95  # type: ignore[operator]
    assert row["length_score"] > 0.95  # type: ignore[operator]
    assert row["keyword_score"] == pytest.approx(0.5, abs=0.1)
    assert row["gain_low"] <= 0  # type: ignore[operator]


def test_a_probe_that_reads_a_keyword_is_caught() -> None:
    labels = ["yes", "no"] * 100
    texts = [
        f"it was {'surely' if label == 'yes' else 'hardly'} a matter of chance {index}"
        for index, label in enumerate(labels)
    ]
    states = _noise(200)
    states[:, 0] = [label == "yes" for label in labels]
    row = _probe(make_task(texts, labels), states)
    assert row["score"] > 0.95  # type: ignore[operator]
    assert row["keyword_score"] > 0.95  # type: ignore[operator]
    assert row["gain_low"] <= 0  # type: ignore[operator]


def test_a_probe_that_remembers_words_is_not_selective() -> None:
    # Twenty words, each with a direction of its own: any labelling of them can be learned.
    random = np.random.default_rng(0)
    words = random.integers(0, 20, 400)
    labels = np.where(words % 2, "odd", "even")
    states = np.eye(20)[words] + 0.1 * _noise(400, 20)
    task = make_task(
        [f"{word} in text {i}" for i, word in enumerate(words)],
        list(labels),
        [f"word {word}" for word in words],
    )
    row = _probe(task, states)
    assert row["score"] > 0.95  # type: ignore[operator]
    assert row["control_score"] > 0.95  # type: ignore[operator]
    assert row["selectivity_low"] <= 0.02  # type: ignore[operator]


def test_a_probe_of_a_property_is_selective_and_gains_on_the_surface() -> None:
    random = np.random.default_rng(0)
    words = random.integers(0, 200, 400)
    labels = np.array(["a", "b"] * 200)
    states = _noise(400, 20)
    states[:, 0] += 4 * (labels == "a")
    task = make_task(
        [f"{word} in text {i:03d}" for i, word in enumerate(words)],
        list(labels),
        [f"word {word}" for word in words],
    )
    row = _probe(task, states)
    assert row["score"] > 0.9  # type: ignore[operator]
    assert row["gain_low"] > 0.2  # type: ignore[operator]
    assert row["selectivity_low"] > 0.2  # type: ignore[operator]


def test_a_control_labels_types_and_not_items() -> None:
    texts = [f"{index % 10} {index}" for index in range(80)]
    task = make_task(texts, ["a", "b"] * 40, [str(index % 10) for index in range(80)])
    for design in control_designs(task, 3):
        by_type = {int(t): set(design.labels[np.arange(80) % 10 == t]) for t in range(10)}
        assert all(len(labels) == 1 for labels in by_type.values())
        assert np.bincount(design.labels).tolist() == [40, 40]
        assert all(len(set(design.folds[np.arange(80) % 10 == t])) > 1 for t in range(10))
