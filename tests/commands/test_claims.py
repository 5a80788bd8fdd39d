import json
import uuid

import pytest

from backend.catalog import published_claims
from backend.store.shared import SharedStore
from tests.comparisons.claim_stores import SIZES, Planted, fill_store, planted_scores


@pytest.fixture(autouse=True)
def nothing_shipped(monkeypatch, tmp_path):
    monkeypatch.setattr("backend.commands.claims.PRECOMPUTED", tmp_path / "missing.duckdb")


@pytest.fixture
def planted(store):
    fill_store(store, planted_scores(models=SIZES, n_folds=6, noise=0.002))
    return store


def test_an_empty_store_has_no_data(cli, store):
    outcome = cli("claims", "--store", store)
    assert outcome.code == 0
    assert outcome.out.count("NO DATA: ") == 9
    assert "holds no data for 9" in outcome.out
    assert "Next: python -m backend encode --dataset demo-cortex --subject sub-01" in outcome.out


def test_claims_are_tested_on_shared_results_where_they_lie(cli, planted):
    address = f"memory://{uuid.uuid4().hex}/lab"
    list(SharedStore(address).push(planted))
    there = cli("claims", "--store", address)
    assert there.code == 0, there.err
    assert "SUPPORTED: 3B equals 14B" in there.out
    assert there.out == cli("claims", "--store", planted).out


def test_claims_are_printed_with_effect_test_and_citation(cli, planted):
    outcome = cli("claims", "--store", planted)
    assert outcome.code == 0
    assert "SUPPORTED: 3B equals 14B" in outcome.out
    assert "90% interval, n = 6 folds" in outcome.out
    assert "Decided by: " in outcome.out
    assert "Oota et al. 2026" in outcome.out


def test_json_holds_every_claim(cli, planted):
    outcome = cli("claims", "--store", planted, "--json", "--margin", "0.05")
    rows = json.loads(outcome.out)
    assert [row["claim"] for row in rows] == [e.claim for e in published_claims().values()]
    first = rows[0]
    assert first["status"] == "supported"
    assert first["low"] <= first["effect"] <= first["high"]
    assert {row["margin"] for row in rows} == {0.05}
    assert {row["evidence"] for row in rows} == {"measured"}
    assert rows[3]["effect"] is None


def test_own_sizes_are_labelled(cli, store):
    tiny = {"tiny-1m": Planted(1e6), "tiny-7m": Planted(7e6)}
    fill_store(store, planted_scores(models=tiny, n_folds=6, noise=0.002))
    assert "NO DATA: 3B equals 14B" in cli("claims", "--store", store).out
    outcome = cli("claims", "--store", store, "--own-sizes")
    assert "SUPPORTED (at your own sizes): 3B equals 14B" in outcome.out
    assert "tested at sizes of your own" in outcome.out
    same = cli("claims", "--store", store, "--small", "tiny-7m")
    assert "two different models" in same.out


def test_simulated_data_are_named(cli, store):
    fill_store(store, planted_scores(models=SIZES, n_folds=6), evidence="simulated")
    assert "tested on simulated data" in cli("claims", "--store", store).out


def test_measured_data_come_first(cli, store):
    fill_store(store, planted_scores(models=SIZES, n_folds=4), evidence="simulated", dataset="a")
    fill_store(store, planted_scores(models=SIZES, n_folds=4), dataset="b")
    assert "Data set: b, contiguous folds, measured" in cli("claims", "--store", store).out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dataset", "nowhere"], "there are no results of nowhere"),
        (["--split", "grouped"], "with grouped folds"),
        (["--margin", "0"], "smallest difference in r"),
        (["--margin", "nan"], "smallest difference in r"),
    ],
)
def test_what_cannot_be_used_is_refused(cli, planted, options, message):
    outcome = cli("claims", "--store", planted, *options)
    assert outcome.code == 2
    assert message in outcome.errors[0]
