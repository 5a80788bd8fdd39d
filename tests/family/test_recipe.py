import pytest

from backend.family.recipe import Recipe

RECIPE = Recipe(steps=1000, warm_up=100, peak_rate=4e-3)


def test_the_learning_rate_warms_up_linearly_to_its_peak():
    assert RECIPE.rate(0, 64) == pytest.approx(4e-5)
    assert RECIPE.rate(49, 64) == pytest.approx(2e-3)
    assert RECIPE.rate(99, 64) == pytest.approx(4e-3)


def test_a_cosine_takes_it_down_to_a_tenth():
    assert RECIPE.rate(550, 64) == pytest.approx(0.55 * 4e-3)
    assert RECIPE.rate(999, 64) == pytest.approx(4e-4, rel=1e-3)
    rates = [RECIPE.rate(step, 64) for step in range(100, 1000)]
    assert rates == sorted(rates, reverse=True)


def test_it_falls_with_the_square_root_of_the_width():
    assert RECIPE.rate(500, 256) == pytest.approx(RECIPE.rate(500, 64) / 2)


def test_a_training_shorter_than_its_warm_up_has_a_rate_at_every_step():
    short = Recipe(steps=3, warm_up=100)
    assert [short.rate(step, 64) for step in range(3)] == pytest.approx([4e-5, 8e-5, 12e-5])


def test_tokens_are_counted_over_all_steps():
    assert Recipe(steps=10, batch=4, length=32).n_tokens == 1280
