"""Dissociation: one test of the interaction, and what to run where it cannot be made."""

from pathlib import Path

import pytest

from tests.comparisons.dissociation_stores import DATASET, write_both
from tests.comparisons.removal_stores import write_removed
from tests.pages.conftest import Open, chart, is_well, words

PAGE = "pages/dissociation.py"


def test_an_empty_store_names_the_commands(open_app: Open) -> None:
    app = open_app(PAGE)
    assert is_well(app)
    assert "python -m backend probe" in "\n".join(str(code.value) for code in app.code)


@pytest.mark.usefixtures("nothing_shipped")
def test_no_results_at_all_is_no_error(open_app: Open) -> None:
    assert is_well(open_app(PAGE))


def test_points_averages_and_tests_are_shown(open_app: Open, store: Path) -> None:
    for number in range(3):
        write_both(store, f"tiny-{number}", (0.9, 0.7), (0.4, 0.4), seed=number)
    app = open_app(PAGE, data=DATASET)
    assert is_well(app)
    assert "Of 3 compressed models, competence (mean over phenomena) falls by more" in words(app)
    assert "in **3**, by less in **0**" in words(app)
    panels = [n["text"] for n in chart(app, "dissociation").to_dict()["layout"]["annotations"]]
    assert panels == ["Discourse", "Syntax", "Overall"]
    assert len(chart(app, "dissociation-models").data) >= 1
    assert set(app.dataframe[0].value["Verdict"]) == {"dissociates"}
    assert "takes five trained models" in words(app)


def test_removals_are_shown_without_compressed_models_too(open_app: Open, store: Path) -> None:
    write_both(store, "tiny", (0.9, 0.9), (0.4, 0.4))
    write_removed(store, dataset=DATASET)
    app = open_app(PAGE, data=DATASET)
    assert is_well(app)
    assert "Of 2 removals, **1** cost more predictivity" in words(app)
    assert len(chart(app, "removal").data) == 2
    assert set(app.dataframe[-1].value["Verdict"]) == {"costs more", "undecided"}
