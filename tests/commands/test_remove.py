from pathlib import Path

from tests.conftest import Cli

ASK = ("remove", "--dataset", "demo-sentences", "--model", "cortexscale-0.1m")


def test_removals_are_printed_stored_listed_and_exported(
    cli: Cli, store: Path, tmp_path: Path
) -> None:
    ask = (*ASK, "--layers", "1", "--phenomena", "morphology", "--random", "2", "--device", "cpu",
           "--store", store)  # fmt: skip
    found = cli(*ask)
    assert found.code == 0
    assert "SIMULATED RESPONSES" in found.out
    assert "morphology" in found.out
    assert "in " + str(store) + " already" in cli(*ask).out
    listed = cli("results", "--removals", "--store", store, "--model", "cortexscale-0.1m")
    assert "simulated_meaning" in listed.out
    assert "nothing fits" in cli("results", "--removals", "--store", store, "--roi", "x").out
    out = tmp_path / "removals.csv"
    assert cli("export", "--table", "removals", "--store", store, "--out", out).code == 0
    assert "difference" in out.read_text().splitlines()[0]


def test_what_cannot_be_removed_is_refused_before_a_model_is_loaded(cli: Cli, store: Path) -> None:
    refused = cli(*ASK, "--layers", "1", "--phenomena", "spelling", "--store", store)
    assert refused.code == 2
    assert "no phenomenon 'spelling'" in refused.err


def test_options_of_the_other_kind_of_data_are_refused(cli: Cli, store: Path) -> None:
    ask = ("--model", "cortexscale-0.1m", "--layers", "1", "--store", store)
    refused = cli("remove", "--dataset", "demo-cortex", "--sentence", "x", *ask)
    assert refused.code == 2
    assert "--sentence belongs to a table of sentences" in refused.err
    refused = cli("remove", "--dataset", "demo-sentences", "--labels", "x", *ask)
    assert refused.code == 2
    assert "--labels belongs to stories" in refused.err
    refused = cli("remove", "--dataset", "demo-sentences", "--split", "test-story", *ask)
    assert "is for stories" in refused.err
    refused = cli("remove", "--dataset", "demo-cortex", "--subject", "sub-09", *ask)
    assert "no subject 'sub-09'" in refused.err
