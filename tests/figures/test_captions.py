"""A caption says where a figure comes from, wherever the figure goes."""

import pandas as pd
import pytest

from backend import catalog
from backend.figures.captions import published_caption, results_caption, wrap
from backend.paths import PRECOMPUTED
from backend.store.queries import layer_curves, published
from backend.store.reader import ResultStore
from backend.store.selection import Selection


def test_a_caption_names_data_set_n_folds_evidence_and_citation(curves: pd.DataFrame) -> None:
    caption = results_caption(curves, "What is shown")
    assert caption.startswith("What is shown. Data set: toy, n = 40 sentences; ")
    assert "contiguous folds (4) and shuffled folds (leak) (4)" in caption
    assert "Evidence: measured." in caption
    assert caption.endswith("Source: Toy et al. 2026.")


def test_a_caption_of_simulated_results_says_simulated(
    simulated: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    assert "Evidence: simulated." in results_caption(simulated[0], "What")


def test_a_caption_of_two_data_sets_describes_each(curves: pd.DataFrame) -> None:
    other = curves.assign(dataset="other", n_samples=99, source="Other 2020", evidence="simulated")
    caption = results_caption(pd.concat([curves, other]), "What")
    assert "Data set: toy, n = 40 sentences" in caption
    assert "Data set: other, n = 99 sentences" in caption
    assert caption.index("Toy et al. 2026") < caption.index("other") < caption.index("Other 2020")


def test_the_shipped_data_set_is_captioned_with_its_title_and_reference() -> None:
    store = ResultStore(PRECOMPUTED.parent / "none", PRECOMPUTED)
    rows = layer_curves(store, Selection(dataset="pereira2018-language-network"))
    caption = results_caption(rows, "What")
    entry = catalog.datasets()["pereira2018-language-network"]
    assert f"Data set: {entry.title}, n = 627 sentences" in caption
    assert catalog.citations()[entry.citation].text in caption


def figures(**changes: object) -> pd.DataFrame:
    row: dict[str, object] = {
        "dataset": "Brains 2020", "n": 9, "unit_of_n": "subjects", "split": "contiguous",
        "citation": "hadidi2025", "reviewed": True,
    }  # fmt: skip
    return pd.DataFrame([{**row, **changes}])


def test_a_published_caption_names_data_set_n_split_and_reference() -> None:
    caption = published_caption(figures(), "What")
    reference = catalog.citations()["hadidi2025"].text
    assert caption == (
        "What. Data set: Brains 2020, n = 9 subjects; split: contiguous folds. "
        f"Evidence: published. Source: {reference}."
    )


def test_a_published_caption_admits_what_was_not_stated_and_not_reviewed() -> None:
    caption = published_caption(figures(split=None, reviewed=False), "What")
    assert "split: not stated" in caption
    assert "Evidence: published, not peer-reviewed." in caption


def test_every_shipped_published_figure_has_a_reference_in_the_catalogue() -> None:
    rows = published(ResultStore(PRECOMPUTED.parent / "none", PRECOMPUTED))
    assert len(rows) > 0
    assert set(rows["citation"]) <= set(catalog.citations())


@pytest.mark.parametrize("width", [20, 60, 165])
def test_wrapping_loses_no_word_and_keeps_to_the_width(curves: pd.DataFrame, width: int) -> None:
    caption = results_caption(curves, "What is shown")
    lines = wrap(caption, width).split("<br>")
    assert " ".join(lines) == caption
    assert max(map(len, lines)) <= width
