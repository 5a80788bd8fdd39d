import pathlib
import shutil

import pytest

from backend import catalog
from backend.commands.simulate_demo import DEMO
from backend.errors import InputError, ModelError
from backend.jobs.request import NO_CITATION, build_task, check_folds, choose_data
from tests.helpers import sentence_frame, write_table


def data_of(table, **options):
    return choose_data(str(table), "sentence", ["left_ifg"], **options)


def config_of(data, model, store, **options):
    return build_task(data, str(model), store, **options)[0].config


def test_a_shipped_data_set_is_found_by_name_with_its_columns():
    data = choose_data("demo-sentences")
    entry = catalog.datasets()["demo-sentences"]
    assert data.path == DEMO
    assert (data.sentence, data.responses) == ("sentence", tuple(entry.responses))
    assert (data.group, data.sha256) == ("passage", entry.sha256)


def test_a_known_file_is_recognised_by_its_content_under_another_name(tmp_path):
    copy = shutil.copy(DEMO, tmp_path / "renamed.csv")
    assert choose_data(str(copy)).name == "demo-sentences"


def test_an_edited_file_is_no_longer_the_known_one(tmp_path):
    path = tmp_path / "edited.csv"
    path.write_text(DEMO.read_text() + "x,A new sentence.,0,0,0\n")
    with pytest.raises(InputError, match="columns of edited.csv are not known; .* --response"):
        choose_data(str(path))


def test_a_file_is_filed_under_its_name_unless_another_is_given(table):
    assert data_of(table).name == "toy"
    assert data_of(table, name="my study").name == "my study"


def test_a_data_set_of_the_catalogue_that_does_not_ship_has_to_be_a_path():
    with pytest.raises(InputError, match="no such file: pereira2018-language-network"):
        choose_data("pereira2018-language-network")


def test_the_home_folder_of_nobody_is_no_such_file():
    with pytest.raises(InputError, match="no such file or folder: ~no-such-user/x.csv"):
        choose_data("~no-such-user/x.csv", "sentence", ["r"])


def test_a_file_that_may_not_be_read_is_refused(table, monkeypatch):
    def forbid(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pathlib.Path, "open", forbid)
    with pytest.raises(InputError, match="toy.csv cannot be read: Permission denied"):
        data_of(table)


def test_known_facts_of_a_data_set_enter_the_request(gpt2_folder, store):
    config = config_of(choose_data("demo-sentences"), gpt2_folder, store)
    entry = catalog.datasets()["demo-sentences"]
    assert config.ceilings == (0.75, 0.6, None)
    assert (config.evidence, config.subject) == ("simulated", entry.subject)
    assert config.citation == catalog.citations()[entry.citation].text


def test_known_data_cannot_be_declared_otherwise_than_simulated(gpt2_folder, store):
    config = config_of(choose_data("demo-sentences"), gpt2_folder, store, simulated=False)
    assert config.evidence == "simulated"


def test_an_unknown_file_is_measured_unless_said_to_be_simulated(table, gpt2_folder, store):
    assert config_of(data_of(table), gpt2_folder, store).evidence == "measured"
    config = config_of(data_of(table), gpt2_folder, store, simulated=True)
    assert config.evidence == "simulated"


def test_an_unknown_file_has_no_citation_unless_given(table, gpt2_folder, store):
    assert config_of(data_of(table), gpt2_folder, store).citation == NO_CITATION
    config = config_of(data_of(table), gpt2_folder, store, citation="Me 2026")
    assert config.citation == "Me 2026"


def test_whole_groups_are_held_out_where_groups_are_named(table, gpt2_folder, store):
    with_groups = config_of(data_of(table, group="passage"), gpt2_folder, store)
    assert (with_groups.split, with_groups.n_folds, with_groups.gap) == ("grouped", 4, 0)
    without = config_of(data_of(table), gpt2_folder, store)
    assert (without.split, without.n_folds) == ("contiguous", 4)


def test_a_gap_belongs_to_contiguous_folds(table, gpt2_folder, store):
    assert config_of(data_of(table), gpt2_folder, store, gap=2).gap == 2
    assert config_of(data_of(table), gpt2_folder, store, gap=2, split="shuffled").gap == 0


def test_layers_are_sorted_and_distinct(table, gpt2_folder, store):
    assert config_of(data_of(table), gpt2_folder, store, layers=[2, 0, 2]).layers == (0, 2)


def test_a_layer_that_is_not_there_is_refused_before_loading(table, gpt2_folder, store):
    with pytest.raises(InputError, match="no layer 3; tiny-gpt2 has layers 0 .embeddings. to 2"):
        config_of(data_of(table), gpt2_folder, store, layers=[0, 3])


def test_a_ceiling_of_no_response_is_refused(table, gpt2_folder, store):
    with pytest.raises(InputError, match="'left_ptl', which is not among the responses: left_ifg"):
        config_of(data_of(table), gpt2_folder, store, ceilings={"left_ptl": 0.5})


def test_a_ceiling_above_one_is_refused(table, gpt2_folder, store):
    with pytest.raises(InputError, match="above 0 and up to 1"):
        config_of(data_of(table), gpt2_folder, store, ceilings={"left_ifg": 5})


def test_a_field_that_cannot_be_used_is_named(table, gpt2_folder, store):
    with pytest.raises(InputError, match="^seed: "):
        config_of(data_of(table), gpt2_folder, store, seed=-1)


def test_the_model_is_looked_for_before_anything_long(table, store):
    with pytest.raises(ModelError, match="no model 'no model'"):
        config_of(data_of(table), "no model", store)


def test_two_models_of_one_name_are_two_runs(table, gpt2_folder, llama_folder, store, tmp_path):
    namesake = shutil.copytree(llama_folder, tmp_path / gpt2_folder.name)
    first = config_of(data_of(table), gpt2_folder, store)
    second = config_of(data_of(table), namesake, store)
    assert first.model == second.model
    assert first.run_id != second.run_id


def test_the_same_choice_is_the_same_run_wherever_the_file_lies(
    table, gpt2_folder, store, tmp_path
):
    (tmp_path / "elsewhere").mkdir()
    moved = shutil.copy(table, tmp_path / "elsewhere" / table.name)
    first = config_of(data_of(table), gpt2_folder, store)
    second = config_of(data_of(moved), gpt2_folder, tmp_path / "other store")
    assert first.run_id == second.run_id


def test_relative_paths_are_made_whole(table, gpt2_folder, monkeypatch, tmp_path):
    monkeypatch.chdir(gpt2_folder)
    shutil.copy(table, gpt2_folder.parent / "toy.csv")
    data = data_of(pathlib.Path("..") / "toy.csv")
    task, _ = build_task(data, ".", pathlib.Path("store"))
    assert task.data_path == gpt2_folder.parent / "toy.csv"
    assert task.model_name == str(gpt2_folder)
    assert task.store == gpt2_folder / "store"


def test_a_model_of_the_catalogue_keeps_its_name(table, store):
    assert build_task(data_of(table), "minilm-l6", store)[0].model_name == "minilm-l6"


def test_repeated_sentences_across_folds_are_warned_of(tmp_path, gpt2_folder, store):
    frame = sentence_frame()
    frame.loc[39, "sentence"] = frame.loc[0, "sentence"].upper()
    data = data_of(write_table(tmp_path / "repeats.csv", frame))
    task, recording = build_task(data, str(gpt2_folder), store)
    (warning,) = check_folds(task.config, recording)
    assert warning.startswith("1 sentence(s) stand both in training and in held-out folds")
    assert frame.loc[0, "sentence"][:60] in warning


def test_shuffled_folds_are_warned_of(table, gpt2_folder, store):
    task, recording = build_task(data_of(table), str(gpt2_folder), store, split="shuffled")
    (warning,) = check_folds(task.config, recording)
    assert "Shuffled folds leak" in warning


def test_contiguous_folds_of_distinct_sentences_need_no_warning(table, gpt2_folder, store):
    task, recording = build_task(data_of(table), str(gpt2_folder), store)
    assert check_folds(task.config, recording) == ()
