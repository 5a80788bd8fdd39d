from types import SimpleNamespace

import pytest

from backend.datasets import read_sentence_table
from backend.features.sources import resolve_model
from backend.jobs.cost import PROCESS_BYTES, START_SECONDS, estimate_cost
from backend.store.reader import ResultStore
from backend.store.shards import write_run
from tests.helpers import make_config, make_tables, sentence_frame, write_table


def changed(task, **changes):
    return task.model_copy(update={"config": task.config.model_copy(update=changes)})


@pytest.fixture
def recording(task):
    return read_sentence_table(task.data_path, "sentence", task.config.responses)


@pytest.fixture
def past(task, recording):
    """A run of the same data and model: 10 s of reading and 100 s of fitting."""
    tables = make_tables(
        task.config,
        n_parameters=resolve_model(task.model_name).n_parameters,
        n_samples=len(recording.sentences),
        n_words=recording.sentences.n_words,
        seconds=110.0,
        extraction_seconds=10.0,
        fit_seconds=100.0,
    )
    write_run(task.store, task.config.run_id, tables)
    return ResultStore(task.store)


def test_without_a_past_run_the_time_is_unknown(task, recording):
    cost = estimate_cost(task, recording, ResultStore(task.store))
    assert cost.seconds is None
    assert "no run of this store" in cost.basis


def test_the_same_run_again_takes_as_long_and_a_start(task, recording, past):
    cost = estimate_cost(task, recording, past)
    assert cost.seconds == pytest.approx(START_SECONDS + 110)
    assert "scaled from tiny-gpt2 none on toy, 110 s" in cost.basis


def test_fits_scale_with_folds(task, recording, past):
    cost = estimate_cost(changed(task, n_folds=8), recording, past)
    assert cost.seconds == pytest.approx(START_SECONDS + 10 + 200)


def test_fits_scale_with_layers_and_baselines(task, recording, past):
    cost = estimate_cost(changed(task, layers=(0,)), recording, past)
    assert cost.seconds == pytest.approx(START_SECONDS + 10 + 100 * 7 / 9)


def test_fits_scale_with_the_cube_of_the_samples_and_reading_with_words(task, past, tmp_path):
    path = write_table(tmp_path / "long.csv", sentence_frame(80))
    longer = read_sentence_table(path, "sentence", task.config.responses)
    words = longer.sentences.n_words / sentence_frame()["sentence"].str.split().str.len().sum()
    cost = estimate_cost(task, longer, past)
    assert cost.seconds == pytest.approx(START_SECONDS + 10 * words + 800)


def test_reading_scales_with_the_weights(task, recording, past, llama_folder):
    other = task.model_copy(update={"model_name": str(llama_folder)})
    ratio = (
        resolve_model(str(llama_folder)).n_parameters / resolve_model(task.model_name).n_parameters
    )
    cost = estimate_cost(other, recording, past)
    assert cost.seconds == pytest.approx(START_SECONDS + 10 * ratio + 100)


def test_a_past_run_of_the_same_compression_is_preferred(task, recording, past):
    config = make_config(compression="bnb-nf4")
    write_run(task.store, config.run_id, make_tables(config))
    store = ResultStore(task.store)
    assert "none on toy" in estimate_cost(task, recording, store).basis
    compressed = estimate_cost(changed(task, compression="bnb-nf4"), recording, store)
    assert "tiny bnb-nf4 on toy" in compressed.basis


def test_a_past_run_of_another_compression_is_better_than_none(task, recording, past):
    cost = estimate_cost(changed(task, compression="bnb-int8"), recording, past)
    assert "none on toy" in cost.basis


def test_the_number_of_fits_counts_layers_baselines_and_folds(task, recording):
    store = ResultStore(task.store)
    assert estimate_cost(task, recording, store).n_fits == (3 + 6) * 4
    assert estimate_cost(changed(task, layers=(0,)), recording, store).n_fits == (1 + 6) * 4


def test_memory_holds_the_process_and_the_weights(task, recording):
    cost = estimate_cost(task, recording, ResultStore(task.store))
    n_parameters = resolve_model(task.model_name).n_parameters
    assert cost.memory_bytes > PROCESS_BYTES + 4 * n_parameters
    compressed = estimate_cost(
        changed(task, compression="bnb-nf4"), recording, ResultStore(task.store)
    )
    assert compressed.memory_bytes < cost.memory_bytes
    assert cost.fits_in_memory


def test_too_little_memory_is_said(task, recording, monkeypatch):
    monkeypatch.setattr(
        "backend.jobs.cost.psutil.virtual_memory", lambda: SimpleNamespace(available=1e8)
    )
    assert not estimate_cost(task, recording, ResultStore(task.store)).fits_in_memory


def test_a_hub_model_is_unknown_until_downloaded(task, recording, past):
    hub = task.model_copy(update={"model_name": "organisation/model"})
    cost = estimate_cost(hub, recording, past)
    assert cost.download
    assert (cost.seconds, cost.memory_bytes, cost.n_fits) == (None, None, None)
    assert not estimate_cost(task, recording, past).download
