"""Verdicts are those of scipy's and statsmodels' tests, and are wrong no more often than stated."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from backend.comparisons.compression import verdicts
from backend.comparisons.compression_costs import (
    corpora,
    known_costs,
    measured_costs,
    pareto_front,
    trade_off,
)
from backend.comparisons.compression_exceptions import exceptions
from backend.comparisons.compression_methods import in_order, method, peers
from backend.comparisons.scores import at_layer, by_unit, paired_with_full_precision
from backend.errors import InputError
from tests.statistics.simulate import by_chance

FOUR_BITS = ("rtn-w4a16", "gptq-w4a16", "awq-w4a16", "bnb-nf4", "bnb-fp4")
MARGIN = 0.02
Frame = pd.DataFrame


def simulated_scores(
    effects: Mapping[str, float],
    random: np.random.Generator,
    models: Sequence[str] = ("m",),
    subjects: Sequence[str] = ("s",),
    n_folds: int = 8,
    n_layers: int = 1,
    sd: float = 0.01,
) -> Frame:
    """Scores of one response with known effects of the compressions."""
    runs = [
        (model, subject, name) for model in models for subject in subjects
        for name in ("none", *effects)
    ]  # fmt: skip
    shape = (n_layers, n_folds)
    # What folds and layers share is the same for all methods, as it is on the same recording.
    base = {(m, s): random.normal(0.3, 0.1, shape) for m in models for s in subjects}
    layer, fold = (axis.ravel() for axis in np.indices(shape))
    parts = []
    for number, (model, subject, name) in enumerate(runs):
        effect = effects.get(name, 0.0) + random.normal(0, sd, shape)
        scores = base[model, subject] + (effect if name != "none" else 0)
        parts.append(
            Frame({"layer": layer, "fold": fold, "score": scores.ravel()}).assign(
                run_id=f"r{number}", model=model, weights=None, subject=subject, data="0",
                compression=name, unit=fold.astype(str), roi="left_ifg", hemisphere="left",
                n_layers=n_layers - 1, bits_per_weight=32.0 if name == "none" else 8.0,
                sparsity=0.0, calibration=None,
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def pairs_of(effects: Mapping[str, float], seed: int = 0, **kwargs: object) -> Frame:
    frame = simulated_scores(effects, np.random.default_rng(seed), **kwargs)  # type: ignore[arg-type]
    return paired_with_full_precision(frame)


def differences_of(effects: Mapping[str, float], seed: int = 0, **kwargs: object) -> Frame:
    return by_unit(pairs_of(effects, seed, **kwargs), "difference", "folds")


def by_name(frame: Frame) -> dict[str, str]:
    return dict(zip(frame["compression"], frame["verdict"], strict=True))


# Names


@pytest.mark.parametrize(
    ("name", "group", "setting"),
    [
        ("none", "full precision", ""),
        ("bnb-int8", "quantization", "8 bits"),
        ("bnb-nf4", "quantization", "4 bits"),
        ("bnb-fp4", "quantization", "4 bits"),
        ("gptq-w4a16", "quantization", "4 bits"),
        ("smoothquant-w8a8", "quantization", "8 bits"),
        ("wanda-50", "pruning", "50% zeros"),
        ("sparsegpt-2of4", "pruning", "2 of 4"),
        ("something-else", "other", ""),
    ],
)
def test_a_name_is_method_then_setting(name: str, group: str, setting: str) -> None:
    assert (method(name).group, method(name).setting) == (group, setting)


def test_the_mildest_of_each_group_comes_first() -> None:
    names = ["wanda-50", "gptq-w4a16", "magnitude-10", "bnb-int8", "odd", "none", "wanda-50"]
    assert in_order(names) == ["none", "bnb-int8", "gptq-w4a16", "magnitude-10", "wanda-50", "odd"]


def test_peers_have_the_same_bits_or_sparsity() -> None:
    among = [*FOUR_BITS, "bnb-int8", "none", "wanda-50", "magnitude-50", "sparsegpt-50", "wanda-70"]
    assert peers("gptq-w4a16", among).names == tuple(in_order(set(FOUR_BITS) - {"gptq-w4a16"}))
    assert peers("gptq-w4a16", among).what == "others with 4 bits"
    assert set(peers("wanda-50", among).names) == {"magnitude-50", "sparsegpt-50"}


def test_a_quantization_without_peers_of_its_bits_is_held_against_all_others() -> None:
    few = peers("gptq-w4a16", ["none", "gptq-w4a16", "bnb-nf4", "rtn-w8a16", "bnb-int8"])
    assert set(few.names) == {"bnb-nf4", "rtn-w8a16", "bnb-int8"}
    assert few.what == "all other quantizations"
    # One that prunes more differs for that reason.
    assert peers("wanda-70", ["wanda-10", "wanda-30", "wanda-50", "wanda-70"]).names == ()
    assert peers("odd", ["odd", "odder", "oddest"]).names == ()


# Verdicts


def test_p_values_are_those_of_the_oracles() -> None:
    effects = {"bnb-int8": 0.0, "bnb-nf4": -0.01, "wanda-50": -0.05, "magnitude-50": 0.02}
    pairs = pairs_of(effects, sd=0.02)
    judged = verdicts(pairs, MARGIN)
    assert list(judged["compression"]) == ["bnb-int8", "bnb-nf4", "magnitude-50", "wanda-50"]
    for row in judged.itertuples():
        rows = pairs[pairs["compression"] == row.compression]
        known = stats.ttest_rel(rows["score"], rows["full"])
        assert row.p == pytest.approx(known.pvalue)
        interval = known.confidence_interval(0.95)
        assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
        p_tost = ttost_paired(rows["score"].array, rows["full"].array, -MARGIN, MARGIN)[0]
        assert row.p_equivalence == pytest.approx(p_tost)
        assert row.n_units == 8
    for p, q in (("p", "q"), ("p_equivalence", "q_equivalence")):
        expected = multipletests(judged[p], method="fdr_bh")[1]
        assert judged[q].to_numpy() == pytest.approx(expected, rel=1e-5)


def test_effects_that_are_plain_to_see_get_their_verdicts() -> None:
    effects = {"bnb-int8": 0.0, "bnb-nf4": 0.008, "bnb-fp4": -0.06, "rtn-w8a16": 0.06}
    judged = verdicts(pairs_of(effects, n_folds=12, sd=0.005), MARGIN)
    assert by_name(judged) == {
        "bnb-int8": "equivalent", "bnb-nf4": "equivalent", "bnb-fp4": "worse",
        "rtn-w8a16": "better",
    }  # fmt: skip
    reasons = judged.set_index("compression")["reason"]
    assert "small but real" in reasons["bnb-nf4"]
    assert reasons["bnb-int8"] == "the difference is smaller than 0.02"
    assert reasons["bnb-fp4"] == "by more than the margin"


def test_a_spread_too_wide_for_either_is_undecided() -> None:
    (row,) = verdicts(pairs_of({"bnb-nf4": 0.0}, n_folds=4, sd=0.1), MARGIN).itertuples()
    assert row.verdict == "undecided"
    assert row.reason == "neither 0 nor a difference of 0.02 can be ruled out"


def test_two_units_decide_nothing() -> None:
    # The best layer is chosen on the other folds; two leave one.
    (row,) = verdicts(pairs_of({"bnb-nf4": -0.5}, n_folds=2), MARGIN).itertuples()
    assert row.verdict == "undecided"
    assert row.reason == "2 folds; at least 3 are needed"
    assert np.isnan(row.p)
    assert row.mean == pytest.approx(-0.5, abs=0.05)


def test_units_are_folds_or_subjects() -> None:
    pairs = pairs_of({"bnb-nf4": 0.0}, subjects=["a", "b", "c"], n_folds=5)
    assert verdicts(pairs, MARGIN, "folds")["n_units"].tolist() == [5]
    assert verdicts(pairs, MARGIN, "subjects")["n_units"].tolist() == [3]


def test_models_are_corrected_each_by_itself() -> None:
    alone = verdicts(pairs_of({"bnb-nf4": -0.01}), MARGIN)
    pairs = pd.concat([pairs_of({"bnb-nf4": -0.01}), pairs_of({"bnb-nf4": 0.0}, 1, models=["n"])])
    assert verdicts(pairs, MARGIN)["q"].tolist()[0] == alone["q"].tolist()[0]


def test_layers_are_judged_one_by_one() -> None:
    frame = simulated_scores({"bnb-nf4": 0.0}, np.random.default_rng(0), n_layers=4, sd=0.001)
    hurt = (frame["layer"] == 2) & (frame["compression"] != "none")
    frame.loc[hurt, "score"] -= 0.1
    judged = verdicts(paired_with_full_precision(frame, None), MARGIN, by_layer=True)
    assert judged["layer"].tolist() == [0, 1, 2, 3]
    assert judged["verdict"].tolist() == ["equivalent", "equivalent", "worse", "equivalent"]


def test_nothing_in_nothing_out() -> None:
    nothing = pairs_of({"bnb-nf4": 0.0}).iloc[:0]
    assert verdicts(nothing, MARGIN).empty
    assert verdicts(nothing, MARGIN, by_layer=True).empty


@pytest.mark.parametrize("margin", [0.0, -0.1, np.nan])
def test_a_margin_is_a_positive_number(margin: float) -> None:
    with pytest.raises(InputError, match="above 0"):
        verdicts(pairs_of({"bnb-nf4": 0.0}), margin)


# False verdicts, counted

N_STORES = 400


def many_stores(
    effects: Mapping[str, float], n_folds: int = 8, sd: float = 0.01, models: int = N_STORES
) -> Frame:
    """Pairs of as many models, each a store of its own: a model's tests are one family."""
    shape = (models, len(effects), n_folds)
    noise = np.random.default_rng(0).normal(0, sd, shape)
    values = noise + np.array(list(effects.values()))[None, :, None]
    model, name, fold = (axis.ravel() for axis in np.indices(shape))
    return Frame(
        {"model": model, "compression": np.array(list(effects))[name], "unit": fold.astype(str),
         "subject": "s", "roi": "left_ifg", "hemisphere": "left", "difference": values.ravel()}
    )  # fmt: skip


def test_without_an_effect_few_stores_have_any_verdict_of_worse_or_better() -> None:
    effects = dict.fromkeys(("bnb-int8", *FOUR_BITS, "wanda-50", "magnitude-50"), 0.0)
    # So wide that equivalence, which comes first, can hide nothing.
    judged = verdicts(many_stores(effects, sd=0.1), MARGIN)
    false = judged["verdict"].isin(["worse", "better"]).groupby(judged["model"]).any()
    assert len(false) == N_STORES
    assert false.mean() <= by_chance(0.05, N_STORES)[1]


@pytest.mark.parametrize("side", [-1, 1])
def test_at_the_margin_few_stores_call_anything_equivalent(side: int) -> None:
    judged = verdicts(many_stores(dict.fromkeys(FOUR_BITS, side * MARGIN)), MARGIN)
    false = (judged["verdict"] == "equivalent").groupby(judged["model"]).any()
    assert false.mean() <= by_chance(0.05, N_STORES)[1]


def test_of_the_methods_called_equivalent_few_are_not() -> None:
    real = {**dict.fromkeys(FOUR_BITS, 0.0), **{f"wanda-{n}": -MARGIN for n in range(10, 60, 10)}}
    judged = verdicts(many_stores(real), MARGIN)
    called = judged[judged["verdict"] == "equivalent"]
    wrong = called["compression"].str.startswith("wanda").groupby(called["model"]).mean()
    shares = wrong.reindex(range(N_STORES), fill_value=0.0)
    # 5 % in expectation, and its error over as many stores.
    assert shares.mean() <= 0.05 + 3.3 * shares.std() / np.sqrt(N_STORES)


def test_no_effect_at_a_good_n_is_mostly_found_equivalent() -> None:
    judged = verdicts(many_stores(dict.fromkeys(FOUR_BITS, 0.0), n_folds=10), MARGIN)
    assert (judged["verdict"] == "equivalent").mean() > 0.95


# Costs and the front


def test_the_front_is_what_no_other_point_beats() -> None:
    random = np.random.default_rng(0)
    cost, score = random.integers(0, 6, 40).astype(float), random.integers(0, 6, 40).astype(float)
    expected = [
        not any(
            (c <= x and s >= y) and (c < x or s > y) for c, s in zip(cost, score, strict=True)
        )
        for x, y in zip(cost, score, strict=True)
    ]  # fmt: skip
    assert pareto_front(cost, score).tolist() == expected


def quality(**columns: object) -> Frame:
    row = {
        "model": "m", "model_fingerprint": None, "compression": "bnb-nf4",
        "calibration_sha256": None, "corpus": "demo", "perplexity": 20.0, "bytes_on_disk": 10,
        "bytes_in_memory": 20, "tokens_per_second": 5.0, "seconds_to_compress": 1.0,
        "device": "CPU",
    }  # fmt: skip
    return Frame([{**row, **columns}])


def test_costs_are_those_of_the_same_text_weights_and_calibration() -> None:
    frame = simulated_scores({"bnb-nf4": 0.0}, np.random.default_rng(0))
    frame["weights"] = "w"
    frame.loc[frame["compression"] == "bnb-nf4", "calibration"] = '{"text":"t","sha256":"c"}'
    right = quality(model_fingerprint="w", calibration_sha256="c", perplexity=1.0)
    wrong = [
        quality(corpus="other", perplexity=2.0),
        quality(model_fingerprint="old", perplexity=3.0),
        quality(calibration_sha256="d", perplexity=4.0),
        quality(model="n", perplexity=5.0),
    ]
    costs = measured_costs(frame, pd.concat([right, *wrong]), "m", "demo")
    assert costs["compression"].tolist() == ["none", "bnb-nf4"]
    assert costs["perplexity"].tolist()[1] == 1.0
    assert np.isnan(costs["perplexity"][0])
    only_wrong = measured_costs(frame, pd.concat(wrong), "m", "demo")
    assert only_wrong["perplexity"].isna().all()
    assert known_costs(costs) == ["bits_per_weight"]
    both = measured_costs(frame, pd.concat([right, quality(compression="none")]), "m", "demo")
    assert known_costs(both)[-1] == "perplexity"
    assert corpora(pd.concat([right, *wrong]), "m") == ["demo", "other"]
    assert measured_costs(frame, right.iloc[:0], "m", None)["bits_per_weight"].tolist() == [32, 8]


def test_the_trade_off_adds_paired_differences_to_full_precision() -> None:
    frame = simulated_scores({"bnb-nf4": 0.01, "wanda-50": -0.1}, np.random.default_rng(0))
    judged = verdicts(paired_with_full_precision(frame), MARGIN)
    costs = measured_costs(frame, quality().iloc[:0], "m", None)
    full = at_layer(frame[frame["compression"] == "none"])
    points = trade_off(full, judged, costs, "bits_per_weight", "folds").set_index("compression")
    base = frame[frame["compression"] == "none"]["score"].mean()
    assert points["score"]["none"] == pytest.approx(base)
    assert points["score"]["wanda-50"] == pytest.approx(base + judged["mean"].iloc[-1])
    assert points["on_front"].to_dict() == {"none": False, "bnb-nf4": True, "wanda-50": False}
    assert np.isnan(points["low"]["none"])


# Exceptions

MODELS = tuple("abcdefgh")


def test_a_planted_exception_is_found_and_alone() -> None:
    effects = {**dict.fromkeys(FOUR_BITS, -0.005), "gptq-w4a16": -0.08, "bnb-int8": 0.0}
    tested = exceptions(differences_of(effects, models=MODELS), "models", MARGIN)
    found = by_name(tested)
    assert found.pop("gptq-w4a16") == "worse"
    # int8, alone with its bits, is held against all: the exception does not move their median.
    assert set(found.values()) == {"equivalent"}
    row = tested.set_index("compression").loc["gptq-w4a16"]
    assert row["mean"] == pytest.approx(-0.075, abs=0.01)
    assert (row["n_units"], row["peers"], row["against"]) == (8, 4, "others with 4 bits")


def test_a_contrast_is_tested_as_scipy_tests_it() -> None:
    table = differences_of(dict.fromkeys(FOUR_BITS, 0.0), models=MODELS)
    row = exceptions(table, "models").set_index("compression").loc["bnb-nf4"]
    wide = table.groupby(["model", "compression"])["difference"].mean().unstack()
    others = wide.drop(columns="bnb-nf4").median(axis=1)
    assert row["p"] == pytest.approx(stats.ttest_rel(wide["bnb-nf4"], others).pvalue)


def test_without_an_exception_few_stores_find_one() -> None:
    every = many_stores(dict.fromkeys(FOUR_BITS, -0.03), n_folds=1, sd=0.08, models=5 * N_STORES)
    false = [
        bool({"worse", "better"} & set(exceptions(store, "models")["verdict"]))
        for _, store in every.groupby(every["model"] // 5)
    ]
    assert np.mean(false) <= by_chance(0.05, len(false))[1]


def test_another_method_can_be_the_exception() -> None:
    effects = {**dict.fromkeys(FOUR_BITS, -0.05), "bnb-fp4": 0.03}
    found = by_name(exceptions(differences_of(effects, models=MODELS), "models", MARGIN))
    assert found["bnb-fp4"] == "better"
    assert found["gptq-w4a16"] == "equivalent"


def test_two_models_decide_nothing_and_one_model_speaks_for_itself() -> None:
    effects = {**dict.fromkeys(FOUR_BITS, 0.0), "gptq-w4a16": -0.08}
    two = exceptions(differences_of(effects, models="ab"), "models").set_index("compression")
    assert two.loc["gptq-w4a16", "reason"] == "2 models; at least 3 are needed"
    one = by_name(exceptions(differences_of(effects), "folds"))
    assert one["gptq-w4a16"] == "worse"
    with pytest.raises(ValueError, match="several were given"):
        exceptions(differences_of(effects, models="ab"), "folds")


def test_families_count_once_however_many_models_they_have() -> None:
    families = dict(zip(MODELS, "xxxxxyzz", strict=True))
    table = differences_of(dict.fromkeys(FOUR_BITS, 0.0), models=MODELS)
    tested = exceptions(table, "families", families=families)
    assert set(tested["n_units"]) == {3}


def test_pruning_is_held_against_pruning() -> None:
    effects = {"wanda-50": 0.0, "sparsegpt-50": 0.0, "magnitude-50": -0.2, "bnb-nf4": 0.0}
    tested = exceptions(differences_of(effects, models=MODELS), "models", MARGIN)
    # A single quantization has no peers.
    assert set(tested["compression"]) == {"wanda-50", "sparsegpt-50", "magnitude-50"}
    assert by_name(tested)["magnitude-50"] == "worse"


def test_a_model_without_the_method_is_left_out_of_its_test() -> None:
    table = differences_of(dict.fromkeys(FOUR_BITS, 0.0), models=MODELS)
    lacking = table[(table["model"] != "a") | (table["compression"] != "gptq-w4a16")]
    counts = exceptions(lacking, "models").set_index("compression")["n_units"]
    assert counts["gptq-w4a16"] == 7
    assert counts["bnb-nf4"] == 8


def test_a_method_alone_has_no_test() -> None:
    assert exceptions(differences_of({"bnb-nf4": 0.0}, models=MODELS), "models").empty


def test_a_method_named_beforehand_is_not_corrected_for_the_others() -> None:
    table = differences_of(dict.fromkeys(FOUR_BITS, -0.01), models="abcd", sd=0.03)
    tested = exceptions(table, "models", named=["gptq-w4a16"]).set_index("compression")
    assert tested["named"].to_dict() == {name: name == "gptq-w4a16" for name in tested.index}
    assert tested["q"]["gptq-w4a16"] == pytest.approx(tested["p"]["gptq-w4a16"], rel=1e-5)
    others = tested[~tested["named"]]
    assert others["q"].to_numpy() == pytest.approx(
        multipletests(others["p"], method="fdr_bh")[1], rel=1e-5
    )
