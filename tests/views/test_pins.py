from dataclasses import replace

import pytest

from backend.views.choose import choose
from backend.views.pins import MOST_PINS, next_pin, read_pins
from tests.views.test_choose import MANY


def pinned(*asked):
    pins = []
    for parameters in asked:
        pins.append(next_pin(pins, choose(MANY, parameters)))
    return pins


THREE = ({"models": ["small"]}, {"models": ["large"]}, {"roi": ["ptl"], "layers": ["1-3"]})


def test_pins_are_read_as_they_are_written():
    pins = pinned(*THREE)
    assert read_pins(MANY, [pin.word() for pin in pins]) == (pins, [])
    assert [(pin.index, pin.letter) for pin in pins] == [(0, "A"), (1, "B"), (2, "C")]


def test_a_colour_stays_when_another_pin_goes():
    first, second, third = pinned(*THREE)
    read, _ = read_pins(MANY, [third.word(), second.word()])
    assert read == [second, third]
    assert next_pin(read, first.chosen).index == 0


def test_there_are_four_at_most_and_none_twice():
    asked = [{"layers": [f"0-{last}"]} for last in range(1, 5)]
    pins = pinned(*asked)
    assert len(pins) == MOST_PINS
    assert next_pin(pins, choose(MANY, {})) is None
    assert next_pin(pins[:2], pins[0].chosen) is None
    fifth = replace(pins[0], chosen=choose(MANY, {})).word()
    assert read_pins(MANY, [*(pin.word() for pin in pins), fifth]) == (pins, [fifth])


def test_two_pins_of_one_colour_get_one_each():
    word = pinned(THREE[0])[0].word()
    other = pinned(THREE[1])[0].word()
    read, unknown = read_pins(MANY, [word, other])
    assert [pin.index for pin in read] == [0, 1]
    assert not unknown


@pytest.mark.parametrize(
    "word",
    [
        "", "x", "data=nowhere", "data=toy&models=nothing", "data=toy&zoom=1", "models=small",
        "data=toy&data=%00", "<script>", "&" * 5000, "=".join("ab" * 500), "\x00",
        "&".join(f"data={n}" for n in range(500)),
    ],
)  # fmt: skip
def test_what_is_no_pin_is_left_out_and_returned(word):
    assert read_pins(MANY, [word]) == ([], [word])


def test_a_name_says_what_is_pinned_and_may_be_any_text():
    assert [pin.name for pin in pinned(*THREE[:1])] == ["small, 2 compressions, ifg left, s1"]
    pin = replace(pinned(THREE[0])[0], name="A & B <i> é")
    assert read_pins(MANY, [pin.word()])[0] == [pin]
