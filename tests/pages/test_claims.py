"""The Claims page: a card per claim, none green by default, and the run that would decide it."""

from pathlib import Path

import pytest

from backend.catalog import citations, published_claims
from tests.comparisons.claim_stores import SIZES, Planted, fill_store, planted_scores
from tests.helpers import write_table
from tests.pages.conftest import RUN, Open, is_well, words

CLAIMS = "pages/claims.py"
TINY = {"tiny-1m": Planted(1e6), "tiny-7m": Planted(7e6)}


@pytest.fixture
def planted(store: Path) -> Path:
    """A store in which models of the published sizes are as good as equal."""
    fill_store(store, planted_scores(models=SIZES, n_folds=6, noise=0.002))
    return store


def badges(app) -> list[str]:
    return [
        m.value for m in app.main.markdown if "-badge[" in m.value and "measured" not in m.value
    ]


def test_the_results_that_ship_decide_no_claim(open_app: Open) -> None:
    app = open_app(CLAIMS)
    assert is_well(app)
    shown = words(app)
    assert (
        "Of 9 claims, the store supports 0, contradicts 0, leaves 0 undecided and holds no data "
        "for 9." in shown
    )
    assert badges(app) == []
    assert shown.count("no data]") == 9
    assert "22.7M parameters" in app.info[0].value


def test_every_claim_is_shown_with_its_citation_and_its_test(open_app: Open) -> None:
    shown = words(open_app(CLAIMS))
    for entry in published_claims().values():
        citation = citations()[entry.citation]
        assert entry.claim in shown
        assert f"[{citation.short}]({citation.url})" in shown
        assert entry.test.replace("{margin}", "0.02") in shown


def test_a_claim_that_nobody_reviewed_is_marked(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreviewed = {
        key: entry.model_copy(update={"reviewed": key != "log-linear"})
        for key, entry in published_claims().items()
    }
    monkeypatch.setattr("backend.comparisons.claims.published_claims", lambda: unreviewed)
    monkeypatch.setattr("backend.catalog.published_claims", lambda: unreviewed)
    assert words(open_app(CLAIMS)).count("not peer-reviewed") == 1


def test_an_empty_store_has_cards_without_data_and_a_first_run(
    open_app: Open, nothing_shipped: None
) -> None:
    app = open_app(CLAIMS)
    assert is_well(app)
    assert words(app).count("no data]") == 9
    assert "--dataset demo-cortex --subject sub-01" in app.main.code[0].value


def test_what_the_store_shows_is_green_when_measured(open_app: Open, planted: Path) -> None:
    app = open_app(CLAIMS, data="planted")
    assert is_well(app)
    assert any(":green-badge[:material/check_circle: supported]" in b for b in badges(app))
    assert any(":red-badge[:material/cancel: contradicted]" in b for b in badges(app))
    assert "90% interval, n = 6 folds" in words(app)


def test_simulated_data_are_never_green(open_app: Open, store: Path) -> None:
    fill_store(store, planted_scores(models=SIZES, n_folds=6, noise=0.002), evidence="simulated")
    app = open_app(CLAIMS, data="planted")
    assert is_well(app)
    assert not any("green" in b or "red-badge" in b for b in badges(app))
    assert any("orange-badge" in b and "supported on simulated data" in b for b in badges(app))
    assert "tested on simulated data" in words(app)


def test_other_sizes_are_labelled_and_never_green(open_app: Open, store: Path) -> None:
    fill_store(store, planted_scores(models=TINY, n_folds=6, noise=0.002))
    app = open_app(CLAIMS, data="planted")
    assert badges(app) == []
    app.segmented_control(key="sizes").set_value("own").run()
    assert is_well(app)
    assert app.query_params["small"] == "tiny-1m"
    assert app.query_params["large"] == "tiny-7m"
    assert any("violet-badge" in b and "supported at your sizes" in b for b in badges(app))
    assert not any("green" in b for b in badges(app))
    assert "Nothing here supports or contradicts the published claims" in app.info[0].value


def test_the_margin_decides_and_is_kept_in_the_url(open_app: Open, planted: Path) -> None:
    app = open_app(CLAIMS, data="planted", margin="0.3")
    assert app.number_input(key="margin").value == 0.3
    assert "±0.3 r" in words(app)
    app.number_input(key="margin").set_value(0.01).run()
    assert app.query_params["margin"] == "0.01"
    assert "±0.01 r" in words(app)


@pytest.mark.parametrize("value", ["0", "-1", "7", "nan", "wide", "<b>"])
def test_a_margin_that_cannot_be_used_is_left_out(open_app: Open, value: str) -> None:
    app = open_app(CLAIMS, margin=value)
    assert is_well(app)
    assert app.number_input(key="margin").value == 0.02
    assert "It was left out." in app.sidebar.warning[0].value


def test_the_sidebar_follows_the_data_set_of_the_page(open_app: Open, planted: Path) -> None:
    app = open_app(CLAIMS)
    assert app.sidebar.selectbox(key="data").value != "planted"
    app.selectbox(key="claims_data").set_value("planted").run()
    assert is_well(app)
    assert app.sidebar.selectbox(key="data").value == "planted"
    app.sidebar.selectbox(key="data").set_value("demo-cortex").run()
    assert app.selectbox(key="claims_data").value == "demo-cortex"
    assert "tested on simulated data" in words(app)


def test_the_next_run_fills_in_the_run_page(open_app: Open) -> None:
    app = open_app(CLAIMS, data="demo-cortex")
    app.button(key="run-quantization-harmless").click().run()
    assert not app.exception
    assert app.title[0].value == "Run"
    assert app.segmented_control(key="run_kind").value == "stories"
    assert app.selectbox(key="run_model").value == "qwen2.5-3b"
    assert app.selectbox(key="run_demo_subject").value == "sub-01"
    assert app.selectbox(key="run_story_split").value == "leave-story-out"


def test_a_run_on_a_table_leaves_its_path_to_the_user(open_app: Open, tmp_path: Path) -> None:
    app = open_app(CLAIMS, data="pereira2018-language-network", sizes="own")
    app.button(key="run-pruning-harmless").click().run()
    # Only the first run after a click follows the app to another page.
    app.switch_page(RUN).run()
    assert not app.exception
    assert app.segmented_control(key="run_data").value == "path"
    app.text_input(key="run_path").set_value(str(write_table(tmp_path / "sentences.csv"))).run()
    app.multiselect(key="run_responses").set_value(["left_ifg"]).run()
    assert app.selectbox(key="run_model").value == "minilm-l6"
    assert app.selectbox(key="run_compression").value == "magnitude-50"


def test_the_table_of_claims_is_one_click_away(open_app: Open, planted: Path) -> None:
    app = open_app(CLAIMS, data="planted")
    (button,) = [b for b in app.get("download_button") if b.proto.id.endswith("claims-csv")]
    assert button.proto.label == "CSV"
