"""Colours that everybody can tell apart, on both grounds."""

import tomllib
from itertools import combinations

import numpy as np
import pytest

from backend.figures.compression import LOOKS, verdict_colour
from backend.figures.theme import ink, muted, order_colour, pin_colour
from backend.paths import PROJECT
from tests.figures.eyes import EYES, GROUNDS, contrast, lab


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_pins_stand_out_from_each_other_and_from_the_ground(mode):
    pins = [pin_colour(index, mode) for index in range(4)]
    for eye in EYES:
        for one, other in combinations(pins, 2):
            assert np.linalg.norm(lab(one, eye) - lab(other, eye)) > 30
    for pin in pins:
        assert all(contrast(pin, ground) >= 3 for ground in GROUNDS[mode])
        assert np.linalg.norm(lab(pin, "all cones") - lab(order_colour(mode), "all cones")) > 30


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_colours_of_words_have_the_contrast_of_aa(mode):
    for colour in (ink(mode), muted(mode)):
        assert all(contrast(colour, ground) >= 4.5 for ground in GROUNDS[mode])
    for colour in (order_colour(mode), *(verdict_colour(verdict, mode) for verdict in LOOKS)):
        assert contrast(colour, GROUNDS[mode][0]) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_apps_theme_has_the_contrast_of_aa(mode):
    theme = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text())["theme"][mode]
    grounds = theme["backgroundColor"], theme["secondaryBackgroundColor"]
    assert grounds == GROUNDS[mode]
    for name in theme:
        if name == "linkColor" or name.lower().endswith("textcolor"):
            assert all(contrast(theme[name], ground) >= 4.5 for ground in grounds), name
    # Words on a button, and the button on its ground.
    assert contrast(theme["primaryColor"], "#FFFFFF") >= 4.5
    assert contrast(theme["primaryColor"], grounds[0]) >= 3
