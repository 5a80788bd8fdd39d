"""Words on coloured cells can be read on each of them."""

import numpy as np
import pytest

from backend.figures.cells import cell_words, colours_at
from tests.figures.eyes import contrast


@pytest.mark.parametrize("scale", ["Viridis", "RdBu", "Greys"])
def test_words_have_contrast_on_every_colour_of_a_scale(scale: str) -> None:
    values = np.linspace(-0.2, 0.6, 101).reshape(1, -1)
    words = cell_words([[f"{value:.2f}" for value in values[0]]], values, (-0.2, 0.6), scale)
    grounds = colours_at(np.linspace(0, 1, 101).tolist(), scale)
    for ground, ink in zip(grounds, words["textfont"]["color"], strict=True):
        shown = "#" + "".join(f"{round(part):02X}" for part in ground)
        assert contrast(shown, ink) >= 4.5


def test_cells_without_a_word_stay_empty() -> None:
    words = cell_words([["a", ""], ["", "b"]], np.eye(2), (0.0, 1.0), "Viridis")
    assert list(zip(words["x"], words["y"], words["text"], strict=True)) == [
        (0, 0, "a"), (1, 1, "b"),
    ]  # fmt: skip


def test_a_map_of_one_value_has_words_too() -> None:
    assert cell_words([["a"]], np.zeros((1, 1)), (0.0, 0.0), "Viridis")["text"] == ["a"]
    assert cell_words([[""]], np.full((1, 1), np.nan), (0.0, 0.0), "Viridis")["text"] == []
