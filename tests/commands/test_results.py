import io

import pandas as pd
import pytest

from backend.store.precomputed import write_precomputed
from backend.store.queries import baseline_scores, layer_curves
from backend.store.reader import ResultStore
from backend.store.schema import MODEL_QUALITY, PUBLISHED
from backend.store.selection import Selection
from backend.store.shards import write_quality, write_run
from tests.helpers import make_config, make_tables
from tests.store.qualities import make_quality

CONFIGS = {
    "plain": make_config(),
    "nf4": make_config(compression="bnb-nf4"),
    "shuffled": make_config(split="shuffled"),
    "simulated": make_config(dataset="other", model="big", evidence="simulated"),
}


@pytest.fixture
def filled(store):
    for seed, config in enumerate(CONFIGS.values()):
        write_run(store, config.run_id, make_tables(config, seed))
    return store


def listed(outcome) -> set[str]:
    return {name for name, config in CONFIGS.items() if config.run_id in outcome.out}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], set(CONFIGS)),
        (["--dataset", "toy"], {"plain", "nf4", "shuffled"}),
        (["--model", "big"], {"simulated"}),
        (["--model", "big", "--model", "tiny"], set(CONFIGS)),
        (["--compression", "bnb-nf4"], {"nf4"}),
        (["--split", "shuffled"], {"shuffled"}),
        (["--evidence", "measured", "--compression", "none"], {"plain", "shuffled"}),
        (["--roi", "left_ptl"], set(CONFIGS)),
    ],
)
def test_results_lists_and_filters(cli, filled, filters, expected):
    outcome = cli("results", "--store", filled, *filters)
    assert outcome.code == 0
    assert listed(outcome) == expected
    assert f"{len(expected)} run(s)" in outcome.out


def test_results_shows_evidence_and_best_layer(cli, filled):
    header = cli("results", "--store", filled).out.splitlines()[0].split()
    assert {"evidence", "split", "n_samples", "best_layer", "best_r"} <= set(header)


def test_results_without_a_fit_says_what_to_do(cli, filled):
    outcome = cli("results", "--store", filled, "--dataset", "nothing")
    assert outcome.code == 0
    assert "no runs fit; leave a filter out" in outcome.out


def test_results_of_an_absent_store_says_what_to_do(cli, tmp_path):
    outcome = cli("results", "--store", tmp_path / "nowhere")
    assert outcome.code == 2
    assert "there are no results in" in outcome.errors[0]


def test_results_prints_one_run(cli, filled):
    outcome = cli("results", "--store", filled, "--run", CONFIGS["nf4"].run_id)
    assert outcome.code == 0
    assert "toy: tiny, bnb-nf4" in outcome.out
    assert "left_ifg\n layer" in outcome.out
    assert "bnb-int8" not in outcome.out


def test_results_of_an_unknown_run(cli, filled):
    outcome = cli("results", "--store", filled, "--run", "0123")
    assert outcome.code == 2
    assert "no run '0123'" in outcome.errors[0]


def test_a_broken_shard_is_warned_of(cli, filled):
    path = filled / "roi_scores" / f"{CONFIGS['nf4'].run_id}.parquet"
    path.write_bytes(b"broken")
    outcome = cli("results", "--store", filled)
    assert listed(outcome) == {"plain", "shuffled", "simulated"}
    assert f"warning: {path.name} in roi_scores/ cannot be read and was left out" in outcome.err


def test_precomputed_results_are_listed_beside_the_users(cli, filled, tmp_path, monkeypatch):
    shipped = tmp_path / "results.duckdb"
    write_precomputed(ResultStore(filled), pd.DataFrame(columns=PUBLISHED.names), shipped)
    monkeypatch.setattr("backend.commands.encode.PRECOMPUTED", shipped)
    assert listed(cli("results", "--store", tmp_path / "nowhere")) == set(CONFIGS)


def exported(outcome) -> pd.DataFrame:
    assert outcome.code == 0
    return pd.read_csv(io.StringIO(outcome.out))


def test_export_layers(cli, filled):
    frame = exported(cli("export", "--store", filled, "--table", "layers", "--split", "shuffled"))
    expected = layer_curves(ResultStore(filled), Selection(split="shuffled"))
    assert set(frame["run_id"]) == {CONFIGS["shuffled"].run_id}
    assert frame["mean"].to_numpy() == pytest.approx(expected["mean"].to_numpy(), rel=1e-6)


@pytest.mark.parametrize("metric", ["r_normalized", "unique_r2"])
def test_export_of_another_metric(cli, filled, metric):
    frame = exported(cli("export", "--store", filled, "--metric", metric))
    assert set(frame["metric"]) == {metric}


def test_export_baselines(cli, filled):
    frame = exported(cli("export", "--store", filled, "--table", "baselines"))
    expected = baseline_scores(ResultStore(filled), Selection())
    assert len(frame) == len(expected)
    assert set(frame["baseline"]) == {"length", "oasm", "all nuisance"}


def test_export_runs(cli, filled):
    frame = exported(cli("export", "--store", filled, "--table", "runs"))
    assert set(frame["run_id"]) == {config.run_id for config in CONFIGS.values()}


@pytest.mark.parametrize("table", ["layers", "baselines", "runs"])
def test_each_row_states_data_n_split_evidence_and_citation(cli, filled, table):
    frame = exported(cli("export", "--store", filled, "--table", table))
    for column in ("dataset", "n_samples", "split", "evidence", "citation"):
        assert frame[column].notna().all()


def test_export_published(cli, filled, tmp_path, monkeypatch):
    figures = pd.DataFrame(
        [{"citation": "hadidi2025", "reviewed": True, "metric": "pearson_r", "value": 0.398}]
    ).reindex(columns=PUBLISHED.names)
    shipped = tmp_path / "results.duckdb"
    write_precomputed(ResultStore(filled), figures, shipped)
    monkeypatch.setattr("backend.commands.encode.PRECOMPUTED", shipped)
    frame = exported(cli("export", "--store", filled, "--table", "published"))
    assert frame[["citation", "value", "evidence"]].values.tolist() == [
        ["hadidi2025", 0.398, "published"]
    ]


def test_export_to_a_file(cli, filled, tmp_path):
    out = tmp_path / "layers.csv"
    outcome = cli("export", "--store", filled, "--out", out)
    frame = pd.read_csv(out)
    assert outcome.out == f"{out}: {len(frame)} rows\n"
    assert len(frame) == len(CONFIGS) * 2 * 3


def test_export_to_a_folder_that_is_not_there(cli, filled, tmp_path):
    outcome = cli("export", "--store", filled, "--out", tmp_path / "nowhere" / "layers.csv")
    assert outcome.code == 2
    assert "layers.csv cannot be written" in outcome.errors[0]


@pytest.fixture
def measured(store):
    for row in (
        make_quality(quality_id="a"),
        make_quality(quality_id="b", compression="bnb-nf4", bits_per_weight=6.25, perplexity=50.1),
        make_quality(quality_id="c", model="encoder", perplexity=None, bits_per_byte=None),
    ):
        write_quality(store, row["quality_id"], row)
    return store


def test_qualities_are_listed_and_filtered(cli, measured):
    outcome = cli("results", "--store", measured, "--quality")
    assert outcome.code == 0
    assert outcome.out.splitlines()[0].split()[:3] == ["model", "method", "bits/weight"]
    assert "50.10" in outcome.out
    assert "tokens/s over passes of 4 windows on CPU" in outcome.out
    narrow = cli(
        "results", "--store", measured, "--quality", "--model", "tiny", "--compression", "bnb-nf4"
    )
    assert "6.25" in narrow.out
    assert "encoder" not in narrow.out
    none = cli("results", "--store", measured, "--quality", "--model", "nobody")
    assert (none.code, none.out) == (
        0, "nothing fits; leave a filter out, or measure with: python -m backend quality --help\n",
    )  # fmt: skip


def test_qualities_are_exported(cli, measured):
    outcome = cli("export", "--store", measured, "--table", "quality", "--model", "tiny")
    table = pd.read_csv(io.StringIO(outcome.out))
    assert sorted(table["compression"]) == ["bnb-nf4", "none"]
    assert set(MODEL_QUALITY.names) <= set(table.columns)


@pytest.mark.parametrize("command", [["results", "--quality"], ["export", "--table", "quality"]])
def test_filters_of_runs_are_refused_with_qualities(cli, measured, command):
    outcome = cli(*command, "--store", measured, "--dataset", "toy", "--roi", "ifg")
    assert outcome.code == 2
    assert "so --dataset, --roi cannot narrow it" in outcome.errors[0]
    assert "--model and --compression" in outcome.errors[0]


def test_a_damaged_measurement_is_named(cli, measured):
    (measured / "model_quality" / "a.parquet").write_bytes(b"PAR1 half")
    outcome = cli("results", "--store", measured, "--quality")
    assert "a.parquet in model_quality/ cannot be read and was left out" in outcome.err
    assert "50.10" in outcome.out
