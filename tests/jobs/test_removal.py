from pathlib import Path

import numpy as np
import pytest

from backend.errors import InputError
from backend.jobs.removal import fit_eraser, measure_removal
from backend.jobs.request import build_task, choose_data
from backend.probing.fit import design_of, predict_labels
from backend.probing.scores import score
from tests.probing.items import make_task


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
    eraser, fitted = fit_eraser(tasks, features)
    assert eraser.rank == 2
    for task, states in zip(tasks, features, strict=True):
        design = design_of(task)
        before = score(predict_labels(states, [design]), [design]).score
        after = score(predict_labels(eraser.erase(states), [design]), [design]).score
        assert before > 0.95
        assert after < 0.56
    gap = eraser.erase(fitted)[:, 5]
    assert gap[400:].mean() - gap[:400].mean() == pytest.approx(6, abs=0.3)


def test_removal_is_set_against_random_directions(store: Path) -> None:
    task, _ = build_task(choose_data("demo-sentences"), "cortexscale-0.1m", store, device="cpu")
    table = measure_removal(task, ["morphology"], 1, n_random=2)
    assert table["response"].tolist() == [
        "simulated_meaning", "simulated_length", "simulated_noise",
    ]  # fmt: skip
    assert (table["rank"] == 3).all()
    assert (table["probe_before"] > 0.65).all()
    assert (table["probe_after"] < 0.56).all()
    assert np.allclose(table["fall"], table["r_removed"] - table["r_random"], atol=1e-6)
    assert (table["low"] <= table["fall"]).all()


def test_what_cannot_be_removed_is_said(store: Path) -> None:
    task, _ = build_task(choose_data("demo-sentences"), "cortexscale-0.1m", store, device="cpu")
    with pytest.raises(InputError, match="no task 'spelling'"):
        measure_removal(task, ["spelling"], 1)
    with pytest.raises(InputError, match="ask for two or more"):
        measure_removal(task, ["syntax"], 1, n_random=1)
    with pytest.raises(InputError, match="no layer 40"):
        measure_removal(task, ["syntax"], 40)
