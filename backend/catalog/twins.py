"""How the random twin of a model is named."""

RANDOM_TWIN = ":random"
"""Behind the name of the model whose architecture it has."""
