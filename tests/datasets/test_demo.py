"""The demo data set: its sentences, its checksum, and the ground truth that it is said to have."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from backend import catalog
from backend.commands.simulate_demo import DEMO, LENGTH_CEILING, MEANING_CEILING, simulate
from backend.datasets import read_sentence_table
from backend.datasets.simulate import leading_signal
from backend.features.baselines import length
from backend.features.extraction import extract_sentence_states

ENTRY = catalog.datasets()["demo-sentences"]


@pytest.fixture(scope="module")
def demo():
    return read_sentence_table(DEMO, ENTRY.sentence, list(ENTRY.responses), ENTRY.group)


def test_checksum_is_the_catalogues():
    assert hashlib.sha256(DEMO.read_bytes()).hexdigest() == ENTRY.sha256


def test_at_least_200_sentences_all_distinct(demo):
    assert len(demo.sentences) >= 200
    assert demo.sentences.repeated() == ()


def test_passages_are_blocks_of_neighbours_with_several_sentences_each(demo):
    groups = demo.sentences.groups
    assert np.count_nonzero(np.diff(groups)) == demo.sentences.n_groups - 1
    assert np.bincount(groups).min() >= 3
    assert demo.sentences.n_groups >= 10


def test_length_response_correlates_with_the_number_of_words_by_its_ceiling(demo):
    n_words = length(demo.sentences)[:, 0]
    response = demo.responses[:, demo.targets.index("simulated_length")]
    assert ENTRY.ceilings["simulated_length"] == LENGTH_CEILING
    assert np.corrcoef(n_words, response)[0, 1] == pytest.approx(LENGTH_CEILING, abs=1e-3)


def test_meaning_response_correlates_with_its_signal_by_its_ceiling(demo, minilm, tmp_path):
    path, _ = extract_sentence_states(minilm, demo.sentences, tmp_path / "s.npy", layers=[4])
    signal = leading_signal(np.load(path)[0], length(demo.sentences), 4, seed=1)
    response = demo.responses[:, demo.targets.index("simulated_meaning")]
    assert ENTRY.ceilings["simulated_meaning"] == MEANING_CEILING
    assert np.corrcoef(signal, response)[0, 1] == pytest.approx(MEANING_CEILING, abs=1e-3)


def test_meaning_response_has_nothing_of_length(demo):
    response = demo.responses[:, demo.targets.index("simulated_meaning")]
    noise_alone = np.sqrt(1 - MEANING_CEILING**2) / np.sqrt(len(response))
    assert abs(np.corrcoef(length(demo.sentences)[:, 0], response)[0, 1]) < 3 * noise_alone


def test_noise_response_has_no_ceiling():
    assert "simulated_noise" not in ENTRY.ceilings


def test_simulating_again_gives_the_same_numbers():
    table = pd.read_csv(DEMO, dtype={"passage": str, "sentence": str}, keep_default_na=False)
    again = simulate(table[["passage", "sentence"]])
    assert list(again.columns) == list(table.columns)
    responses = list(ENTRY.responses)
    np.testing.assert_allclose(again[responses], table[responses], atol=2e-3)
