"""How the random twin of a model is named."""

RANDOM_TWIN = ":random"
"""Behind the name of the model whose architecture it has."""


def is_random(model: str) -> bool:
    """Whether a name is that of a model with random weights."""
    return model.endswith(RANDOM_TWIN)
