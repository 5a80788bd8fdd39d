"""Removal of properties of words from states of stories, fitted to training words alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from backend.datasets.story_recording import StoryRecording
from backend.encoding.folds import Fold
from backend.errors import InputError
from backend.jobs.story_design import StoryDesign
from backend.probing.erasure import Eraser, Erasers, StateSums, Whitening, indicators
from backend.probing.fit import Design, balanced, predict_labels
from backend.probing.story_labels import WordProperty

Masks = Mapping[str, NDArray[np.bool_]]
StatesOf = Callable[[str], NDArray[np.floating]]
# A probe that only checks a removal needs no more words than these.
_MOST_WORDS = 4000
# Neighbouring words are alike, and are drawn together.
_BLOCK = 50


@dataclass(frozen=True)
class FoldWords:
    """Words that are heard in a fold's training TRs, and in those that it holds out.

    Attributes
    ----------
    held_out : str
    train, test : mapping of str to ndarray of bool, shape (n_words,)
        By story. Words beside a held-out block are in neither, as its TRs are.
    """

    held_out: str
    train: Masks
    test: Masks


def words_of_folds(
    recording: StoryRecording, design: StoryDesign, folds: Sequence[Fold]
) -> tuple[FoldWords, ...]:
    """Find each fold's words.

    Parameters
    ----------
    recording : StoryRecording
    design : StoryDesign
    folds : sequence of Fold

    Returns
    -------
    tuple of FoldWords
    """
    places = _trs_of_words(recording, design)

    def heard_in(rows: NDArray[np.int64]) -> Masks:
        inside = np.zeros(sum(design.lengths) + 1, dtype=bool)
        inside[design.rows[rows]] = True
        return {story: inside[place] for story, place in places.items()}

    return tuple(
        FoldWords(fold.held_out, heard_in(fold.train), heard_in(fold.test)) for fold in folds
    )


def fit_word_erasers(
    states_of: StatesOf, words: FoldWords, properties: Sequence[WordProperty], n_random: int
) -> list[Erasers]:
    """Fit an eraser of each property to a fold's training words.

    Parameters
    ----------
    states_of : callable
        Gives a story's states of its words, of shape (n_words, n_dims).
    words : FoldWords
    properties : sequence of WordProperty
    n_random : int
        Draws of random directions.

    Returns
    -------
    list of Erasers
        Words without a label count for the spread of states, and not for the property.

    Raises
    ------
    InputError
        If a property has fewer than two labels among the training words.
    """
    trained = {story: mask for story, mask in words.train.items() if mask.any()}
    for known in properties:
        labels = np.concatenate([known.labels[story][mask] for story, mask in trained.items()])
        if len(set(labels[labels >= 0])) < 2:
            raise InputError(
                f"{known.name} has fewer than two labels among the training words when "
                f"{words.held_out} is held out; leave it out, or choose other folds."
            )
    sums = reduce(add, (StateSums.of(states_of(story)[mask]) for story, mask in trained.items()))
    whitening = Whitening.of(sums)
    return [
        whitening.erasers(_products(states_of, trained, known), n_random) for known in properties
    ]


def probe_words(
    states_of: StatesOf,
    folds: Sequence[FoldWords],
    known: WordProperty,
    erasers: Sequence[Eraser] | None = None,
) -> float:
    """Say what linear probes read of a property, before removal or after.

    Parameters
    ----------
    states_of : callable
        As of :func:`fit_word_erasers`.
    folds : sequence of FoldWords
    known : WordProperty
    erasers : sequence of Eraser, optional
        One per fold.

    Returns
    -------
    float
        Balanced accuracy on the words that are held out, by probes of the training words.
    """
    hits, truth = [], []
    for index, words in enumerate(folds):
        features, labels = _labelled(states_of, words.train, known)
        new, asked = _labelled(states_of, words.test, known)
        names, numbers = np.unique(labels, return_inverse=True)
        can_be_known = np.isin(asked, names)
        new, asked = new[can_be_known], np.searchsorted(names, asked[can_be_known])
        if not len(asked):
            continue
        read = np.concatenate([features, new])
        if erasers is not None:
            read = erasers[index].erase(read)
        each = np.arange(len(read))
        design = Design(
            np.concatenate([numbers, asked]), np.where(each < len(features), -1, 0),
            each // _BLOCK, each, len(names),
        )  # fmt: skip
        predicted = predict_labels(read, [design])[0][len(features) :]
        hits.append(predicted == asked)
        truth.append(names[asked])
    return float(balanced(np.concatenate(hits), np.concatenate(truth)))


def _trs_of_words(recording: StoryRecording, design: StoryDesign) -> dict[str, NDArray[np.int64]]:
    """Say in which TR of all stories each word has its middle; -1, the last place, in none."""
    places = {}
    first = 0
    for story, n_trs, start in zip(design.stories, design.lengths, design.starts, strict=True):
        midpoints = recording.stimuli[story].midpoints
        trs = np.floor((midpoints - start) / recording.tr).astype(np.int64)
        places[story] = np.where((trs >= 0) & (trs < n_trs), trs + first, -1)
        first += n_trs
    return places


def _products(states_of: StatesOf, trained: Masks, known: WordProperty) -> NDArray[np.float64]:
    """Sum the products of states and labels over the training words of all stories."""
    labels = [known.labels[story][mask] for story, mask in trained.items()]
    coded = np.split(
        indicators(np.concatenate(labels), known.n_labels),
        np.cumsum([len(part) for part in labels])[:-1],
    )
    return np.sum(
        [
            np.asarray(states_of(story)[mask], dtype=np.float64).T @ part
            for (story, mask), part in zip(trained.items(), coded, strict=True)
        ],
        axis=0,
    )


def _labelled(
    states_of: StatesOf, masks: Masks, known: WordProperty
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Gather states and labels of the words that have one, thinned out where they are many."""
    chosen = {
        story: np.flatnonzero(mask & (known.labels[story] >= 0)) for story, mask in masks.items()
    }
    step = -(-sum(map(len, chosen.values())) // _MOST_WORDS) or 1
    states = [
        np.asarray(states_of(story)[words[::step]], dtype=np.float32)
        for story, words in chosen.items()
    ]
    labels = [known.labels[story][words[::step]] for story, words in chosen.items()]
    return np.concatenate(states), np.concatenate(labels)
