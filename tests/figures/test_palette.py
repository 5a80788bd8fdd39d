"""Families and compressions have one colour each, whatever else is drawn, for all kinds of eyes."""

import tomllib
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backend import catalog
from backend.figures.palette import (
    compression_colour,
    evidence_hue,
    family_look,
    model_colour,
    series_looks,
    variants,
)
from backend.figures.theme import ink, order_colour
from backend.paths import PROJECT
from tests.figures.eyes import EYES, GROUNDS, contrast, lab

MODES = ("light", "dark")
# One setting of each method, none of them shaded.
METHODS = (
    "bnb-int8", "rtn-w8a16", "gptq-w4a16", "awq-w4a16", "smoothquant-w8a8", "magnitude-10",
    "wanda-10", "sparsegpt-10",
)  # fmt: skip


def frame(*kinds: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [{"title": f"{model}, {how}", "model": model, "compression": how} for model, how in kinds]
    )


@pytest.mark.parametrize("mode", MODES)
def test_no_two_meanings_have_colours_that_some_eye_takes_for_one(mode: Any) -> None:
    families = {family_look(name, mode).colour for name in catalog.families()}
    methods = {compression_colour(name, mode) for name in METHODS}
    assert len(families) == 6
    assert len(methods) == len(METHODS)
    every = [*families, *methods, ink(mode), order_colour(mode)]
    for eye in EYES:
        nearest = min(
            float(np.linalg.norm(lab(one, eye) - lab(other, eye)))
            for one, other in combinations(every, 2)
        )
        assert nearest > (18 if eye == "all cones" else 9), eye


@pytest.mark.parametrize("mode", MODES)
def test_every_colour_stands_out_from_both_grounds(mode: Any) -> None:
    colours = [
        *(model_colour(name, mode) for name in (*catalog.models(), "mine/llama-99b", "unheard-of")),
        *(compression_colour(name, mode) for name in (*catalog.compressions(), "odd-13")),
    ]
    for colour in colours:
        assert all(contrast(colour, ground) >= 3 for ground in GROUNDS[mode]), colour


@pytest.mark.parametrize("mode", MODES)
def test_kinds_of_evidence_are_words_that_every_eye_can_read_and_tell_apart(mode: Any) -> None:
    theme = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text())["theme"][mode]
    kinds = ("measured", "simulated", "published", "published, not peer-reviewed")
    hues = [evidence_hue(kind) for kind in kinds]
    assert hues == ["blue", "orange", "gray", "gray"]
    colours = [theme[f"{hue}TextColor"] for hue in hues[:3]]
    for colour in colours:
        assert all(contrast(colour, ground) >= 4.5 for ground in GROUNDS[mode]), colour
    for eye in EYES:
        for one, other in combinations(colours, 2):
            assert np.linalg.norm(lab(one, eye) - lab(other, eye)) > 9, (eye, one, other)


def test_families_that_share_a_colour_have_symbols_of_their_own() -> None:
    looks = [family_look(name, "light") for name in (*catalog.families(), "some-new-family")]
    assert len({(look.colour, look.symbol) for look in looks}) == len(looks)


def test_a_name_has_its_look_for_good() -> None:
    # An unknown one as well: it is drawn from the name, not from the order of what is shown.
    assert family_look("some-new-family", "light") == family_look("some-new-family", "light")
    assert compression_colour("wanda-60", "light") == compression_colour("wanda-10", "light")
    assert model_colour("models/Llama-3.1-8B", "light") == family_look("Llama-3", "light").colour
    alone = series_looks(frame(("minilm-l6", "none")), "light")
    among = series_looks(
        frame(("gpt2", "none"), ("pythia-14m", "none"), ("minilm-l6", "none")), "light"
    )
    assert among["minilm-l6, none"] == alone["minilm-l6, none"]


def test_one_model_under_several_compressions_has_the_colours_of_these() -> None:
    found = series_looks(frame(("minilm-l6", "none"), ("minilm-l6", "wanda-50")), "light")
    assert found["minilm-l6, none"].colour == ink("light")
    assert found["minilm-l6, wanda-50"].colour == compression_colour("wanda-50", "light")
    both = series_looks(frame(("minilm-l6", "none"), ("gpt2", "wanda-50")), "light")
    assert both["gpt2, wanda-50"].colour == model_colour("gpt2", "light")
    assert both["gpt2, wanda-50"].dash != both["minilm-l6, none"].dash


@pytest.mark.parametrize(
    "kinds",
    [
        [(name, "none") for name in ("minilm-l6", "gpt2", "cortexscale-1m", "cortexscale-7m", "x")],
        [("minilm-l6", name) for name in ("none", "bnb-int8", "bnb-nf4", *METHODS[1:6])],
        [(name, how) for name in ("gpt2", "gpt2:random") for how in ("none", "awq-w4a16", "odd")],
        [(f"model {place}", "none") for place in range(8)],
    ],
)
def test_no_two_series_look_alike_without_their_colours(kinds: list[tuple[str, str]]) -> None:
    found = series_looks(frame(*kinds), "light")
    assert len({(look.symbol, look.dash) for look in found.values()}) == len(kinds)


def test_the_larger_of_a_family_are_deeper_and_parts_of_one_model_are_its_shades() -> None:
    small, large = (model_colour(f"cortexscale-{size}", "light") for size in ("0.1m", "7m"))
    assert contrast(large, "#FFFFFF") > contrast(small, "#FFFFFF") + 1
    sides = variants(["left", "right"], "minilm-l6", "light")
    assert sides["left"].colour == model_colour("minilm-l6", "light") != sides["right"].colour
    assert sides["left"].dash != sides["right"].dash
