import signal
import subprocess
import sys

import numpy as np
import pytest

from backend.jobs.probing import build_probe_task
from backend.jobs.run import run_task
from backend.paths import PROJECT
from backend.store.probe_queries import (
    probe_clusters,
    probe_examples,
    probe_runs,
    probe_scores,
)
from backend.store.reader import ResultStore
from backend.store.shards import write_probes
from tests.helpers import Terminal, leftovers, wait_until
from tests.probing.test_transcript_labels import write_labels

SMALL = ("--tasks", "verb-tense", "syntax", "--seeds", "2")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def probe(cli, store):
    def probe(*options, model="cortexscale-0.1m"):
        return cli("probe", "--model", model, "--store", store, "--device", "cpu", *options)

    return probe


def test_a_model_is_probed_layer_by_layer_beside_its_floors(probe, store, cli):
    outcome = probe(*SMALL)
    assert outcome.code == 0, outcome.err
    frame = probe_scores(ResultStore(store))
    assert set(frame["task"]) == {"verb-tense", "word-order", "relative-clause", "agreement"}
    assert frame.groupby("task")["layer"].unique().map(list).tolist() == [[0, 1, 2]] * 4
    assert (frame["low"] <= frame["score"]).all()
    assert (frame["score"] <= frame["high"]).all()
    assert np.allclose(frame["selectivity"], frame["score"] - frame["control_score"], atol=1e-6)
    tense = frame[frame["task"] == "verb-tense"]
    assert tense["gain_low"].max() > 0.1
    assert tense["twin_score"].isna().all()
    (run,) = probe_runs(ResultStore(store)).to_dict("records")
    assert (run["kind"], run["dataset"], run["n_seeds"]) == ("bundled", "bundled", 2)
    assert "verb-tense" in outcome.out
    listed = cli("results", "--probes", "--store", store)
    assert listed.out.strip() == outcome.out.strip()
    exported = cli("export", "--table", "probes", "--store", store)
    assert len(exported.out.splitlines()) == 13


def test_clusters_average_to_the_score_and_examples_say_what_was_right(probe, store):
    probe("--tasks", "verb-tense")
    opened = ResultStore(store)
    (run_id,) = probe_runs(opened)["run_id"]
    for row in probe_clusters(opened, [run_id]).to_dict("records"):
        assert np.mean(row["cluster_scores"]) == pytest.approx(row["score"], abs=1e-5)
    examples = probe_examples(opened, run_id, "verb-tense")
    assert ((examples["label"] == examples["predicted"]) == examples["is_right"]).all()
    assert examples["is_right"].tolist() == sorted(examples["is_right"])
    assert examples["is_right"].sum() == 6
    assert (~examples["is_right"]).sum() == 6


def test_the_random_twin_is_the_floor_of_its_model(probe, store):
    probe("--tasks", "verb-tense", "--model", "cortexscale-0.1m:random")
    frame = probe_scores(ResultStore(store)).set_index(["model", "layer"])
    twin, trained = frame.loc["cortexscale-0.1m:random"], frame.loc["cortexscale-0.1m"]
    assert trained["twin_score"].tolist() == twin["score"].tolist()
    assert trained["score"].max() > twin["score"].max() + 0.1


def test_what_is_in_the_store_is_probed_again_only_when_asked(probe, store):
    probe("--tasks", "verb-tense")
    second = probe("--tasks", "verb-tense", "--compression", "none", "--compression", "bnb-int8")
    assert "already (--again probes it once more)" in second.out
    frame = probe_scores(ResultStore(store))
    assert set(frame["compression"]) == {"none", "bnb-int8"}
    again = probe("--tasks", "verb-tense", "--again")
    assert "already" not in again.out
    same = probe_scores(ResultStore(store))
    columns = ["compression", "task", "layer", "score", "control_score", "low", "high"]
    assert same[columns].equals(frame[columns])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--tasks", "spelling"), "there is no task 'spelling'; accepted are discourse, syntax"),
        (("--seeds", "0"), "0 seeds were asked for; accepted are 1 to 20"),
        (("--compression", "zip"), "zip"),
        (("--tasks", "verb-tense", "--layers", "40"), "there is no layer 40"),
    ],
)
def test_what_cannot_be_done_is_said(probe, store, options, message):
    outcome = probe(*options)
    assert outcome.code == 2
    assert message in outcome.err
    assert not list(store.rglob("*.parquet"))


def test_an_interruption_leaves_nothing_half_written(store, tmp_path):
    terminal = Terminal()
    process = subprocess.Popen(
        [
            sys.executable, "-m", "backend", "probe", "--model", "cortexscale-0.1m",
            "--store", str(store),
        ],
        cwd=PROJECT, stdout=terminal.theirs, stderr=terminal.theirs,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    try:
        wait_until(lambda: "reading texts" in terminal.said())
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
    finally:
        process.kill()
        terminal.close()
    assert not leftovers(store)
    assert not list(store.rglob("*.parquet"))


def test_a_run_that_lacks_a_table_is_not_seen(store):
    task = build_probe_task("cortexscale-0.1m", store, tasks=["verb-tense"], n_seeds=1, layers=[1])
    run_id = run_task(task)
    (store / "probe_examples" / f"{run_id}.parquet").unlink()
    assert probe_scores(ResultStore(store)).empty
    assert probe_runs(ResultStore(store)).empty


def test_probes_come_out_of_a_precomputed_file_as_they_went_in(store, tmp_path):
    from backend.store.precomputed import write_precomputed
    from backend.store.queries import published

    run_task(build_probe_task("cortexscale-0.1m", store, tasks=["verb-tense"], n_seeds=1))
    opened = ResultStore(store)
    path = tmp_path / "precomputed.duckdb"
    write_precomputed(opened, published(opened), path)
    shipped = ResultStore(tmp_path / "empty", path)
    assert probe_scores(shipped).equals(probe_scores(opened))
    # What the user has as well is read from there, once.
    assert len(probe_scores(ResultStore(store, path))) == len(probe_scores(opened))
    write_probes(
        tmp_path / "rows", "x", {"probe_scores": [], "probe_examples": [], "probe_runs": []}
    )
    assert probe_scores(ResultStore(tmp_path / "rows")).empty


def test_facts_and_pairs_are_scored_without_layers(probe, store, tmp_path):
    outcome = probe("--cloze")
    assert outcome.code == 0, outcome.err
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text(
        '{"UID": "order", "field": "syntax", "sentence_good": "He went to the door.", '
        '"sentence_bad": "He went the to door."}\n'
        '{"UID": "order", "field": "syntax", "sentence_good": "It was in the house.", '
        '"sentence_bad": "It was in house the."}\n'
    )
    assert probe("--pairs", pairs).code == 0
    frame = probe_scores(ResultStore(store))
    assert frame["layer"].isna().all()
    assert set(frame["kind"]) == {"cloze", "pairs"}
    order = frame[frame["task"] == "order"].iloc[0]
    assert (order["score"], order["chance"], order["phenomenon"]) == (1.0, 0.5, "syntax")
    assert set(frame.loc[frame["kind"] == "cloze", "phenomenon"]) == {"knowledge"}


def test_a_model_without_probabilities_is_refused(probe, store):
    outcome = probe("--cloze", "--model", "minilm-l6")
    assert "minilm-l6, none: minilm-l6 (bert) does not predict the next word" in outcome.err
    assert set(probe_scores(ResultStore(store))["model"]) == {"cortexscale-0.1m"}
    alone = probe("--cloze", model="minilm-l6")
    assert alone.code == 2
    assert "choose a decoder" in alone.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--holmes", "."), "no probing data set of Holmes"),
        (("--labels", "nowhere.csv"), "no such file"),
        (("--pairs", "nowhere.json"), "cannot be read"),
        (("--transcript", "x.csv"), "--transcript is what --labels are held to"),
        (("--cloze", "--holmes", "."), "one source of probes at a time"),
        (("--cloze", "--layers", "1"), "probabilities have no layers"),
    ],
)
def test_other_sources_that_are_not_there_are_named(
    probe, store, options, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    outcome = probe(*options)
    assert outcome.code == 2
    assert message in outcome.err
    assert not list(store.rglob("*.parquet"))


def test_labels_are_read_in_their_story_unless_sentence_by_sentence(probe, store, tmp_path, cli):
    labels = tmp_path / "labels.csv"
    write_labels(labels)
    ask = ("--labels", labels, "--tasks", "tense", "--seeds", 1)
    for words in (("--context", 16), ("--context-mode", "sentence")):
        outcome = probe(*ask, *words)
        assert outcome.code == 0, outcome.err
    names = set(probe_scores(ResultStore(store))["dataset"])
    assert len(names) == 2
    assert any(name.endswith("(strided 16)") for name in names)
    assert "says how the words of --labels are read" in probe("--context", 16).err
