"""States of pieces in the context of their story, as encoding models have them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from backend.errors import InputError
from backend.features.cache import StateCache
from backend.features.contexts import ContextSettings
from backend.features.loading import LoadedModel
from backend.features.story_states import extract_story_states
from backend.probing.states import PieceStates, chosen_layers
from backend.probing.tasks import Piece
from backend.stimuli import Words

Advance = Callable[[int], None]


def read_story_pieces(
    loaded: LoadedModel,
    stories: Sequence[Words],
    pieces: Sequence[Piece],
    settings: ContextSettings,
    cache: StateCache,
    out: Path,
    layers: Sequence[int] | None = None,
    advance: Advance = lambda n: None,
) -> tuple[PieceStates, tuple[str, ...]]:
    """Read stories as the encoding engine does, and average words' states over each piece.

    Parameters
    ----------
    loaded : LoadedModel
    stories : sequence of Words
        Pieces count their words one story after the other.
    pieces : sequence of Piece
        Distinct, each with its words.
    settings : ContextSettings
    cache : StateCache
        What an encoding run has read is taken from there, and the other way round.
    out : Path
        File to write the states of pieces to.
    layers : sequence of int, optional
        All, by default.
    advance : callable
        Called with the number of words just read.

    Returns
    -------
    tuple of (PieceStates, tuple of str)
        And what is to be said beside the results.

    Raises
    ------
    InputError
        If a layer is not there, a piece is part of no story, or windows do not fit the model.
    ModelError, StoreError
        As :func:`backend.features.story_states.extract_story_states`.
    """
    if any(piece.words is None for piece in pieces):
        raise InputError("these texts are part of no story; read them by themselves.")
    read = [extract_story_states(loaded, each, settings, cache, advance) for each in stories]
    kept = chosen_layers(layers, len(read[0].layers))
    starts = np.array([piece.words[0] for piece in pieces if piece.words is not None])
    stops = np.array([piece.words[1] for piece in pieces if piece.words is not None])
    shape = (len(kept), len(pieces), read[0].n_dims)
    states = np.lib.format.open_memmap(out, mode="w+", dtype=np.float32, shape=shape)
    for place, layer in enumerate(kept):
        words = np.concatenate(
            [each.layer(layer).astype(np.float32) / each.scales[layer] for each in read]
        )
        # Sums up to each word; double, since small differences of large sums are taken.
        sums = np.concatenate([np.zeros((1, words.shape[1])), words.cumsum(axis=0, dtype=float)])
        states[place] = (sums[stops] - sums[starts]) / (stops - starts)[:, None]
    warnings = tuple(dict.fromkeys(note for each in read for note in each.warnings))
    return PieceStates(states, kept, {piece: at for at, piece in enumerate(pieces)}), warnings
