"""What things are called on the screen."""

import pandas as pd
import pytest

from backend import catalog
from backend.figures.labels import (
    compression_title,
    dataset_title,
    joined,
    model_title,
    roi_title,
    series_titles,
    shared_compression,
)


def frame(*runs: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(runs), columns=["run_id", "model", "compression", "split"])


def test_a_series_is_named_by_model_and_compression() -> None:
    titles = series_titles(frame(("aaaaaaaa", "minilm-l6", "bnb-nf4", "contiguous")))
    assert titles == {"aaaaaaaa": "MiniLM-L6, NF4"}


def test_runs_that_differ_in_something_unseen_are_told_apart_by_their_ids() -> None:
    titles = series_titles(
        frame(
            ("aaaaaaaa", "minilm-l6", "none", "contiguous"),
            ("bbbbbbbb", "minilm-l6", "none", "contiguous"),
        )
    )
    assert titles == {
        "aaaaaaaa": "MiniLM-L6, full precision (aaaaaa)",
        "bbbbbbbb": "MiniLM-L6, full precision (bbbbbb)",
    }


def test_one_request_on_two_kinds_of_folds_shares_its_name() -> None:
    titles = series_titles(
        frame(("a" * 8, "tiny", "none", "contiguous"), ("b" * 8, "tiny", "none", "shuffled"))
    )
    assert set(titles.values()) == {"tiny, full precision"}


def test_a_run_with_many_layers_is_named_once() -> None:
    rows = frame(*[("a" * 8, "tiny", "none", "contiguous")] * 7)
    assert series_titles(rows) == {"a" * 8: "tiny, full precision"}


def test_catalogued_names_have_titles_and_others_stand_for_themselves() -> None:
    assert model_title("minilm-l6") == catalog.models()["minilm-l6"].title
    assert compression_title("none") == catalog.compressions()["none"].title
    assert dataset_title("demo-sentences") == catalog.datasets()["demo-sentences"].title
    assert roi_title("demo-sentences", "simulated_noise") == "Simulated noise"
    assert model_title("mine") == compression_title("mine") == dataset_title("mine") == "mine"
    assert roi_title("mine", "left_ifg") == roi_title("demo-sentences", "left_ifg") == "left_ifg"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "a", "c"], "a, b and c"),
    ],
)
def test_names_are_joined_once_each_as_a_sentence_does(words: list[str], sentence: str) -> None:
    assert joined(words) == sentence


def test_a_compression_is_shared_where_several_models_have_it() -> None:
    rows = frame(
        ("a" * 8, "minilm-l6", "none", "contiguous"), ("b" * 8, "gpt2", "none", "contiguous")
    )
    assert shared_compression(rows) == "full precision"
    assert shared_compression(rows.head(1)) == ""
    assert shared_compression(rows.assign(compression=["none", "bnb-nf4"])) == ""


def test_names_of_files_are_no_markup_of_a_figure() -> None:
    link = "<a href='https://example.org'>x</a>"
    rows = frame(("a" * 8, link, "none", "contiguous"), ("b" * 8, "tiny", "none", "contiguous"))
    titles = series_titles(rows.assign(subject=["<b>one", "two"]))
    assert titles["a" * 8].startswith("&lt;a href")
    assert "<" not in titles["a" * 8]
    assert "<" not in roi_title("mine", link)
