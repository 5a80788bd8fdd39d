"""Published claims on simulated stores of known effects; false verdicts are counted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from backend import catalog
from backend.catalog import published_claims
from backend.comparisons.claims import (
    TESTS,
    claims_table,
    count,
    decided_by,
    judge,
    summary,
)
from backend.comparisons.claims_material import gather
from backend.comparisons.claims_verdict import OwnSizes, Settings, above, below, equal
from backend.comparisons.compression_exceptions import exceptions
from backend.comparisons.scores import by_unit
from backend.errors import InputError
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from tests.comparisons.claim_stores import (
    MEASURED,
    SEMANTIC,
    SIZES,
    Planted,
    fill_store,
    material,
    planted_quality,
    planted_scores,
)

QUANTIZED = ("none", "bnb-nf4", "bnb-int8", "awq-w4a16", "gptq-w4a16")
PRUNED = ("none", "magnitude-50", "wanda-50")
THREE = {name: SIZES[name] for name in ("toy-1b", "toy-3b", "toy-7b")}
REPEATS = 100


def too_many(n):
    """More false verdicts than happen by chance once in a thousand tests at a rate of 5%."""
    return int(stats.binom.ppf(0.999, n, 0.05))


def status_of(key, scores, quality=None, **settings):
    return found_for(key, scores, quality, **settings).status


def found_for(key, scores, quality=None, **settings):
    return TESTS[key](material(scores, quality), published_claims()[key], Settings(**settings))


# Planted effects: r of a model under a compression in a region


def small_models(drop):
    """Only models below 2B lose."""
    return lambda model, compression, roi: drop * (SIZES[model].n_parameters < 2e9)


def three_billion(change):
    return lambda model, compression, roi: change * (model == "toy-3b")


def semantic_shortfall(semantic, other):
    return lambda model, compression, roi: (
        (semantic if roi in SEMANTIC else other) * (model == "toy-1b")
    )


def method(name, change):
    return lambda model, compression, roi: change * (compression == name)


def compression_costs(change):
    return lambda model, compression, roi: change * (compression != "none")


def growth(per_tenfold):
    return lambda model, compression, roi: (
        per_tenfold * np.log10(SIZES[model].n_parameters / 0.125e9)
    )


def saturating(model, compression, roi):
    return -0.2 * (SIZES[model].n_parameters / 0.125e9) ** -1.5


def by_size(effect, **options):
    return planted_scores(effect, **{"noise": 0.005, **options})


def by_method(effect, compressions=QUANTIZED, **options):
    return planted_scores(effect, THREE, compressions, **{"noise": 0.005, **options})


def quality(cost, compressions=QUANTIZED, **options):
    return planted_quality(
        lambda model, compression: cost * (compression != "none"), THREE, compressions, **options
    )


CASES = [
    ("small-equals-large", "supported", by_size(three_billion(0.0))),
    ("small-equals-large", "contradicted", by_size(three_billion(-0.06))),
    ("small-equals-large", "contradicted", by_size(three_billion(0.06))),
    ("small-equals-large", "undecided", by_size(three_billion(-0.02))),
    ("small-falls-short", "supported", by_size(semantic_shortfall(-0.12, -0.06))),
    ("small-falls-short", "contradicted", by_size(semantic_shortfall(-0.06, -0.12))),
    ("small-falls-short", "contradicted", by_size(semantic_shortfall(0.0, 0.0))),
    ("small-falls-short", "undecided", by_size(semantic_shortfall(-0.06, -0.06))),
    ("quantization-harmless", "supported", by_method(compression_costs(0.0))),
    ("quantization-harmless", "supported", by_method(method("gptq-w4a16", -0.1))),
    ("quantization-harmless", "contradicted", by_method(method("bnb-nf4", -0.06))),
    ("quantization-harmless", "undecided", by_method(method("bnb-nf4", -0.02))),
    ("quantization-harmless", "undecided", by_method(method("", 0.0), ("none", "bnb-nf4"))),
    ("pruning-harmless", "supported", by_method(compression_costs(0.0), PRUNED)),
    ("pruning-harmless", "contradicted", by_method(method("wanda-50", -0.06), PRUNED)),
    ("pruning-harmless", "undecided", by_method(method("wanda-50", -0.02), PRUNED)),
    ("gptq-exception", "supported", by_method(method("gptq-w4a16", -0.06))),
    ("gptq-exception", "contradicted", by_method(compression_costs(-0.06))),
    ("gptq-exception", "undecided", by_method(method("gptq-w4a16", -0.02), noise=0.02)),
    ("log-linear", "supported", by_size(growth(0.05))),
    ("log-linear", "contradicted", by_size(growth(-0.05))),
    ("log-linear", "undecided", by_size(growth(0.0))),
    ("log-linear", "undecided", by_size(saturating, noise=0.001)),
]


@pytest.mark.parametrize(
    ("key", "expected", "scores"), CASES, ids=[f"{k}-{s}-{i}" for i, (k, s, _) in enumerate(CASES)]
)
def test_each_claim_reaches_each_status(key, expected, scores):
    assert status_of(key, scores) == expected


@pytest.mark.parametrize(
    ("cost", "change", "expected"),
    [
        (0.3, 0.0, "supported"),
        (0.05, -0.12, "contradicted"),
        (0.3, -0.06, "contradicted"),
        (0.0, 0.0, "undecided"),
    ],
)
def test_dissociation_reaches_each_status(cost, change, expected):
    scores = by_method(compression_costs(change))
    found = found_for("dissociation", scores, quality(cost, noise=0.005))
    assert found.status == expected
    assert (found.counts, found.n) == ("models", 3)


def test_dissociation_goes_by_probes_where_models_were_probed():
    scores = by_method(compression_costs(0.0))
    probes = pd.DataFrame(
        [
            {"model": model, "compression": compression, "phenomenon": phenomenon, "percent": loss}
            for model, compression in scores[["model", "compression"]].drop_duplicates().to_numpy()
            for phenomenon, loss in (
                ("discourse", -20.0), ("syntax", -30.0 - len(model)), ("morphology", np.nan),
                ("reasoning", 400.0),
            )
            if compression != "none"
        ]
    )  # fmt: skip
    given = replace(material(scores, quality(0.0, noise=0.005)), probes=probes)
    found = TESTS["dissociation"](given, published_claims()["dissociation"], Settings())
    assert found.status == "supported"
    assert found.sentence.startswith("Competence in discourse, syntax and morphology")
    assert found.effect == pytest.approx(-28.5, abs=3)


def test_every_status_is_reached_by_every_claim():
    reached = {(key, status) for key, status, _ in CASES}
    for key in set(published_claims()) - {"dissociation", "removal-costs", "formal-tracks"}:
        assert {"supported", "contradicted", "undecided"} == {s for k, s in reached if k == key}


# False verdicts: the effect lies on the border, where they are most frequent


def flat(model, compression, roi):
    return 0.0


def of(*names):
    return {name: SIZES[name] for name in names}


BORDERS = [
    # claim, wrong verdicts, effect on the border, models, compressions
    ("small-equals-large", ("supported", "contradicted"), three_billion(-0.02),
     of("toy-3b", "toy-14b"), ("none",)),
    ("small-falls-short", ("supported", "contradicted"), semantic_shortfall(-0.02, -0.02),
     of("toy-1b", "toy-3b"), ("none",)),
    ("small-falls-short", ("supported", "contradicted"), semantic_shortfall(-0.06, -0.06),
     of("toy-1b", "toy-3b"), ("none",)),
    ("quantization-harmless", ("supported",), method("bnb-nf4", -0.02),
     of("toy-3b"), ("none", "bnb-nf4", "bnb-int8")),
    ("pruning-harmless", ("contradicted",), compression_costs(0.02), of("toy-3b"), PRUNED),
    ("gptq-exception", ("supported", "contradicted"), method("gptq-w4a16", -0.02),
     THREE, ("none", "bnb-nf4", "gptq-w4a16")),
    ("log-linear", ("supported", "contradicted"), flat, SIZES, ("none",)),
]  # fmt: skip


@pytest.mark.parametrize(("key", "wrong", "effect", "models", "compressions"), BORDERS)
def test_false_verdicts_are_no_more_than_five_in_a_hundred(
    key, wrong, effect, models, compressions
):
    options = {"regions": ("TP", "BA44"), "n_folds": 6, "noise": 0.02}
    statuses = [
        status_of(key, planted_scores(effect, models, compressions, **options, seed=seed))
        for seed in range(REPEATS)
    ]
    for status in wrong:
        assert statuses.count(status) <= too_many(REPEATS), statuses.count(status)


@pytest.mark.parametrize(
    ("wrong", "cost", "change"),
    [
        # Competence and predictivity fall by the same share; predictivity is lost to the margin.
        (("supported", "contradicted"), 0.025, -0.01),
        (("supported", "contradicted"), 0.5, -0.02),
    ],
)
def test_false_verdicts_on_dissociation(wrong, cost, change):
    statuses = []
    methods = ("none", "wanda-50")
    models = of("toy-1b", "toy-3b", "toy-7b", "toy-14b")
    for seed in range(REPEATS):
        scores = planted_scores(
            compression_costs(change), models, methods, regions=("TP",), n_folds=6, noise=0.01,
            model_noise=0.01, seed=seed,
        )  # fmt: skip
        competence = planted_quality(
            lambda model, compression: cost * (compression != "none"), models, methods,
            noise=0.01, seed=seed,
        )  # fmt: skip
        statuses.append(status_of("dissociation", scores, competence))
    for status in wrong:
        assert statuses.count(status) <= too_many(REPEATS), statuses.count(status)


# What counts, and what does not


def test_an_empty_store_has_no_data_for_any_claim(tmp_path):
    verdicts = judge(ResultStore(tmp_path), MEASURED)
    assert [verdict.key for verdict in verdicts] == list(published_claims())
    assert count(verdicts) == {"supported": 0, "contradicted": 0, "undecided": 0, "no data": 9}
    for verdict in verdicts:
        assert verdict.effect is verdict.low is verdict.high is verdict.p is None
        assert verdict.n == 0
        assert verdict.sentence


def test_the_store_and_the_frames_agree(tmp_path):
    scores = planted_scores(growth(0.05), SIZES, QUANTIZED, n_folds=4)
    costs = planted_quality(lambda m, c: 0.3 * (c != "none"), SIZES, QUANTIZED)
    fill_store(tmp_path, scores, costs)
    verdicts = {verdict.key: verdict for verdict in judge(ResultStore(tmp_path), MEASURED)}
    for key, verdict in verdicts.items():
        expected = found_for(key, scores, costs)
        assert verdict.status == expected.status
        assert verdict.n == expected.n
        if expected.effect is not None:
            assert verdict.effect == pytest.approx(expected.effect, abs=1e-5)
    assert verdicts["pruning-harmless"].status == "no data"
    assert verdicts["log-linear"].status == "supported"


def test_models_of_other_sizes_are_no_data_until_the_reader_asks_for_them():
    tiny = {"tiny-1m": Planted(1e6), "tiny-7m": Planted(7e6)}
    scores = planted_scores(models=tiny, compressions=PRUNED, noise=0.002)
    assert status_of("small-equals-large", scores) == "no data"
    assert status_of("pruning-harmless", scores) == "no data"
    own = OwnSizes("tiny-1m", "tiny-7m")
    assert status_of("small-equals-large", scores, own=own) == "supported"
    assert status_of("pruning-harmless", scores, own=own) == "supported"


def test_own_sizes_are_said_to_be_own(tmp_path):
    tiny = {"tiny-1m": Planted(1e6), "tiny-7m": Planted(7e6)}
    fill_store(tmp_path, planted_scores(models=tiny, n_folds=4))
    verdicts = judge(ResultStore(tmp_path), MEASURED, Settings(own=OwnSizes("tiny-1m", "tiny-7m")))
    assert all(verdict.own_sizes for verdict in verdicts)
    assert "tested at sizes of your own" in summary(verdicts)
    assert set(claims_table(verdicts, MEASURED)["sizes"]) == {"own"}


def test_the_same_model_twice_is_not_compared():
    own = OwnSizes("toy-3b", "toy-3b")
    found = found_for("small-equals-large", planted_scores(), own=own)
    assert found.status == "no data"
    assert "two different models" in found.sentence


def test_random_twins_never_enter_a_claim(tmp_path):
    twin = {**SIZES, "toy-3b:random": Planted(3.1e9, "toy, random weights")}
    scores = planted_scores(lambda m, c, r: -0.3 * m.endswith(":random"), twin, n_folds=4)
    fill_store(tmp_path, scores)
    collected = gather(ResultStore(tmp_path), MEASURED)
    assert not any(name.endswith(":random") for name in collected.full["model"])
    verdict = judge(ResultStore(tmp_path), MEASURED)[0]
    assert verdict.status == "supported"


def test_pairs_are_of_one_family_where_there_are_any():
    models = {**SIZES, "other-3b": Planted(3e9, "other")}
    scores = planted_scores(lambda m, c, r: -0.3 * (m == "other-3b"), models)
    assert status_of("small-equals-large", scores) == "supported"
    assert "other-3b" not in found_for("small-equals-large", scores).sentence


def test_without_a_common_family_all_pairs_count():
    models = {"one-3b": Planted(3e9, "one"), "other-13b": Planted(13e9, "other")}
    found = found_for("small-equals-large", planted_scores(models=models))
    assert found.status == "supported"
    assert found.sentence.startswith("one-3b minus other-13b")


def test_subjects_are_counted_where_there_are_three():
    subjects = ("s1", "s2", "s3", "s4")
    found = found_for("small-equals-large", planted_scores(subjects=subjects))
    assert (found.n, found.counts) == (4, "subjects")
    found = found_for("small-equals-large", planted_scores(subjects=subjects[:2]))
    assert (found.n, found.counts) == (10, "folds")


def test_two_units_leave_a_claim_undecided():
    found = found_for("small-equals-large", planted_scores(n_folds=2))
    assert found.status == "undecided"
    assert found.effect is not None
    assert found.low is None


def test_one_region_alone_cannot_support_that_1b_falls_short():
    scores = planted_scores(semantic_shortfall(-0.1, -0.1), regions=("TP",))
    found = found_for("small-falls-short", scores)
    assert found.status == "undecided"
    assert "does not tell semantic from other regions" in found.sentence


def test_one_model_cannot_make_gptq_the_consistent_exception():
    models = {"toy-3b": SIZES["toy-3b"]}
    scores = planted_scores(method("gptq-w4a16", -0.1), models, QUANTIZED)
    found = found_for("gptq-exception", scores)
    assert (found.status, found.counts) == ("undecided", "folds")
    assert found.high < -0.02


def test_the_contrast_of_gptq_is_that_of_the_compression_page():
    scores = by_method(method("gptq-w4a16", -0.04), noise=0.02)
    four_bits = material(scores).pairs
    four_bits = four_bits[four_bits["compression"].isin(["gptq-w4a16", "bnb-nf4", "awq-w4a16"])]
    table = exceptions(by_unit(four_bits, "difference", "folds"), "models")
    expected = table[table["compression"] == "gptq-w4a16"].iloc[0]
    found = found_for("gptq-exception", scores)
    assert (found.effect, found.low, found.high, found.n) == pytest.approx(
        (expected["mean"], expected["low"], expected["high"], expected["n_units"])
    )


def test_a_wider_margin_supports_what_a_narrow_one_does_not():
    scores = planted_scores(three_billion(-0.03))
    assert status_of("small-equals-large", scores, margin=0.05) == "supported"
    assert status_of("small-equals-large", scores, margin=0.01) == "contradicted"


def test_perplexity_of_another_text_or_of_other_weights_is_not_compared():
    costs = quality(0.3)
    costs.loc[costs["compression"] == "none", "corpus_sha256"] = "another"
    assert status_of("dissociation", by_method(compression_costs(0.0)), costs) == "no data"
    costs = quality(0.3).assign(model_fingerprint="a")
    costs.loc[costs["compression"] == "none", "model_fingerprint"] = "b"
    assert status_of("dissociation", by_method(compression_costs(0.0)), costs) == "no data"


@pytest.mark.parametrize("margin", [0.0, -0.1, 1.5, float("nan")])
def test_a_margin_that_is_none_is_refused(margin):
    with pytest.raises(InputError, match="smallest difference"):
        Settings(margin=margin)


@pytest.mark.parametrize("missing", ["dataset", "split", "evidence"])
def test_claims_are_never_tested_across_kinds_of_evidence(tmp_path, missing):
    selection = MEASURED.model_copy(update={missing: None})
    with pytest.raises(InputError, match="one data set, split and kind of evidence"):
        judge(ResultStore(tmp_path), selection)


# Rules


def test_intervals_are_those_of_scipy():
    values = np.random.default_rng(0).normal(0.1, 0.05, 8)
    found = below(values, 0.0)
    expected = stats.ttest_1samp(values, 0.0)
    assert (found.low, found.high) == pytest.approx(expected.confidence_interval(0.95))
    assert found.p_against == pytest.approx(expected.pvalue / 2)
    assert found.status == "contradicted"
    mirrored = above(values, 0.0)
    assert (mirrored.low, mirrored.high) == pytest.approx((found.low, found.high))
    assert (mirrored.status, mirrored.p) == ("supported", pytest.approx(expected.pvalue / 2))


def test_equality_follows_its_interval():
    rng = np.random.default_rng(1)
    for _ in range(200):
        values = rng.normal(rng.choice([0, 0.02, 0.05]), 0.02, 6)
        found = equal(values, 0.02)
        inside = found.low > -0.02 and found.high < 0.02
        outside = found.low > 0.02 or found.high < -0.02
        assert found.status == (
            "supported" if inside else "contradicted" if outside else "undecided"
        )


@pytest.mark.parametrize("n", [3, 5, 10])
def test_the_rules_are_wrong_no_more_often_than_they_say(n):
    repeats = 4000
    rng = np.random.default_rng(n)
    draws = rng.normal(0.02, 0.02, (repeats, n))
    at_the_margin = [equal(values, 0.02).status for values in draws]
    at_the_bound = [below(values, 0.02).status for values in draws]
    for statuses in (at_the_margin, at_the_bound):
        assert statuses.count("supported") <= too_many(repeats)
        assert statuses.count("contradicted") <= too_many(repeats)
    # One-sided tests at 2.5%, which a claim of two parts may fail in either.
    wrong = at_the_bound.count("supported") + at_the_bound.count("contradicted")
    assert wrong == pytest.approx(0.05 * repeats, abs=4 * np.sqrt(0.05 * 0.95 * repeats))


# The runs that would decide


def test_missing_runs_are_those_of_the_plan_that_the_store_lacks(tmp_path):
    fill_store(tmp_path, planted_scores(models={"qwen2.5-3b": Planted(3.1e9)}, n_folds=4))
    verdict = judge(ResultStore(tmp_path), MEASURED)[0]
    assert [run.model for run in verdict.missing] == ["qwen2.5-14b"]
    assert verdict.missing[0].command == (
        "python -m backend encode --dataset PATH/planted.csv --name planted --sentence sentence "
        "--response AG_TPJ --response TP --response BA44 --response AC --model qwen2.5-14b "
        "--split contiguous"
    )


def test_a_data_set_that_ships_is_named(tmp_path):
    demo = Selection(dataset="demo-cortex", split="leave-story-out", evidence="simulated")
    missing = judge(ResultStore(tmp_path), demo)[0].missing
    assert [run.subject for run in missing[:3]] == ["sub-01", "sub-02", "sub-03"]
    assert missing[0].command == (
        "python -m backend encode --dataset demo-cortex --subject sub-01 --model qwen2.5-3b "
        "--split leave-story-out"
    )


def test_commands_are_understood(tmp_path):
    from backend.cli import build_parser

    fill_store(tmp_path, planted_scores(n_folds=4), pooling="last", group="passage")
    parser = build_parser()
    for own in (None, OwnSizes("toy-1b", "toy-14b")):
        for verdict in judge(ResultStore(tmp_path), MEASURED, Settings(own=own)):
            for run in verdict.missing:
                words = run.command.split()[3:]
                parsed = parser.parse_args(words)
                if words[0] != "encode":
                    assert run.model in words
                    continue
                assert (parsed.model, parsed.compression) == (run.model, run.compression)
                assert parsed.pooling == "last"


# The catalogue and the table


def test_every_claim_has_a_test_a_citation_and_runs_of_known_models():
    assert set(TESTS) == set(published_claims())
    assert len(published_claims()) == 9
    for entry in published_claims().values():
        assert entry.citation in catalog.citations()
        assert "{margin}" in entry.test or entry.figure != "compression"
        assert all(run.model in catalog.models() for run in entry.runs)
        assert "0.05" in decided_by(entry, 0.05) or "{margin}" not in entry.test


def test_runs_that_are_planned_lie_within_the_windows():
    for entry in published_claims().values():
        windows = [window for window in (entry.small, entry.large, entry.sizes) if window]
        for run in entry.runs:
            size = catalog.models()[run.model].n_parameters
            assert any(window.low <= size <= window.high for window in windows)


def test_the_table_holds_what_a_reader_needs(tmp_path):
    fill_store(tmp_path, planted_scores(n_folds=4))
    verdicts = judge(ResultStore(tmp_path), MEASURED)
    table = claims_table(verdicts, MEASURED)
    assert len(table) == 9
    first = table.iloc[0]
    assert first["status"] == "supported"
    assert first["low"] <= first["effect"] <= first["high"]
    assert first["evidence"] == "measured"
    assert "Oota" in first["citation"]
    assert table.loc[table["status"] == "no data", "effect"].isna().all()
    assert isinstance(table, pd.DataFrame)
