"""Hidden states of a table's sentences, read once per model and compression and kept."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
import transformers
from filelock import Timeout
from numpy.typing import NDArray

from backend.errors import StoreError
from backend.features.cache import (
    FORMAT_VERSION,
    META,
    PART,
    EntryMeta,
    StateCache,
    StateRequest,
    entry_lock,
    find_states,
    layer_file,
)
from backend.features.contexts import Pooling
from backend.features.extraction import chosen_layers, encode_sentences, extract_sentence_states
from backend.features.loading import LoadedModel
from backend.stimuli import Sentences

Advance = Callable[[int], None]
Array = NDArray[np.floating]
_WAIT_SECONDS = 0.5


def read_sentence_states(
    loaded: LoadedModel,
    sentences: Sentences,
    cache: StateCache,
    scratch: Path,
    *,
    pooling: Pooling = "mean",
    layers: Sequence[int] | None = None,
    advance: Advance = lambda n: None,
) -> Mapping[int, Array]:
    """Read sentences as :func:`extract_sentence_states` does, or take them from the cache.

    Parameters
    ----------
    loaded : LoadedModel
    sentences : Sentences
    cache : StateCache
        Of this very model and compression. Every layer is kept there, whichever are asked for;
        where it cannot be written, nothing is kept.
    scratch : Path
        Folder that outlives the states that are returned.
    pooling : {"mean", "last"}
    layers : sequence of int, optional
        All, by default.
    advance : callable
        Called with the number of sentences just done, those of the cache too; with 0 while another
        process is waited for.

    Returns
    -------
    mapping of int to ndarray of float32, shape (n_sentences, n_dims)
        By layer, in order; mapped rather than held.

    Raises
    ------
    InputError, ModelError
        As :func:`extract_sentence_states`.
    """
    encoded = encode_sentences(loaded, sentences)
    request = _request(loaded, cache, encoded, pooling)
    with _turn(cache.folder, request, advance) as may_keep:
        kept = find_states(cache.folder, request)
        if kept is not None:
            advance(len(sentences))
            states: list[Array] = [kept.layer(layer) for layer in kept.layers]
        else:
            path, _ = extract_sentence_states(
                loaded, sentences, scratch / "states.npy", pooling=pooling, advance=advance
            )
            states = list(np.load(path, mmap_mode="r"))
            if may_keep:
                _keep(cache.folder, request, states)
    return {layer: states[layer] for layer in chosen_layers(layers, len(states))}


def _request(
    loaded: LoadedModel,
    cache: StateCache,
    encoded: Sequence[tuple[list[int], list[bool]]],
    pooling: Pooling,
) -> StateRequest:
    commit = getattr(loaded.model.config, "_commit_hash", None)
    return StateRequest(
        model=cache.model,
        fingerprint=cache.fingerprint or commit,
        compression=cache.compression,
        story=f"{len(encoded)} sentences",
        n_words=len(encoded),
        tokens=hashlib.sha256(repr(encoded).encode()).hexdigest()[:16],
        mode="sentences",
        context=0,
        pooling=pooling,
        dtype="float32",
    )


@contextmanager
def _turn(cache: Path, request: StateRequest, advance: Advance) -> Iterator[bool]:
    """Wait until no other process reads the same; give whether the cache can be written."""
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(entry_lock(cache, request.name, timeout=_WAIT_SECONDS))
                may_keep = True
                break
            except Timeout:
                # A wish to cancel is heard while waiting.
                advance(0)
            except StoreError:
                may_keep = False
                break
        yield may_keep


def _keep(cache: Path, request: StateRequest, states: Sequence[Array]) -> None:
    """Write an entry beside its place and rename it; where the disk is full, keep nothing."""
    n = request.n_words
    meta = EntryMeta(
        version=FORMAT_VERSION,
        request=request,
        n_layers=len(states),
        n_dims=states[0].shape[1],
        sees_ahead=False,
        scales=(1.0,) * len(states),
        n_windows=n,
        windows_done=n,
        words_done=n,
        created=datetime.now(UTC),
        libraries={"torch": torch.__version__, "transformers": transformers.__version__},
    )
    folder, part = cache / request.name, cache / f"{request.name}{PART}"
    # One that is there although it was not found is not whole.
    for left in (folder, part):
        shutil.rmtree(left, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        for layer, of_layer in enumerate(states):
            np.save(layer_file(part, layer), of_layer)
        (part / META).write_text(meta.model_dump_json(indent=1), encoding="utf-8")
        os.rename(part, folder)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
