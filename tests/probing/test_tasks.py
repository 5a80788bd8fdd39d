import pytest

from backend.errors import InputError
from backend.probing.bundled import bundled_tasks
from backend.probing.tasks import Item, Piece, ProbingTask, choose_tasks
from tests.probing.items import make_task


def test_a_task_with_one_class_is_refused() -> None:
    with pytest.raises(InputError, match="task 'toy' has only the label 'a'; a probe takes"):
        make_task(["one", "two"], ["a", "a"])


def test_a_task_without_items_is_refused() -> None:
    with pytest.raises(InputError, match="no items"):
        make_task([], [])


def test_a_fold_that_holds_a_whole_label_is_refused() -> None:
    items = tuple(
        Item((Piece(f"text {fold}"),), label, fold, fold, fold, "text")
        for fold, label in enumerate("aab")
    )
    with pytest.raises(InputError, match="trains on no item labelled 'b' when fold 2"):
        ProbingTask("toy", "Toy", "syntax", items)


def test_tasks_are_chosen_by_name_and_by_phenomenon() -> None:
    chosen = choose_tasks(bundled_tasks(), ["syntax", "verb-tense"])
    assert {task.phenomenon for task in chosen} == {"syntax", "morphology"}
    assert len(choose_tasks(bundled_tasks(), [])) == len(bundled_tasks())
    with pytest.raises(InputError, match="no task 'sintax'; accepted are discourse, syntax"):
        choose_tasks(bundled_tasks(), ["sintax"])


def test_a_part_that_is_looked_at_is_marked() -> None:
    item = Item((Piece("She ran home", (4, 7)),), "past", 0, 0, 0, "ran")
    assert item.text == "She [ran] home"
