"""What the simulated listeners heard: the demo's stories, and the runs of a session."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from backend import catalog
from backend.datasets.speaking import speak
from backend.paths import ASSETS
from backend.stimuli import Words, read_words

DATASET = "demo-cortex"
FOLDER = ASSETS / "demo" / "stories"
REPEATED = "the-last-key"
N_REPEATS = 3
AFTER_STORY = 10.0
"""Seconds that the scanner runs on after the last word, while the response to it fades."""


@cache
def demo_stories() -> dict[str, Words]:
    """Read the stories with their word times.

    Returns
    -------
    dict of str to Words
        In alphabetical order of their names.
    """
    stories = [words for path in sorted(FOLDER.glob("*.csv")) for words in read_words(path)]
    return {words.story: words for words in stories}


def n_trs(words: Words, tr: float) -> int:
    """Volumes of one presentation of a story.

    Parameters
    ----------
    words : Words
    tr : float
        Seconds from a volume to the next.

    Returns
    -------
    int
    """
    return int(np.ceil((words.seconds + AFTER_STORY) / tr))


def demo_lengths() -> dict[str, int]:
    """TRs of one presentation of each story, without simulating anything."""
    tr = catalog.story_datasets()[DATASET].tr
    return {story: n_trs(words, tr) for story, words in demo_stories().items()}


def presentations(stories: dict[str, Words]) -> tuple[str, ...]:
    """Story of each run: one after the other, then the repeats of the repeated one.

    Parameters
    ----------
    stories : dict of str to Words

    Returns
    -------
    tuple of str
    """
    repeats = (REPEATED,) * (N_REPEATS - 1) if REPEATED in stories else ()
    return (*stories, *repeats)


def word_table(path: Path) -> pd.DataFrame:
    """Give the words of a text file their times.

    Parameters
    ----------
    path : Path
        A story; its name is the file's without its ending.

    Returns
    -------
    pandas.DataFrame
        Columns ``word``, ``onset``, ``offset`` (seconds, three decimals) and ``sentence``.
    """
    words = speak(path.read_text(encoding="utf-8"), path.stem)
    return pd.DataFrame(
        {
            "word": words.words,
            "onset": [f"{seconds:.3f}" for seconds in words.onsets],
            "offset": [f"{seconds:.3f}" for seconds in words.offsets],
            "sentence": words.sentences,
        }
    )
