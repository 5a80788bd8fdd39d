import pytest

from backend.catalog import models
from backend.features.alternatives import find_alternatives, resident_footprint
from backend.features.sources import resolve_model


def names(alternatives):
    return [(choice.model, choice.compression) for choice in alternatives]


def test_the_same_model_packed_comes_first_then_the_largest_of_its_family():
    found = find_alternatives(resolve_model("falcon3-7b-base"), "none", free=15e9)
    assert names(found) == [
        ("falcon3-7b-base", "bnb-nf4"), ("falcon3-3b-base", "none"), ("falcon3-1b-base", "none"),
    ]  # fmt: skip
    assert all(choice.needed < 16e9 for choice in found)


def test_with_more_room_eight_bits_are_offered_before_four():
    found = find_alternatives(resolve_model("falcon3-7b-base"), "none", free=28e9)
    assert names(found)[:2] == [("falcon3-7b-base", "bnb-int8"), ("falcon3-7b-base", "bnb-nf4")]


def test_instruct_models_stand_in_for_instruct_models():
    found = find_alternatives(resolve_model("qwen2.5-14b-instruct"), "bnb-nf4", free=8e9)
    assert found
    assert all(models()[choice.model].instruct for choice in found)
    assert {choice.compression for choice in found} == {"bnb-nf4"}


def test_a_random_twin_is_replaced_by_random_twins():
    found = find_alternatives(resolve_model("falcon3-7b-base:random"), "none", free=16e9)
    assert {choice.model.split(":")[1] for choice in found} == {"random"}


def test_work_beside_the_weights_counts():
    source = resolve_model("falcon3-7b-base")
    assert find_alternatives(source, "none", free=16e9, work=16e9) == ()


def test_a_folder_has_itself_packed_and_no_family(llama_folder):
    found = find_alternatives(resolve_model(str(llama_folder)), "none", free=1e12)
    assert names(found) == [("tiny-llama", "bnb-int8"), ("tiny-llama", "bnb-nf4")]


def test_a_model_of_unknown_size_has_none():
    assert find_alternatives(resolve_model("organisation/model"), "none", free=1e12) == ()


def test_an_alternative_is_written_as_the_command_line_takes_it():
    found = find_alternatives(resolve_model("falcon3-7b-base"), "none", free=15e9)
    assert str(found[0]).startswith("falcon3-7b-base with bnb-nf4 (")
    assert str(found[1]).startswith("falcon3-3b-base (")


@pytest.mark.parametrize(("suffix", "stored"), [("", 2.0), (":random", 4.0)])
def test_random_weights_are_drawn_in_32_bits(suffix, stored):
    assert resident_footprint(resolve_model(f"pythia-70m{suffix}")).stored_bytes == stored
