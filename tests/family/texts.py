"""Text to train on: sentences of a few words, a paragraph a line."""

import numpy as np

from tests.helpers import WORDS


def paragraphs(n_characters: int, seed: int = 0) -> str:
    random = np.random.default_rng(seed)
    lines: list[str] = []
    while sum(map(len, lines)) < n_characters:
        lines.append(" ".join(random.choice(WORDS, 12)).capitalize() + ".")
    return "\n".join(lines)
