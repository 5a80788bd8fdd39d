import threading

import pytest
from threadpoolctl import threadpool_info

from backend.encoding.parallel import map_parallel


def test_results_come_in_the_order_of_the_items():
    gate = threading.Event()

    def late_for_the_first(item: int) -> int:
        if item == 0:
            gate.wait(10)
        else:
            gate.set()
        return item * item

    assert list(map_parallel(late_for_the_first, [0, 1])) == [0, 1]


def test_an_error_in_one_item_is_raised():
    def fail(item: int) -> int:
        raise ArithmeticError(f"item {item}")

    with pytest.raises(ArithmeticError, match="item 3"):
        list(map_parallel(fail, [3]))


def test_closing_drops_the_items_that_have_not_begun():
    begun = []
    results = map_parallel(lambda item: begun.append(item), list(range(10_000)))
    next(results)
    results.close()
    assert len(begun) < 10_000


def test_blas_has_one_thread_inside_and_as_many_as_before_afterwards():
    def blas_threads(_: int = 0) -> set[int]:
        return {info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"}

    before = blas_threads()
    assert list(map_parallel(blas_threads, [0])) == [{1}]
    assert blas_threads() == before


def test_inside_a_thread_items_are_worked_on_in_turn():
    def threads_of(_):
        return set(map_parallel(lambda _: threading.get_ident(), range(8)))

    assert all(len(found) == 1 for found in map_parallel(threads_of, range(4)))
