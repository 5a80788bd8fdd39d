"""A link says what is selected; what it gets wrong is left out, and said."""

from pathlib import Path

import pytest

from tests.pages.conftest import LAYERS, RUN, Open, add_run, chart, is_well

DEFAULT = {
    "data": "pereira2018-language-network",
    "evidence": "measured",
    "subject": "average over participants",
    "roi": "language_network_response",
    "hemisphere": "left",
    "models": "minilm-l6",
    "compressions": ["none", "bnb-int8", "bnb-nf4"],
    "folds": "contiguous",
    "shuffled": "false",
    "metric": "r",
}
HOSTILE = [
    "<script>alert(1)</script>",
    "![spy](http://example.invalid/spy.png)",
    "[click](javascript:alert(1))",
    "'; DROP TABLE runs; --",
    "../../etc/passwd",
    "\x00",
    "`code` $x$ :red[x]\n\n# heading",
    "x" * 100_000,
    "😀",
]


@pytest.mark.parametrize(
    "key",
    [
        "data", "evidence", "subject", "roi", "hemisphere", "models", "compressions", "folds",
        "metric", "shuffled",
    ],
)  # fmt: skip
def test_an_unknown_value_is_left_out_with_a_warning(open_app: Open, key: str) -> None:
    app = open_app(RUN, **{key: "nonsense"})
    assert is_well(app)
    (warning,) = app.sidebar.warning
    assert f"{key} `'nonsense'`" in warning.value
    assert warning.value.endswith("It was left out.")
    assert app.query_params == DEFAULT


@pytest.mark.parametrize(
    ("key", "value"), [*(("data", value) for value in HOSTILE), ("models", HOSTILE[0])]
)
def test_a_hostile_value_is_quoted_as_code_and_nothing_else(
    open_app: Open, key: str, value: str
) -> None:
    app = open_app(RUN, **{key: value})
    assert is_well(app)
    (warning,) = app.sidebar.warning
    before, quoted, after = warning.value.split("`")
    assert before.endswith(f" {key} ")
    assert after == ". It was left out."
    assert "\n" not in quoted
    assert len(quoted) < 80
    assert app.query_params["data"] == "pereira2018-language-network"


@pytest.mark.parametrize("page", [None, LAYERS, RUN])
def test_the_url_says_what_is_selected_on_every_page(open_app: Open, page: str | None) -> None:
    # A page adds its own controls.
    assert DEFAULT.items() <= open_app(page).query_params.items()


def test_known_values_beside_unknown_ones_are_kept(open_app: Open) -> None:
    app = open_app(RUN, compressions=["bnb-nf4", "made-up"])
    assert app.multiselect(key="compressions").value == ["bnb-nf4"]
    assert "made-up" in app.sidebar.warning[0].value


def test_repeated_values_count_once(open_app: Open) -> None:
    app = open_app(RUN, compressions=["none", "none"])
    assert is_well(app)
    assert app.multiselect(key="compressions").value == ["none"]


def test_empty_values_are_as_good_as_none(open_app: Open) -> None:
    app = open_app(RUN, data="", models="", metric="", shuffled="")
    assert is_well(app)
    assert not app.sidebar.warning


def test_a_warning_is_gone_with_the_next_choice(open_app: Open) -> None:
    app = open_app(RUN, metric="nonsense")
    assert app.sidebar.warning
    app.segmented_control(key="metric").set_value("unique_r2").run()
    assert not app.sidebar.warning


def test_other_parameters_are_left_alone(open_app: Open) -> None:
    assert open_app(RUN, utm_source="talk").query_params["utm_source"] == "talk"


def test_a_link_gives_back_the_selection_it_was_taken_from(open_app: Open, store: Path) -> None:
    for model in ("tiny", "large"):
        for split in ("contiguous", "shuffled"):
            add_run(store, model=model, split=split)
    first = open_app(LAYERS, data="toy")
    first.multiselect(key="roi").set_value(["left_ptl"])
    first.multiselect(key="models").set_value(["large"])
    first.segmented_control(key="metric").set_value("unique_r2")
    first.toggle(key="shuffled").set_value(True)
    first.run()
    second = open_app(LAYERS, **first.query_params)
    assert is_well(second)
    assert second.query_params == first.query_params
    assert chart(second, "layers") == chart(first, "layers")
    assert {trace.xaxis for trace in chart(second, "layers").data} == {"x", "x2"}


def test_the_selection_is_kept_from_page_to_page(open_app: Open) -> None:
    app = open_app(LAYERS)
    app.multiselect(key="compressions").set_value(["none"])
    app.segmented_control(key="metric").set_value("unique_r2").run()
    selected = dict(app.query_params)
    for page in ("pages/overview.py", "pages/run.py", LAYERS):
        app.switch_page(page).run()
        assert is_well(app)
        assert app.query_params == selected
