from dataclasses import replace
from types import SimpleNamespace

import pytest

from backend.datasets import read_sentence_table
from backend.errors import ModelError
from backend.features.footprint import find_footprint
from backend.features.memory import PROCESS_BYTES
from backend.features.sources import resolve_model
from backend.jobs import planner
from backend.jobs.cost import START_SECONDS
from backend.jobs.planner import plan_run
from backend.store.reader import ResultStore
from backend.store.shards import write_run
from tests.helpers import make_config, make_tables, sentence_frame, write_table


def changed(task, **changes):
    return task.model_copy(update={"config": task.config.model_copy(update=changes)})


def of_model(task, model, **changes):
    return changed(task, **changes).model_copy(update={"model_name": model})


def n_weights(model):
    return find_footprint(resolve_model(str(model))).weights.total


@pytest.fixture
def recording(task):
    return read_sentence_table(task.data_path, "sentence", task.config.responses)


@pytest.fixture
def past(task, recording):
    """A run of the same data and model: 10 s of reading and 100 s of fitting."""
    tables = make_tables(
        task.config,
        n_parameters=n_weights(task.model_name),
        n_samples=len(recording.sentences),
        n_words=recording.sentences.n_words,
        seconds=110.0,
        extraction_seconds=10.0,
        fit_seconds=100.0,
    )
    write_run(task.store, task.config.run_id, tables)
    return ResultStore(task.store)


@pytest.fixture
def machine(monkeypatch):
    """A machine with so many bytes of memory and of disk, and nobody logged in to the hub."""

    def make(memory=1e11, disk=1e12):
        monkeypatch.setattr(planner, "free_memory", lambda kind: memory)
        monkeypatch.setattr(planner, "choose_device_kind", lambda name: "cpu")
        monkeypatch.setattr(planner.shutil, "disk_usage", lambda path: SimpleNamespace(free=disk))
        monkeypatch.setattr("huggingface_hub.get_token", lambda: None)

    make()
    return make


# Time


def test_without_a_past_run_the_time_is_unknown(task, recording):
    cost = plan_run(task, recording, ResultStore(task.store)).cost
    assert cost.seconds is None
    assert "no run of this store" in cost.basis


def test_the_same_run_again_takes_as_long_and_a_start(task, recording, past):
    cost = plan_run(task, recording, past).cost
    assert cost.seconds == pytest.approx(START_SECONDS + 110)
    assert "scaled from tiny-gpt2 none on toy, 110 s" in cost.basis


def test_fits_scale_with_folds(task, recording, past):
    cost = plan_run(changed(task, n_folds=8), recording, past).cost
    assert cost.seconds == pytest.approx(START_SECONDS + 10 + 200)


def test_fits_scale_with_layers_and_baselines(task, recording, past):
    cost = plan_run(changed(task, layers=(0,)), recording, past).cost
    assert cost.seconds == pytest.approx(START_SECONDS + 10 + 100 * 7 / 9)


def test_fits_scale_with_the_cube_of_the_samples_and_reading_with_words(task, past, tmp_path):
    path = write_table(tmp_path / "long.csv", sentence_frame(80))
    longer = read_sentence_table(path, "sentence", task.config.responses)
    words = longer.sentences.n_words / sentence_frame()["sentence"].str.split().str.len().sum()
    cost = plan_run(task, longer, past).cost
    assert cost.seconds == pytest.approx(START_SECONDS + 10 * words + 800)


def test_reading_scales_with_the_weights(task, recording, past, llama_folder):
    ratio = n_weights(llama_folder) / n_weights(task.model_name)
    cost = plan_run(of_model(task, str(llama_folder)), recording, past).cost
    assert cost.seconds == pytest.approx(START_SECONDS + 10 * ratio + 100)


def test_a_past_run_of_the_same_compression_is_preferred(task, recording, past):
    config = make_config(compression="bnb-nf4")
    write_run(task.store, config.run_id, make_tables(config))
    store = ResultStore(task.store)
    assert "none on toy" in plan_run(task, recording, store).cost.basis
    compressed = plan_run(changed(task, compression="bnb-nf4"), recording, store).cost
    assert "tiny bnb-nf4 on toy" in compressed.basis


def test_a_past_run_of_another_compression_is_better_than_none(task, recording, past):
    cost = plan_run(changed(task, compression="bnb-int8"), recording, past).cost
    assert "none on toy" in cost.basis


def test_the_number_of_fits_counts_layers_baselines_and_folds(task, recording):
    store = ResultStore(task.store)
    assert plan_run(task, recording, store).cost.n_fits == (3 + 6) * 4
    assert plan_run(changed(task, layers=(0,)), recording, store).cost.n_fits == (1 + 6) * 4


def test_a_hub_model_of_the_catalogue_is_planned_before_it_is_downloaded(task, recording, past):
    cost = plan_run(of_model(task, "pythia-70m"), recording, past).cost
    assert cost.seconds > START_SECONDS + 100
    assert cost.n_fits == (7 + 6) * 4


# Memory


def test_memory_holds_the_process_and_the_weights(task, recording, machine):
    store = ResultStore(task.store)
    plan = plan_run(task, recording, store)
    assert plan.memory.needed > PROCESS_BYTES + 4 * n_weights(task.model_name)
    assert plan.problem is None
    full = plan_run(of_model(task, "pythia-1b"), recording, store)
    packed = plan_run(of_model(task, "pythia-1b", compression="bnb-nf4"), recording, store)
    assert packed.memory.needed < full.memory.needed
    plan.require()


def test_a_model_that_does_not_fit_is_refused_with_what_would(task, recording, machine):
    machine(memory=16e9)
    plan = plan_run(of_model(task, "falcon3-7b-base"), recording, ResultStore(task.store))
    assert [str(choice).split(" (")[0] for choice in plan.alternatives] == [
        "falcon3-7b-base with bnb-int8", "falcon3-7b-base with bnb-nf4", "falcon3-3b-base",
        "falcon3-1b-base",
    ]  # fmt: skip
    with pytest.raises(
        ModelError, match=r"falcon3-7b-base .* needs 29\.\d GB of memory, and 16\.0"
    ):
        plan.require()
    assert "Nothing was loaded. What fits: falcon3-7b-base with bnb-int8 (" in plan.problem


@pytest.mark.parametrize(("model", "compression"), [("falcon3-7b-base", "bnb-nf4"),
                                                     ("falcon3-3b-base", "none")])  # fmt: skip
def test_what_is_said_to_fit_is_not_refused(task, recording, machine, model, compression):
    machine(memory=16e9)
    store = ResultStore(task.store)
    plan_run(of_model(task, model, compression=compression), recording, store).require()


def test_where_nothing_fits_that_is_said(task, recording, machine):
    machine(memory=1e8)
    plan = plan_run(task, recording, ResultStore(task.store))
    assert plan.alternatives == ()
    assert "No compression of it fits, nor a smaller model" in plan.problem


def test_on_a_gpu_the_weights_have_to_fit_there(task, recording, machine, monkeypatch):
    monkeypatch.setattr(planner, "choose_device_kind", lambda name: "cuda")
    plan = plan_run(of_model(task, "pythia-1b"), recording, ResultStore(task.store))
    weights = find_footprint(resolve_model("pythia-1b")).weights
    states = 4 * 17 * 2048 * 4096
    assert plan.device == "cuda"
    assert plan.memory.needed == pytest.approx(4 * weights.total + states)


def test_a_hub_model_of_nobodys_catalogue_is_unknown_until_downloaded(task, recording, past):
    plan = plan_run(of_model(task, "organisation/model"), recording, past)
    assert (plan.cost.seconds, plan.memory, plan.cost.n_fits) == (None, None, None)
    assert (plan.disk.download, plan.disk.states) == (None, None)
    assert plan.problem is None


# Disk


def test_a_hub_model_is_downloaded_and_a_folder_is_not(task, recording, machine):
    store = ResultStore(task.store)
    assert plan_run(task, recording, store).disk.download == 0
    hub = plan_run(of_model(task, "pythia-70m"), recording, store).disk
    assert hub.download == 2 * 70_426_624
    twin = plan_run(of_model(task, "pythia-70m:random"), recording, store).disk
    assert (twin.download, twin.copy) == (0, 4 * n_weights("pythia-70m"))


@pytest.mark.parametrize(
    ("compression", "bits"), [("none", 0), ("bnb-nf4", 0), ("wanda-50", 32), ("gptq-w4a16", 4)]
)
def test_a_compressed_copy_is_written_by_what_does_not_pack(
    task, recording, machine, compression, bits
):
    plan = plan_run(
        of_model(task, "llama-3.1-8b", compression=compression), recording, ResultStore(task.store)
    )
    weights = find_footprint(resolve_model("llama-3.1-8b")).weights
    rest = weights.embeddings + weights.other
    assert plan.disk.copy == (4 * rest + weights.linear * bits / 8 if bits else 0)


def test_states_are_written_for_every_layer_and_sentence(task, recording, machine):
    disk = plan_run(task, recording, ResultStore(task.store)).disk
    assert disk.states == 4 * 3 * len(recording.sentences) * 32


def test_a_full_disk_is_a_reason_to_refuse(task, recording, machine):
    machine(disk=1e8)
    plan = plan_run(of_model(task, "pythia-70m"), recording, ResultStore(task.store))
    with pytest.raises(ModelError, match="writes 0.1 GB, and 0.1 GB of disk are free. Make room"):
        plan.require()


# What cannot be had


def test_a_gate_is_a_reason_to_refuse_before_memory_is(task, recording, machine):
    machine(memory=1e8)
    plan = plan_run(of_model(task, "llama-3.2-1b"), recording, ResultStore(task.store))
    assert "llama-3.2-1b is gated" in plan.problem


def test_data_of_another_kind_is_a_mistake_of_the_program(task):
    with pytest.raises(TypeError, match="give a SentenceRecording or StoryChoice"):
        plan_run(task, "sentences", ResultStore(task.store))


def test_a_plan_is_a_value(task, recording, machine):
    plan = plan_run(task, recording, ResultStore(task.store))
    assert replace(plan) == plan
