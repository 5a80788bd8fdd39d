import pytest

from backend import catalog
from backend.errors import ModelError
from backend.jobs.request import choose_data
from backend.jobs.study import TRAINED, TWINS, Cell, StudyTasks, against, study_cells


def test_the_whole_study_has_every_model_under_every_compression_on_every_recording():
    cells = study_cells()
    subjects = catalog.story_datasets()["demo-cortex"].subjects
    models = len(TRAINED) + len(TWINS)
    assert len(cells) == models * len(catalog.compressions()) * (1 + len(subjects))
    assert len(set(cells)) == len(cells)


def test_full_precision_comes_first_and_twins_last():
    cells = study_cells(("a", "a:random"), ("bnb-nf4", "none"), ("sub-01",))
    assert cells == [
        Cell("a", "none"), Cell("a:random", "none"),
        Cell("a", "none", "sub-01"), Cell("a:random", "none", "sub-01"),
        Cell("a", "bnb-nf4"), Cell("a", "bnb-nf4", "sub-01"),
        Cell("a:random", "bnb-nf4"), Cell("a:random", "bnb-nf4", "sub-01"),
    ]  # fmt: skip


def test_a_compression_that_does_not_apply_is_told_with_its_reason():
    assert against(Cell("minilm-l6", "none")) is None
    assert against(Cell("minilm-l6", "awq-w4a16"))


def test_a_model_that_is_not_there_is_an_error():
    with pytest.raises(ModelError, match="no model"):
        against(Cell("not a model!", "none"))


def test_a_cell_becomes_a_task_on_its_recording(table, gpt2_folder, store):
    data = choose_data(str(table), "sentence", ["left_ifg"])
    tasks = StudyTasks(data, store)
    model = str(gpt2_folder)
    sentences = tasks.task(Cell(model, "none"))
    assert sentences.config.split == "contiguous"
    cortex = tasks.task(Cell(model, "bnb-nf4", "sub-02"))
    assert cortex.config.subject == "sub-02"
    assert cortex.config.compression == "bnb-nf4"
    assert cortex.config.targets == "regions"
    assert cortex.config.permutations == 0
