"""Claims on removal and on tracking: every status is reached, and none without data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backend.catalog import published_claims
from backend.comparisons.claims import TESTS, judge
from backend.comparisons.claims_material import Material
from backend.comparisons.claims_verdict import Finding, OwnSizes, Settings
from backend.comparisons.tracking import closer
from backend.store.reader import ResultStore
from backend.store.removal_queries import removal_scores
from tests.comparisons.claim_stores import MEASURED, Planted, fill_store, material, planted_scores
from tests.comparisons.removal_stores import write_removed

OWN = Settings(own=OwnSizes())
MODELS = {f"m{number}": Planted(2.0e7 * 2**number) for number in range(8)}


def of_removals(tmp_path: Path, **planted: object) -> Finding:
    write_removed(tmp_path, n_parameters=124_000_000, **planted)  # type: ignore[arg-type]
    given = replace(material(planted_scores()), removals=removal_scores(ResultStore(tmp_path)))
    return TESTS["removal-costs"](given, published_claims()["removal-costs"], Settings())


@pytest.mark.parametrize(
    ("falls", "status"),
    [
        ({"syntax": -0.1, "reasoning": -0.05}, "supported"),
        ({"syntax": -0.1, "reasoning": -0.02}, "undecided"),
        ({"syntax": -0.1, "reasoning": 0.05}, "contradicted"),
        ({"syntax": -0.1}, "undecided"),
    ],
)
def test_removal_reaches_each_status(tmp_path: Path, falls: dict[str, float], status: str) -> None:
    found = of_removals(tmp_path, falls=falls)
    assert found.status == status
    assert (found.n, found.counts) == (10, "folds")
    assert found.effect == pytest.approx(max(falls.values()) + 0.02, abs=0.01)


def test_on_stories_own_labels_are_judged_before_the_bundled_tasks(tmp_path: Path) -> None:
    for subject in ("sub-01", "sub-02", "sub-03"):
        found = of_removals(tmp_path, falls={"syntax": -0.1, "reasoning": 0.1}, subject=subject)
    assert (found.status, found.n, found.counts) == ("contradicted", 3, "subjects")
    found = of_removals(
        tmp_path, falls={"Tense": -0.1, "Depth of the tree": -0.05}, subject="sub-01",
        labels="mine",
    )  # fmt: skip
    assert (found.status, found.n, found.counts) == ("supported", 10, "stories")
    assert "labels of the stories' own words: mine" in found.sentence


def test_on_stories_the_missing_run_is_a_removal_of_each_subject(tmp_path: Path) -> None:
    stories = MEASURED.model_copy(
        update={"dataset": "demo-cortex", "split": "leave-story-out", "evidence": "simulated"}
    )
    found = {each.key: each for each in judge(ResultStore(tmp_path), stories)}["removal-costs"]
    assert found.status == "no data"
    first, *others = found.missing[:3]
    assert first.command == (
        "python -m backend remove --dataset demo-cortex --model gpt2 --layers 1-12 --split "
        "leave-story-out --subject sub-01"
    )
    assert [each.subject for each in others] == ["sub-02", "sub-03"]


def test_nothing_to_lose_decides_nothing(tmp_path: Path) -> None:
    found = of_removals(tmp_path, full=0.0)
    assert found.status == "no data"
    assert "nothing to lose" in found.sentence


def given_levels(follows: str, noise: float = 0.05, seed: int = 0) -> Material:
    """Predictivity is what one phenomenon says of a model, beside its size."""
    random = np.random.default_rng(seed)
    drawn = {
        name: dict(zip(MODELS, random.normal(0.7, 0.05, len(MODELS)), strict=True))
        for name in ("syntax", "morphology", "discourse", "reasoning", "semantics")
    }
    drawn["morphology"] = drawn["syntax"]
    drawn["discourse"] = drawn["reasoning"]
    levels = pd.DataFrame(
        [
            {"model": model, "phenomenon": name, "mean": value + random.normal(0, 0.002)}
            for name, values in drawn.items()
            for model, value in values.items()
        ]
    )
    level = drawn[follows]
    scores = planted_scores(
        lambda model, compression, roi: level[model] + 0.05 * np.log10(MODELS[model].n_parameters),
        MODELS, noise=noise / 10,
    )  # fmt: skip
    return replace(material(scores), levels=levels)


@pytest.mark.parametrize(
    ("follows", "status"),
    [("syntax", "supported"), ("reasoning", "contradicted"), ("semantics", "undecided")],
)
def test_tracking_reaches_each_status(follows: str, status: str) -> None:
    found = TESTS["formal-tracks"](
        given_levels(follows), published_claims()["formal-tracks"], Settings()
    )
    assert found.status == status
    assert (found.n, found.counts) == (8, "models")
    if status != "undecided":
        first = found.sentence.split("given size: ")[1].split(" ")[0]
        assert (
            first
            in {"syntax": ("syntax", "morphology"), "reasoning": ("reasoning", "discourse")}[
                follows
            ]
        )


def test_what_is_closer_is_told_at_its_rate() -> None:
    wrong = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        size = random.normal(size=8)
        score, one, other = random.normal(size=(3, 8)) + size
        z, error = closer(score, one, other, size)  # type: ignore[misc]
        wrong += abs(z / error) > 1.96
    assert wrong / 300 < 0.09


def test_with_no_data_the_runs_that_would_decide_are_named(tmp_path: Path) -> None:
    fill_store(tmp_path, planted_scores(n_folds=6))
    verdicts = {each.key: each for each in judge(ResultStore(tmp_path), MEASURED)}
    removal, tracks = verdicts["removal-costs"], verdicts["formal-tracks"]
    assert {removal.status, tracks.status} == {"no data"}
    assert "python -m backend remove --dataset" in removal.missing[0].command
    assert "--model gpt2 --layers 1-12" in removal.missing[0].command
    assert not removal.missing[0].on_run_page
    commands = [each.command for each in tracks.missing]
    assert "python -m backend probe --model pythia-14m" in commands
    assert commands[0].startswith("python -m backend encode")


def test_at_own_sizes_the_stores_models_are_asked_for(tmp_path: Path) -> None:
    fill_store(tmp_path, planted_scores(models={"tiny": Planted(1e6)}, n_folds=6))
    verdicts = {each.key: each for each in judge(ResultStore(tmp_path), MEASURED, OWN)}
    assert [each.model for each in verdicts["removal-costs"].missing] == ["tiny"]
    assert verdicts["formal-tracks"].missing[0].command == ("python -m backend probe --model tiny")
