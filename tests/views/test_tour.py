"""The built-in tour says what a store's own results say, and what was published beside it."""

import re

import pytest

from backend.comparisons.claims import judge
from backend.comparisons.claims_verdict import Settings
from backend.store.reader import ResultStore
from backend.views.sheets import sheets_of
from backend.views.slide import slide_of
from backend.views.tour import tour
from tests.comparisons.claim_stores import (
    MEASURED,
    SIZES,
    Planted,
    fill_store,
    planted_quality,
    planted_scores,
)

METHODS = ("none", "bnb-nf4", "awq-w4a16", "rtn-w4a16", "gptq-w4a16")
PAGES = ["layers", "cortex", "scale", "compression", "compression", "claims"]


@pytest.fixture
def open_store(tmp_path):
    def open_it(scores=None, quality=None, evidence="measured"):
        folder = tmp_path / "store"
        folder.mkdir()
        if scores is not None:
            fill_store(folder, scores, quality, evidence)
        return ResultStore(folder, tmp_path / "nothing.duckdb")

    return open_it


def gptq_costs(model: str, compression: str, roi: str) -> float:
    return -0.1 if compression.startswith("gptq") else 0.0


def test_verdicts_are_those_of_the_claims_at_the_published_sizes(open_store):
    sizes = {name: SIZES[name] for name in ("toy-1b", "toy-3b", "toy-14b")}
    scores = planted_scores(gptq_costs, sizes, METHODS, noise=0.002)
    quality = planted_quality(lambda model, name: 0.0 if name == "none" else 0.2, sizes, METHODS)
    store = open_store(scores, quality)
    steps = tour(store)
    judged = {verdict.key: verdict for verdict in judge(store, MEASURED, Settings())}
    assert [step.page for step in steps] == PAGES
    assert judged["small-equals-large"].status == "supported"
    assert "This store at the published sizes: supported." in steps[2].note
    assert "quantization at the published sizes: supported" in steps[3].note.lower()
    assert judged["gptq-exception"].status == "supported"
    assert steps[4].note.startswith("Supported at the published sizes:")
    assert f"{judged['gptq-exception'].effect:+.3f} r" in steps[4].note
    assert all(re.search(r"^Published.* \(\D+ 20\d\d\): ", s.note, re.M) for s in steps)
    assert all("Measured." in step.note for step in steps if step.page != "cortex")
    assert dict(steps[5].parameters)["sizes"] == ("published",)
    counted = [verdict.status for verdict in judged.values()].count("supported")
    assert f"supports {counted}" in steps[5].note


def test_the_first_step_has_the_numbers_of_the_best_layer(open_store):
    scores = planted_scores(models={"toy-1b": SIZES["toy-1b"]}, regions=("AC",))
    step = tour(open_store(scores))[0]
    best = scores[scores["layer"] == 1]["score"].mean()
    assert f"r = {best:.2f} at layer 1 of 2" in step.note
    assert "strongest baseline" in step.note
    assert step.parameters["models"] == ("toy-1b",)


def test_models_of_other_sizes_say_so(open_store):
    small = {f"toy-{n}m": Planted(n * 1e6) for n in (1, 3, 7)}
    step = tour(open_store(planted_scores(gptq_costs, small, METHODS, noise=0.002)))[4]
    assert step.note.startswith("Supported at this store's own sizes:")
    assert "This store at the published sizes: no data." in step.note
    assert "To decide it: python -m backend encode" in step.note


def test_simulated_results_are_no_evidence(open_store):
    steps = tour(open_store(planted_scores(), evidence="simulated"))
    assert "Simulated responses: no evidence about the brain." in steps[0].note
    assert "Simulated responses" in steps[2].note
    assert not any("Measured." in step.note for step in steps)


def test_a_minimal_model_is_named_with_its_interval(open_store):
    def grows(model: str, compression: str, roi: str) -> float:
        return -0.2 if model in ("toy-0.1b", "toy-0.4b", "toy-1b") else 0.0

    step = tour(open_store(planted_scores(grows, regions=("AC",), noise=0.002)))[2]
    assert "The smallest model that equals the largest, toy-14b, within ±0.02 r" in step.note
    assert "is toy-3b: " in step.note


def test_an_empty_store_says_what_to_run(open_store):
    store = open_store()
    for step in tour(store):
        assert "python -m backend" in step.note
        assert re.search(r"^Published", step.note, re.M)
        assert "Measured" not in step.note
        assert "Simulated" not in step.note
        assert slide_of(step, store, "light", 768, 520).absent


def test_published_figures_alone_are_no_results_of_the_store(tmp_path):
    from backend.paths import PRECOMPUTED
    from tests.shipped import write_part

    part = write_part(tmp_path)
    import duckdb

    with duckdb.connect(str(part)) as connection:
        for table in ("runs", "roi_scores", "baseline_scores", "target_scores", "spaces"):
            connection.execute(f"DELETE FROM {table}")
    assert part != PRECOMPUTED
    steps = tour(ResultStore(tmp_path / "store", part))
    assert steps[0].note.startswith("This store holds no results yet.")
    assert all("python -m backend" in step.note for step in steps)


def test_every_step_with_data_has_a_picture(open_store):
    sizes = {name: SIZES[name] for name in ("toy-1b", "toy-3b", "toy-14b")}
    store = open_store(planted_scores(gptq_costs, sizes, METHODS))
    for step in tour(store):
        if step.page == "cortex":
            continue
        assert sheets_of(step, store)
        slide = slide_of(step, store, "dark", 768, 520)
        assert slide.evidence == "measured"
        assert slide.caption
        if slide.figure is not None:
            assert (round(slide.figure.layout.width), round(slide.figure.layout.height)) == (
                768, 520
            )  # fmt: skip
            assert slide.figure.layout.font.size >= 20
        else:
            assert len(slide.table) == 9
