from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from backend.compression import choose_calibration
from backend.errors import CancelledError, ModelError
from backend.features.loading import load_causal_model
from backend.features.perplexity import measure_perplexity
from backend.features.sources import resolve_model
from backend.jobs.held_out import HeldOutText
from backend.jobs.progress import Silent
from backend.jobs.quality import QualityRequest, find_qualities, measure_quality
from backend.store.reader import ResultStore
from tests.family.texts import paragraphs
from tests.helpers import save_gpt2, save_llama

TEXT = HeldOutText("toy", paragraphs(3000))
OTHER = HeldOutText("toy", paragraphs(3000, seed=9))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def calibration(tmp_path):
    path = tmp_path / "calibration.txt"
    path.write_text(paragraphs(4000, seed=5))
    return choose_calibration([TEXT.text], path, n_samples=4, length=16)


@pytest.fixture
def measure(gpt2_folder, store):
    """Measure the tiny decoder, and give the row."""

    def measure(compression="none", folder=gpt2_folder, progress=None, **options):
        request = QualityRequest(
            resolve_model(str(folder)), compression, options.pop("calibration", None), TEXT,
            device="cpu", **options,
        )  # fmt: skip
        identity = measure_quality(request, store, progress)
        assert identity == request.quality_id
        (row,) = find_qualities(ResultStore(store), [identity]).to_dict("records")
        return row

    return measure


def test_a_row_says_what_was_measured_of_the_loaded_model(measure, gpt2_folder):
    row = measure()
    model = AutoModelForCausalLM.from_pretrained(gpt2_folder)
    n_weights = sum(parameter.numel() for parameter in model.parameters())
    loaded = load_causal_model(resolve_model(str(gpt2_folder)), "none", "cpu")
    score = measure_perplexity(loaded, TEXT.text, 64)
    expected = {
        "model": gpt2_folder.name, "compression": "none", "n_parameters": n_weights,
        "bits_per_weight": 32.0, "corpus": "toy", "corpus_sha256": TEXT.sha256,
        "n_tokens": score.n_tokens, "n_bytes": score.n_bytes, "window_tokens": 64,
        "perplexity": score.perplexity, "bits_per_byte": score.bits_per_byte,
    }  # fmt: skip
    for name, value in expected.items():
        wanted = pytest.approx(value) if isinstance(value, float) else value
        assert row[name] == wanted, name
    assert row["tokens_per_second"] > 0
    assert row["device"].startswith("CPU")
    assert "threads" in row["device"]
    for name in ("calibration", "calibration_sha256", "seconds_to_compress"):
        assert row[name] is None or np.isnan(row[name])


def test_int8_takes_fewer_bits_and_changes_the_perplexity_a_little(measure):
    full, packed = measure(), measure("bnb-int8")
    assert packed["bits_per_weight"] < 0.8 * full["bits_per_weight"]
    assert packed["bytes_in_memory"] < full["bytes_in_memory"]
    assert packed["perplexity"] == pytest.approx(full["perplexity"], rel=0.05)
    assert packed["perplexity"] != full["perplexity"]


def test_a_pruned_model_says_how_long_it_took_to_make(measure, cache):
    pruned = measure("magnitude-50")
    assert 0.2 < pruned["sparsity"] < 0.5
    assert pruned["seconds_to_compress"] >= 0
    # The copy that is now in the cache took what it took, however often it is loaded.
    again = measure("magnitude-50")
    assert again["seconds_to_compress"] == pruned["seconds_to_compress"]
    assert len(list((cache / "models").glob("tiny-gpt2-*"))) == 1


def test_a_calibrated_method_is_filed_with_its_text(measure, calibration, tmp_path):
    folder = save_causal_llama(tmp_path / "llama")
    row = measure("wanda-50", folder=folder, calibration=calibration)
    assert row["calibration"] == "calibration.txt"
    assert row["calibration_sha256"] == calibration.calibration.sha256
    assert 0.2 < row["sparsity"] < 0.5


def save_causal_llama(folder: Path) -> Path:
    from transformers import LlamaConfig, LlamaForCausalLM

    save_llama(folder)
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig.from_pretrained(folder)).save_pretrained(folder)
    return folder


def test_an_encoder_has_sizes_and_speed_and_no_perplexity(measure):
    row = measure(folder="minilm-l6")
    for name in ("perplexity", "bits_per_byte", "n_tokens", "n_bytes"):
        assert np.isnan(row[name])
    assert row["bits_per_weight"] == 32.0
    assert row["tokens_per_second"] > 0
    assert row["window_tokens"] == 256


def test_a_decoder_without_its_head_is_refused(measure, tmp_path, store):
    with pytest.raises(ModelError, match="was saved without the head"):
        measure(folder=save_llama(tmp_path / "headless"))
    assert not store.exists()


def test_a_text_and_a_window_of_ones_own(measure):
    assert (row := measure(window=16, max_tokens=100))["window_tokens"] == 16
    assert row["n_tokens"] == 99


def test_the_id_tells_apart_what_decides_the_perplexity_and_nothing_else(
    gpt2_folder, calibration, tmp_path
):
    source = resolve_model(str(gpt2_folder))
    request = QualityRequest(source, "none", None, TEXT)
    # Named as the first one, with other weights.
    twin = resolve_model(str(save_gpt2(tmp_path / "other" / gpt2_folder.name, seed=1)))
    assert twin.name == source.name
    other = choose_calibration([TEXT.text], tmp_path / "calibration.txt", n_samples=5, length=16)
    calibrated = replace(request, compression="wanda-50", calibration=calibration)
    distinct = [
        request,
        replace(request, source=twin),
        replace(request, source=resolve_model(f"{gpt2_folder}:random")),
        replace(request, compression="bnb-nf4"),
        replace(request, text=OTHER),
        replace(request, window=16),
        replace(request, max_tokens=100),
        calibrated,
        replace(calibrated, calibration=other),
    ]
    assert len({each.quality_id for each in distinct}) == len(distinct)
    alike = [
        replace(request, device="cpu"),
        # It is not looked at without a method that calibrates.
        replace(request, calibration=calibration),
        replace(request, window=256),
    ]
    assert {each.quality_id for each in alike} == {request.quality_id}


class Watched(Silent):
    def __init__(self, stop_in=None):
        self.totals, self.done, self.stop_in = {}, {}, stop_in

    def stage(self, name, total):
        self.now, self.totals[name], self.done[name] = name, total, 0

    def advance(self, n=1):
        self.done[self.now] += n
        if self.now == self.stop_in:
            raise CancelledError("cancelled")


def test_progress_runs_to_the_end_of_each_stage(measure):
    watched = Watched()
    measure(progress=watched)
    assert list(watched.totals) == ["loading the model", "predicting words", "timing"]
    assert watched.done == watched.totals


@pytest.mark.parametrize("stage", ["loading the model", "predicting words", "timing"])
def test_what_is_stopped_writes_nothing(measure, store, stage):
    with pytest.raises(CancelledError):
        measure(progress=Watched(stage))
    assert not store.exists()


def test_qualities_are_found_in_the_order_asked_for(measure, store):
    first, second = measure()["quality_id"], measure("bnb-nf4")["quality_id"]
    found = find_qualities(ResultStore(store), [second, "nothing", first])
    assert found["quality_id"].tolist() == [second, first]
    assert find_qualities(ResultStore(store), []).empty
