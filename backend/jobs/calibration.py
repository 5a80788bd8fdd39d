"""Calibration text in requests and runs: chosen before, read again and checked when it is used."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from backend.compression import (
    Calibration,
    CalibrationText,
    applies,
    choose_calibration,
    load_calibration,
    needs_calibration,
)
from backend.compression.architecture import read_architecture
from backend.compression.calibration import default_length, refuse_shared_words
from backend.errors import InputError, ModelError
from backend.features.sources import ModelSource
from backend.jobs.config import Request


def request_calibration(
    source: ModelSource,
    compression: str,
    stimuli: Callable[[], Iterable[str]],
    path: Path | None = None,
) -> Calibration | None:
    """Make sure that a compression can be used on a model, and choose what it is shown.

    Parameters
    ----------
    source : ModelSource
    compression : str
    stimuli : callable
        Gives the data set's stimuli, each in running order; asked only where it matters.
    path : Path, optional
        The user's calibration text; by default one that ships and shares nothing with the stimuli.

    Returns
    -------
    Calibration or None
        None for a compression that is shown nothing.

    Raises
    ------
    InputError
        If there is no such compression, or the text cannot be used.
    ModelError
        If the compression cannot be used on the model.
    """
    reason = applies(compression, source)
    if reason is not None:
        raise ModelError(f"{compression} cannot be used on {source.name}: {reason}.")
    if not needs_calibration(compression):
        if path is not None:
            raise InputError(
                f"{compression} looks at no calibration text; leave {path.name} out, or choose a "
                "compression that does (python -m backend compress --list shows which)."
            )
        return None
    architecture = read_architecture(source)
    length = None if architecture is None else default_length(architecture.config)
    return choose_calibration(stimuli(), path, length=length).calibration


def calibration_of(
    config: Request, path: Path | None, stimuli: Iterable[str]
) -> CalibrationText | None:
    """Read a request's calibration text, and make sure once more that it holds no stimulus.

    Parameters
    ----------
    config : Request
    path : Path or None
        As in :class:`~backend.jobs.config.Task`.
    stimuli : iterable of str
        The data set's stimuli, each in running order.

    Returns
    -------
    CalibrationText or None
        None where the compression is shown nothing.

    Raises
    ------
    InputError
        If the text has changed, is gone, or shares eight consecutive words with a stimulus.
    """
    if config.calibration is None:
        return None
    text = load_calibration(config.calibration, path)
    refuse_shared_words(config.calibration.text, text.words, stimuli)
    return text


def compression_as_shown(config: Request) -> str:
    """Name a compression together with what it was shown, for states that are kept.

    Parameters
    ----------
    config : Request

    Returns
    -------
    str
    """
    shown = config.calibration
    if shown is None:
        return config.compression
    digest = hashlib.sha256(shown.model_dump_json().encode()).hexdigest()[:8]
    return f"{config.compression}, calibrated {digest}"
