import numpy as np
import pytest

from backend.encoding.folds import make_folds
from backend.encoding.ridge import fit_predict
from backend.encoding.scores import pearson_r
from backend.features import baselines
from backend.stimuli import Sentences

TEXTS = ("The cat sat.", "It rained", "A very long afternoon passed", "Then night fell")
GROUPS = np.array([0, 0, 0, 1])
SENTENCES = Sentences(TEXTS, GROUPS)


def test_length_counts_words_and_characters():
    np.testing.assert_array_equal(baselines.length(SENTENCES), [[3, 12], [2, 9], [5, 28], [3, 15]])


def test_frequency_is_higher_for_common_words():
    common, rare, unknown = baselines.frequency(
        Sentences(("the of and", "quixotic ptarmigan ziggurat", "zzxqj"))
    )
    assert common[0] > 6 > 4 > rare[0] > unknown[0]
    np.testing.assert_array_equal(unknown, 0.0)


def test_frequency_is_the_mean_and_the_lowest_of_the_words():
    each = [baselines.frequency(Sentences((word,)))[0, 0] for word in ("the", "harbour")]
    (both,) = baselines.frequency(Sentences(("the harbour",)))
    np.testing.assert_allclose(both, [np.mean(each), min(each)], rtol=1e-6)


def test_frequency_of_a_sentence_without_words_is_zero():
    np.testing.assert_array_equal(baselines.frequency(Sentences(("...",))), [[0.0, 0.0]])


def test_position_starts_anew_in_each_passage():
    np.testing.assert_allclose(baselines.position(SENTENCES), [[0, 0], [1, 0.5], [2, 1], [0, 0]])


def test_position_without_passages_runs_through():
    np.testing.assert_array_equal(baselines.position(Sentences(TEXTS))[:, 0], [0, 1, 2, 3])


def test_oasm_likens_neighbours_and_separates_passages():
    values = baselines.oasm(SENTENCES)
    similarity = values @ values.T
    assert similarity[0, 1] > similarity[0, 2] > 0
    np.testing.assert_array_equal(similarity[:3, 3], 0.0)


def test_oasm_knows_nothing_but_order():
    other = Sentences(tuple(reversed(TEXTS)), GROUPS)
    np.testing.assert_array_equal(baselines.oasm(SENTENCES), baselines.oasm(other))


def test_oasm_is_standardised_together_and_the_others_each():
    assert baselines.scaling_of("oasm") == "together"
    assert {baselines.scaling_of(name) for name in baselines.NUISANCE if name != "oasm"} == {"each"}


def test_oasm_predicts_nothing_of_a_held_out_passage():
    n = 100
    groups = np.repeat(np.arange(10), 10)
    sentences = Sentences(tuple(f"s {index}" for index in range(n)), groups)
    responses = np.random.default_rng(0).normal(size=(n, 1)).astype(np.float32)
    for fold in make_folds(n, "grouped", 5, groups):
        predicted = fit_predict(baselines.oasm(sentences), responses, fold, scaling="together")
        assert pearson_r(predicted, responses[fold.test]) == 0.0


@pytest.mark.parametrize("name", list(baselines.NUISANCE))
def test_each_baseline_gives_finite_rows_for_each_sentence(name):
    values = baselines.NUISANCE[name](SENTENCES)
    assert values.shape[0] == len(SENTENCES)
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
