from pathlib import Path

import numpy as np
import pytest

from backend.errors import InputError
from backend.jobs.removal import run_removal
from backend.jobs.removal_config import RemovalTask
from backend.jobs.removal_request import build_removal_task
from backend.jobs.request import choose_data
from backend.probing.task_erasure import fit_task_erasers, probe_tasks
from backend.store.reader import ResultStore
from backend.store.removal_queries import has_removal, removal_scores
from tests.probing.items import make_task


def asked(store: Path, **options: object) -> RemovalTask:
    stated = {"layers": [1], "phenomena": ["morphology"], "n_random": 2, **options}
    return build_removal_task(
        choose_data("demo-sentences"), "cortexscale-0.1m", store, device="cpu", **stated
    )  # type: ignore[arg-type]


def test_an_eraser_of_several_tasks_removes_each_and_not_which_task_it_is() -> None:
    random = np.random.default_rng(0)
    tasks, features = [], []
    for number in range(2):
        labels = ["a", "b"] * 200
        task = make_task([f"{number} {index}" for index in range(400)], labels)
        states = random.normal(size=(400, 12))
        states[:, number] += 4 * (np.array(labels) == "a")
        states[:, 5] += 6 * number
        tasks.append(task)
        features.append(states.astype(np.float32))
    eraser = fit_task_erasers(tasks, features).leace
    assert eraser.rank == 2
    for task, states in zip(tasks, features, strict=True):
        assert probe_tasks([task], [states]) > 0.95
        assert probe_tasks([task], [states], eraser) < 0.56
    gap = eraser.erase(np.concatenate(features))[:, 5]
    assert gap[400:].mean() - gap[:400].mean() == pytest.approx(6, abs=0.3)


def test_removal_is_stored_fold_by_fold_beside_random_directions(store: Path) -> None:
    task = asked(store)
    run_id = run_removal(task)
    opened = ResultStore(store)
    assert has_removal(opened, run_id)
    table = removal_scores(opened)
    assert set(table["roi"]) == {"simulated_meaning", "simulated_length", "simulated_noise"}
    assert len(table) == 3 * task.config.n_folds
    assert (table["rank"] == 3).all()
    assert (table["probe_before"] > 0.65).all()
    assert (table["probe_after"] < 0.56).all()
    assert set(table["evidence"]) == {"simulated"}
    draws = opened.query("SELECT r_random, random_draws FROM removal_scores")
    means = [np.mean(each) for each in draws["random_draws"]]
    assert np.allclose(draws["r_random"], means, atol=1e-6)


def test_what_cannot_be_removed_is_said(store: Path) -> None:
    with pytest.raises(InputError, match="no phenomenon 'spelling'"):
        asked(store, phenomena=["spelling"])
    with pytest.raises(InputError, match="ask for two or more"):
        asked(store, n_random=1)
    with pytest.raises(InputError, match="no layer 40"):
        asked(store, layers=[40])
