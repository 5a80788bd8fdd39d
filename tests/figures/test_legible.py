import pandas as pd

from backend.figures.legible import few_series, n_series


def curves(models, compressions):
    return pd.DataFrame(
        [
            {"model": model, "compression": method, "n_parameters": size, "layer": layer}
            for size, model in enumerate(models)
            for method in compressions
            for layer in range(2)
        ]
    )


def test_few_series_are_all_drawn():
    frame = curves(["a", "b:random"], ["none", "bnb-nf4", "bnb-int8", "gptq-w4a16"])
    assert few_series(frame).equals(frame)


def test_of_many_the_full_precision_of_trained_models_is_drawn():
    frame = curves(["a", "b", "b:random"], ["none", "bnb-nf4", "bnb-int8"])
    kept = few_series(frame)
    assert set(zip(kept["model"], kept["compression"], strict=True)) == {
        ("a", "none"),
        ("b", "none"),
    }
    assert len(kept) == 4


def test_of_many_trained_models_the_largest_are_drawn():
    kept = few_series(curves([f"model-{i}" for i in range(20)], ["none"]), most=3)
    assert set(kept["model"]) == {"model-17", "model-18", "model-19"}


def test_where_nothing_is_at_full_precision_something_is_drawn():
    kept = few_series(curves(list("abcdefghij"), ["bnb-nf4"]))
    assert n_series(kept) == 8
