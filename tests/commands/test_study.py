from backend.commands.study import run_cells
from backend.jobs.request import choose_data
from backend.jobs.study import Cell
from backend.store.queries import runs
from backend.store.reader import ResultStore


def test_what_is_missing_is_computed_and_what_fails_is_listed(
    table, gpt2_folder, store, tmp_path, capsys
):
    data = choose_data(str(table), "sentence", ["left_ifg"])
    model = str(gpt2_folder)
    missing = tmp_path / "missing"
    missing.mkdir()
    cells = [Cell(model, "none"), Cell(str(missing), "none"), Cell(model, "magnitude-50")]
    failures = run_cells(cells, data, store)
    assert [cell for cell, _ in failures] == [cells[1]]
    assert "config.json" in failures[0][1]
    found = runs(ResultStore(store)).set_index("compression")
    assert set(found.index) == {"none", "magnitude-50"}
    assert found.loc["magnitude-50", "sparsity"] > 0.1
    first = capsys.readouterr().out
    assert "[3/3] sentences" in first
    assert "FAILED" in first
    # Nothing is computed twice.
    assert run_cells(cells[:1], data, store) == []
    assert capsys.readouterr().out == ""


def test_a_compression_that_does_not_apply_is_no_failure(table, store, capsys):
    data = choose_data(str(table), "sentence", ["left_ifg"])
    assert run_cells([Cell("minilm-l6", "awq-w4a16")], data, store) == []
    assert "does not apply" in capsys.readouterr().out
    assert runs(ResultStore(store)).empty


def test_an_unknown_compression_is_named(cli, tmp_path):
    outcome = cli("study", "--data", tmp_path, "--compression", "zip")
    assert outcome.code == 2
    assert "unknown compression 'zip'" in outcome.err


def test_a_file_that_is_not_there_is_named(cli, tmp_path):
    outcome = cli("study", "--data", tmp_path)
    assert outcome.code == 2
    assert "pereira2018_language_network.csv" in outcome.err
