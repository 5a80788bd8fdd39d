"""Measure a model with a compression: its size, its speed, and what it makes of held-out text."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pandas as pd

from backend import __version__
from backend.compression import CalibrationText, method_of, needs_calibration
from backend.compression.architecture import Architecture, read_architecture
from backend.compression.making import compressed_copy
from backend.compression.method import WrittenMethod
from backend.features.loading import LoadedModel, load_causal_model, load_model
from backend.features.perplexity import WINDOW, Perplexity, measure_perplexity
from backend.features.sources import ModelSource
from backend.features.speed import PASSES, tokens_per_second
from backend.jobs.description import device_name
from backend.jobs.held_out import HeldOutText
from backend.jobs.progress import Progress, Silent
from backend.store.reader import ResultStore
from backend.store.shards import write_quality


@dataclass(frozen=True)
class QualityRequest:
    """A model, a compression, and the text that it is held to.

    Attributes
    ----------
    source : ModelSource
    compression : str
        A name in compressions.yaml.
    calibration : CalibrationText or None
        What a calibrated compression is shown; must share nothing with the held-out text. Left
        unread by the others.
    text : HeldOutText
    window : int or None
        Tokens read at once; None for the default, or all that a smaller model takes.
    max_tokens : int
        Tokens of the text that are read.
    device : {"auto", "cpu", "cuda"}
        Decides the speed alone.
    """

    source: ModelSource
    compression: str
    calibration: CalibrationText | None
    text: HeldOutText
    window: int | None = None
    max_tokens: int = 20_000
    device: str = "auto"

    @property
    def used_calibration(self) -> CalibrationText | None:
        """The calibration text, where the compression looks at it."""
        return self.calibration if needs_calibration(self.compression) else None

    @property
    def quality_id(self) -> str:
        """Hash of everything that decides the perplexity."""
        used = self.used_calibration
        text = json.dumps(
            {
                "model": self.source.name,
                "fingerprint": self.source.fingerprint,
                "compression": self.compression,
                "calibration": used and used.calibration.model_dump(mode="json"),
                "text": self.text.sha256,
                "window": self.window or WINDOW,
                "max_tokens": self.max_tokens,
            },
            sort_keys=True,
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def measure_quality(request: QualityRequest, store: Path, progress: Progress | None = None) -> str:
    """Load a model, measure it, and write one row to the store.

    Parameters
    ----------
    request : QualityRequest
    store : Path
    progress : Progress, optional

    Returns
    -------
    str
        The measurement's id. An encoder has no perplexity; its sizes and its speed are there.

    Raises
    ------
    CortexScaleError
        As its message says; nothing is written then.
    """
    progress = progress or Silent()
    source, text = request.source, request.text
    progress.stage("loading the model", 1)
    progress.note(f"{source.name}, {request.compression}")
    predicts = _predicts(source)
    load = load_causal_model if predicts else load_model
    loaded = load(source, request.compression, request.device, request.used_calibration)
    progress.advance()
    window = request.window or min(WINDOW, loaded.max_tokens)
    score = None
    if predicts:
        score = measure_perplexity(
            loaded,
            text.text,
            window,
            request.max_tokens,
            begin=partial(progress.stage, "predicting words"),
            advance=progress.advance,
        )
    progress.stage("timing", PASSES)
    speed = tokens_per_second(loaded, text.text, window, advance=progress.advance)
    row = {
        **_described(request, loaded),
        **_scored(score),
        "window_tokens": window,
        "tokens_per_second": speed,
        "created_at": datetime.now(UTC),
    }
    write_quality(store, request.quality_id, row)
    return request.quality_id


def find_qualities(store: ResultStore, ids: Sequence[str]) -> pd.DataFrame:
    """Look measurements up.

    Parameters
    ----------
    store : ResultStore
    ids : sequence of str

    Returns
    -------
    pandas.DataFrame
        Columns of ``model_quality``, in the order of ``ids``; those that are not there are left
        out.
    """
    frame = store.query(
        "SELECT * FROM model_quality WHERE list_contains(?::VARCHAR[], quality_id) "
        "ORDER BY list_position(?::VARCHAR[], quality_id)",
        [list(ids), list(ids)],
    )
    return frame


def _predicts(source: ModelSource) -> bool:
    """Whether a model predicts the next word, as far as that is known before it is loaded."""
    architecture = read_architecture(source)
    if architecture is not None:
        return architecture.is_decoder
    # Of a model on the hub that the catalogue does not know, loading will tell.
    return not source.architecture or Architecture({"model_type": source.architecture}).is_decoder


def _described(request: QualityRequest, loaded: LoadedModel) -> dict[str, object]:
    source, weights, used = request.source, loaded.weights, request.used_calibration
    return {
        "quality_id": request.quality_id,
        "model": source.name,
        "model_fingerprint": source.fingerprint,
        "model_family": source.family,
        "n_parameters": weights.n_parameters,
        "compression": request.compression,
        "calibration": used and used.calibration.text,
        "calibration_sha256": used and used.calibration.sha256,
        "bits_per_weight": weights.bits_per_weight,
        "sparsity": weights.sparsity,
        "bytes_on_disk": weights.bytes_on_disk,
        "bytes_in_memory": weights.bytes_in_memory,
        "corpus": request.text.name,
        "corpus_sha256": request.text.sha256,
        "seconds_to_compress": _seconds_to_compress(request),
        "device": device_name(loaded.device),
        "code_version": __version__,
    }


def _scored(score: Perplexity | None) -> dict[str, object]:
    if score is None:
        return dict.fromkeys(("n_tokens", "n_bytes", "perplexity", "bits_per_byte"))
    return {
        "n_tokens": score.n_tokens,
        "n_bytes": score.n_bytes,
        "perplexity": score.perplexity,
        "bits_per_byte": score.bits_per_byte,
    }


def _seconds_to_compress(request: QualityRequest) -> float | None:
    """Seconds that the copy in the cache took, whenever it was made; None if none is written."""
    method = method_of(request.compression)
    if not isinstance(method, WrittenMethod):
        return None
    source, used = request.source, request.used_calibration
    # It was loaded a moment ago, so it is found and not made.
    return compressed_copy(source, source.location, request.compression, method, used).seconds
