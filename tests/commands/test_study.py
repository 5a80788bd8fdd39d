import duckdb

from backend import catalog
from backend.jobs.config import StoryTask
from backend.jobs.request import choose_data
from backend.paths import SHIPPED
from backend.sweeps.cells import SweepTasks, against, lay_out
from backend.sweeps.probes import study_probes
from backend.sweeps.removals import study_removals
from backend.sweeps.study import TRAINED, TWINS, study_sweep
from tests.helpers import PEREIRA


def test_the_study_compresses_every_model_for_the_first_subject_of_the_demo_cortex():
    cells = lay_out(study_sweep(None))
    subjects = catalog.story_datasets()["demo-cortex"].subjects
    models = len(TRAINED) + len(TWINS)
    of_first = [cell for cell in cells if cell.place.subject == subjects[0]]
    assert len(of_first) == models * len(catalog.compressions())
    rest = [cell for cell in cells if cell.place.subject != subjects[0]]
    assert len(rest) == models * (len(subjects) - 1)
    assert {cell.compression for cell in rest} == {"none"}
    assert len(set(cells)) == len(cells)


def test_the_study_compresses_for_each_subject_that_is_named():
    cells = lay_out(study_sweep(None, ("minilm-l6",), subjects=("sub-01", "sub-03")))
    assert len(cells) == 2 * len(catalog.compressions())


def test_a_compression_alone_is_asked_for_one_subject_only():
    cells = lay_out(study_sweep(None, ("minilm-l6",), ("bnb-nf4",)))
    assert [cell.place.subject for cell in cells] == ["sub-01"]


def test_a_part_of_the_study_is_asked_for(pereira):
    sweep = study_sweep(pereira, ("minilm-l6",), ("none",), None)
    assert [cell.title for cell in lay_out(sweep)] == [f"{pereira.name}: minilm-l6, none"]


def test_the_study_asks_for_the_runs_that_ship(store):
    """The names of runs must not change under those who have them."""
    sweep = study_sweep(None, compressions=("none",), subjects=("sub-01",))
    tasks = [SweepTasks(store).task(cell) for cell in lay_out(sweep)]
    assert all(isinstance(task, StoryTask) for task in tasks)
    with duckdb.connect(str(SHIPPED), read_only=True) as connection:
        shipped = {row[0] for row in connection.execute("SELECT run_id FROM runs").fetchall()}
    assert {task.config.run_id for task in tasks} <= shipped


def test_a_compression_that_does_not_apply_is_told_with_its_reason():
    cells = lay_out(study_sweep(None, ("minilm-l6",), ("none", "awq-w4a16"), ("sub-01",)))
    assert [against(cell) is None for cell in cells] == [True, False]


def test_the_list_names_what_does_not_apply(cli, pereira):
    out = cli(
        "study", "--data", PEREIRA.parent, "--model", "minilm-l6", "--compression", "awq-w4a16",
        "--only", "sentences", "--list",
    ).out  # fmt: skip
    assert "does not apply" in out


def test_an_unknown_compression_is_named(cli, tmp_path):
    outcome = cli("study", "--data", tmp_path, "--compression", "zip")
    assert outcome.code == 2
    assert "unknown compression 'zip'" in outcome.err


def test_a_file_that_is_not_there_is_named(cli, tmp_path):
    outcome = cli("study", "--data", tmp_path)
    assert outcome.code == 2
    assert "pereira2018_language_network.csv" in outcome.err


def test_the_study_probes_models_and_asks_decoders_for_facts():
    asked = study_probes(("minilm-l6", "cortexscale-0.1m", "cortexscale-0.1m:random"))
    assert [each[:2] for each in asked[:4]] == [
        ("minilm-l6", "none"), ("cortexscale-0.1m", "none"), ("cortexscale-0.1m", "none"),
        ("cortexscale-0.1m:random", "none"),
    ]  # fmt: skip
    assert {each.model for each in asked if each.source == "cloze"} == {"cortexscale-0.1m"}
    assert ("minilm-l6", "gptq-w4a16", "bundled") not in asked
    assert ("cortexscale-0.1m", "gptq-w4a16", "bundled") in asked
    assert ("cortexscale-0.1m:random", "gptq-w4a16", "bundled") in asked


def test_probes_alone_need_no_data(cli):
    outcome = cli("study", "--only", "probes", "--model", "minilm-l6", "--list")
    assert outcome.code == 0, outcome.err
    assert "bundled: minilm-l6, bnb-nf4" in outcome.out
    assert "--only probes" in cli("study", "--list").err


def test_removals_without_sentences_are_told_what_they_need(cli):
    outcome = cli("study", "--only", "removals")
    assert outcome.code == 2
    assert outcome.err == (
        "error: name the folder of pereira2018_language_network.csv with --data: removals are of "
        "its sentences.\n"
    )


def test_the_cortex_alone_needs_no_data(cli):
    words = ("--only", "cortex", "--model", "cortexscale-0.1m", "--compression", "none", "--list")
    outcome = cli("study", *words)
    assert outcome.code == 0, outcome.err
    assert "demo-cortex, sub-01: cortexscale-0.1m, none" in outcome.out


def test_the_study_removes_what_probes_read_from_every_layer_of_trained_models(tmp_path):
    tasks = study_removals(choose_data("demo-sentences"), tmp_path)
    assert [task.config.model for task in tasks] == [*TRAINED, *TRAINED]
    assert {task.config.compression for task in tasks} == {"none"}
    datasets = [task.config.dataset for task in tasks]
    assert datasets == ["demo-sentences"] * len(TRAINED) + ["demo-cortex"] * len(TRAINED)
    assert {task.config.subject for task in tasks[len(TRAINED) :]} == {"sub-01"}
    for minilm in (tasks[len(TRAINED) - 1].config, tasks[-1].config):
        assert minilm.layers == (1, 2, 3, 4, 5, 6)
        assert len(minilm.phenomena) == 5
    one = ("cortexscale-0.1m", "cortexscale-0.1m:random")
    assert len(study_removals(choose_data("demo-sentences"), tmp_path, one)) == 2


def test_removals_alone_need_the_sentences(cli):
    assert "name the folder of" in cli("study", "--only", "removals").err
