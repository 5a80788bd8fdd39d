"""States of the pieces that items are made of: every layer, read once for all tasks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from backend.errors import InputError, ModelError
from backend.features.forward import hidden_states
from backend.features.loading import LoadedModel
from backend.probing.tasks import Item, Piece, ProbingTask

Advance = Callable[[int], None]
_BATCH = 32


@dataclass(frozen=True)
class PieceStates:
    """States on disk, and which of them belong to which piece.

    Attributes
    ----------
    states : ndarray of float32, shape (n_layers, n_pieces, n_dims)
        Mapped rather than held.
    layers : tuple of int
        Along the first axis; 0 is the embedding output.
    places : mapping of Piece to int
        Along the second axis.
    """

    states: NDArray[np.float32]
    layers: tuple[int, ...]
    places: Mapping[Piece, int]

    def of_items(self, items: Sequence[Item], layer: int) -> NDArray[np.float32]:
        """Gather what a layer makes of items.

        Parameters
        ----------
        items : sequence of Item
            Each of as many pieces.
        layer : int

        Returns
        -------
        ndarray of float32, shape (n_items, n_dims x pieces of an item)
        """
        rows = np.array([[self.places[piece] for piece in item.pieces] for item in items])
        of_layer = self.states[self.layers.index(layer)]
        return np.concatenate([of_layer[column] for column in rows.T], axis=1)


def pieces_of(tasks: Sequence[ProbingTask]) -> tuple[Piece, ...]:
    """Return the distinct pieces of tasks, in order."""
    return tuple(
        dict.fromkeys(piece for task in tasks for item in task.items for piece in item.pieces)
    )


def read_pieces(
    loaded: LoadedModel,
    pieces: Sequence[Piece],
    out: Path,
    layers: Sequence[int] | None = None,
    advance: Advance = lambda n: None,
) -> PieceStates:
    """Read each text once, by itself, and average every layer's states over each of its pieces.

    Parameters
    ----------
    loaded : LoadedModel
    pieces : sequence of Piece
        Distinct.
    out : Path
        File to write the states to.
    layers : sequence of int, optional
        All, by default.
    advance : callable
        Called with the number of texts just read.

    Returns
    -------
    PieceStates

    Raises
    ------
    InputError
        If a text is longer than the model reads, a piece has no token of its own, or a layer is
        not there.
    ModelError
        If the tokenizer cannot tell where its tokens stand in the text, or states are not finite.
    """
    places = {piece: place for place, piece in enumerate(pieces)}
    by_text: dict[str, list[Piece]] = {}
    for piece in pieces:
        by_text.setdefault(piece.text, []).append(piece)
    tokens = {text: _tokens(loaded, text, group) for text, group in by_text.items()}
    # Texts of like length go together, so that little is padding.
    order = sorted(by_text, key=lambda text: len(tokens[text][0]))
    states: NDArray[np.float32] | None = None
    kept: tuple[int, ...] = ()
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        hidden = hidden_states(loaded, [tokens[text][0] for text in batch])
        if states is None:
            kept = chosen_layers(layers, len(hidden))
            shape = (len(kept), len(pieces), hidden[0].shape[-1])
            states = np.lib.format.open_memmap(out, mode="w+", dtype=np.float32, shape=shape)
        for row, text in enumerate(batch):
            index = [places[piece] for piece in by_text[text]]
            weights = tokens[text][1].to(loaded.device)
            for place, layer in enumerate(kept):
                pooled = weights @ hidden[layer][row, : weights.shape[1]].float()
                states[place, index] = _finite(pooled, layer).cpu().numpy()
        advance(len(batch))
    if states is None:
        raise InputError("there is nothing to read; choose at least one task.")
    return PieceStates(states, kept, places)


def _tokens(
    loaded: LoadedModel, text: str, pieces: Sequence[Piece]
) -> tuple[list[int], torch.Tensor]:
    """Token ids of a text, and each piece's share of them [n_pieces, n_tokens]."""
    fast = bool(loaded.tokenizer.is_fast)
    if not fast and any(piece.span for piece in pieces):
        raise ModelError(
            "this model's tokenizer cannot tell which token stands for which word; choose a model "
            "with a fast tokenizer, or tasks on whole sentences."
        )
    encoded = loaded.tokenizer(
        text, return_special_tokens_mask=True, return_attention_mask=False,
        return_offsets_mapping=fast, verbose=False,
    )  # fmt: skip
    ids = encoded["input_ids"]
    if len(ids) > loaded.max_tokens:
        raise InputError(
            f"a text has {len(ids)} tokens and the model reads up to {loaded.max_tokens}: "
            f"{text[:60]!r}... Leave its task out, or choose another model."
        )
    content = ~np.array(encoded["special_tokens_mask"], dtype=bool)
    offsets = np.array(encoded["offset_mapping"]) if fast else np.zeros((len(ids), 2))
    shares = np.zeros((len(pieces), len(ids)), dtype=np.float32)
    for row, piece in enumerate(pieces):
        inside = content.copy()
        if piece.span is not None:
            first, last = piece.span
            inside &= (offsets[:, 0] < last) & (offsets[:, 1] > first)
        if not inside.any():
            raise InputError(
                f"the tokenizer leaves no token of its own to {piece.looked_at!r} in "
                f"{text[:80]!r}; leave its task out, or choose another model."
            )
        shares[row, inside] = 1.0 / inside.sum()
    return ids, torch.from_numpy(shares)


def _finite(pooled: torch.Tensor, layer: int) -> torch.Tensor:
    if not torch.isfinite(pooled).all():
        raise ModelError(
            f"layer {layer} gave states that are not finite (NaN or infinite); the model or its "
            "compression is broken for this input. Try compression none."
        )
    return pooled


def chosen_layers(layers: Sequence[int] | None, n_states: int) -> tuple[int, ...]:
    """Sort the layers that are asked for; all, by default.

    Raises
    ------
    InputError
        If one is not there.
    """
    if layers is None:
        return tuple(range(n_states))
    wrong = [layer for layer in layers if not 0 <= layer < n_states]
    if wrong:
        raise InputError(
            f"there is no layer {wrong[0]}; this model has layers 0 (embeddings) to {n_states - 1}."
        )
    return tuple(sorted(set(layers)))
