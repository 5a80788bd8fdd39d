from itertools import product

import pandas as pd
import pytest

from backend.errors import InputError
from backend.store.queries import choices
from backend.store.reader import ResultStore
from backend.store.shards import write_run
from backend.views.choose import KEYS, choose, offer
from backend.views.narrow import indexed
from tests.helpers import make_config, make_tables


def rows(**changes):
    row = {
        "dataset": "toy", "evidence": "measured", "subject": "s1", "model_family": "gpt",
        "model": "small", "compression": "none", "context_length": None, "split": "contiguous",
        "roi": "ifg", "hemisphere": "left", "n_runs": 1, "n_layers": 6, "has_ceiling": False,
    }  # fmt: skip
    values = [value if isinstance(value, list) else [value] for value in changes.values()]
    return pd.DataFrame([row | dict(zip(changes, each, strict=True)) for each in product(*values)])


MANY = rows(
    subject=["s1", "s2"], roi=["ifg", "ptl"], hemisphere=["left", "right"],
    model=["small", "large"], compression=["none", "bnb-nf4"], context_length=[32, 128],
)  # fmt: skip


def test_by_default_the_first_subject_and_region_and_few_names_are_chosen():
    chosen = choose(MANY, {})
    selection = chosen.selection
    assert (selection.dataset, selection.evidence, selection.hemisphere) == (
        "toy", "measured", "left",
    )  # fmt: skip
    assert (selection.subjects, selection.rois) == (("s1",), ("ifg",))
    assert set(selection.models) == {"small", "large"}
    assert selection.compressions == ("none", "bnb-nf4")
    assert (selection.families, selection.contexts) == ((), ())
    assert (selection.layers, selection.depth) == (None, None)
    assert (chosen.split, chosen.shuffled, chosen.metric) == ("contiguous", False, "r")


def test_several_subjects_regions_and_contexts_are_chosen_in_the_order_that_is_asked():
    asked = {"subject": ["s2", "s1"], "roi": ["ptl", "ifg"], "context": ["128"]}
    selection = choose(MANY, asked).selection
    assert selection.subjects == ("s2", "s1")
    assert selection.rois == ("ptl", "ifg")
    assert selection.contexts == (128,)
    assert selection.of_first_response().subjects == ("s2",)
    assert (selection.subject, selection.roi) == ("s2", "ptl")


def test_options_are_counted_in_runs_not_in_rows():
    options = offer(MANY, {}).options
    # Two models, two compressions and two contexts for each subject, in four places each.
    assert options["subject"] == {"s1": 8, "s2": 8}
    assert options["roi"] == {"ifg": 8, "ptl": 8}
    assert options["models"] == {"small": 4, "large": 4}
    assert options["context"] == {"32": 4, "128": 4}


def test_options_narrow_to_what_exists_beside_the_other_choices():
    frame = pd.concat([MANY, rows(dataset="other", model="alone", model_family="bert")])
    assert list(offer(frame, {}).options["models"]) == ["small", "large"]
    other = offer(frame, {"data": ["other"]})
    assert list(other.options["models"]) == ["alone"]
    assert other.options["families"] == {"bert": 1}
    assert other.chosen.selection.models == ("alone",)


def test_families_narrow_models():
    frame = pd.concat([MANY, rows(model="bert-base", model_family="bert")])
    chosen = offer(frame, {"families": ["bert"]})
    assert list(chosen.options["models"]) == ["bert-base"]


def test_more_names_than_a_few_are_not_all_named():
    frame = rows(model=[f"m{number}" for number in range(9)])
    assert choose(frame, {}).selection.models == ()
    assert choose(frame, {"models": ["m3"]}).selection.models == ("m3",)


def test_a_list_that_was_emptied_stays_empty():
    assert choose(MANY, {"models": []}).selection.models == ()


@pytest.mark.parametrize("key", [key for key in KEYS if key != "shuffled"])
def test_what_is_unknown_is_named_and_left_out(key):
    found = offer(MANY, {key: ["nonsense"]})
    assert found.unknown == ((key, "nonsense"),)
    assert found.chosen == choose(MANY, {})


@pytest.mark.parametrize(
    ("asked", "layers", "depth"),
    [
        ("2-4", (2, 4), None),
        ("2-99", (2, 6), None),
        ("0-6", None, None),
        ("25%-75%", None, (0.25, 0.75)),
        ("0%-100%", None, None),
    ],
)
def test_layers_are_chosen_by_number_or_by_depth(asked, layers, depth):
    found = offer(MANY, {"layers": [asked]})
    assert (found.chosen.selection.layers, found.chosen.selection.depth) == (layers, depth)
    assert not found.unknown
    assert found.deepest == 6


@pytest.mark.parametrize(
    "asked", ["4-2", "7-9", "-1-3", "1", "75%-25%", "0%-101%", "1-2\n", "١-٣", "9" * 5000 + "-1"]
)
def test_other_layers_are_named_and_left_out(asked):
    found = offer(MANY, {"layers": [asked]})
    assert found.unknown == (("layers", asked),)
    assert found.chosen.selection.layers is None


def test_shuffled_folds_are_compared_but_never_chosen():
    frame = rows(split=["contiguous", "shuffled"])
    found = offer(frame, {"folds": ["shuffled"], "shuffled": ["true"]})
    assert (found.chosen.split, found.chosen.shuffled) == ("contiguous", True)
    assert list(found.options["folds"]) == ["contiguous"]
    assert not choose(rows(), {"shuffled": ["true"]}).shuffled
    assert choose(rows(split="shuffled"), {}).split == "shuffled"


def test_normalized_predictivity_takes_a_ceiling():
    assert choose(MANY, {"metric": ["r_normalized"]}).metric == "r"
    assert choose(rows(has_ceiling=True), {"metric": ["r_normalized"]}).metric == "r_normalized"


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"subject": ("s2", "s1"), "models": ("large",), "layers": ("1-3",), "metric": ("r",)},
        {"layers": ("20%-60%",), "context": ("32",), "families": ("gpt",)},
    ],
)  # fmt: skip
def test_parameters_give_back_the_choice_they_are_written_from(asked):
    chosen = choose(MANY, asked)
    assert choose(MANY, chosen.parameters()) == chosen
    assert set(asked.items()) <= set(chosen.parameters().items())


def test_nothing_to_choose_from_is_an_error():
    with pytest.raises(InputError, match="start a run"):
        choose(MANY.iloc[:0], {})


def test_a_table_of_a_store_and_its_indexed_form_choose_alike(tmp_path):
    for number, model in enumerate(("tiny", "large")):
        for pooling in ("mean", "last"):
            config = make_config(model=model, pooling=pooling, seed=number)
            write_run(tmp_path, config.run_id, make_tables(config))
    table = choices(ResultStore(tmp_path))
    found = offer(table, {"models": ["large"]})
    assert found.options["models"] == {"large": 2, "tiny": 2}
    assert found.options["data"] == {"toy": 4}
    assert found.deepest == 2
    again = offer(indexed(table), {"models": ["large"]})
    assert (again.chosen, again.options) == (found.chosen, found.options)
