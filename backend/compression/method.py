"""What a compression method is: the interface that each plugin implements."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from backend.compression.architecture import SMOOTHED, Architecture

GROUP_SIZES = (128, 64, 32)
"""Weights that share a scale, the one that is tried first standing first."""
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Workpiece:
    """A model on its way to being compressed.

    Attributes
    ----------
    model : transformers.PreTrainedModel
        In 32-bit floats, read from disk; changed in place. Causal for a decoder.
    tokenizer : transformers.PreTrainedTokenizerBase
    architecture : Architecture
    settings : mapping
        From compressions.yaml.
    windows : list of list of int
        Token ids to calibrate on; empty for a method that needs none.
    """

    model: Any
    tokenizer: Any
    architecture: Architecture
    settings: Settings
    windows: list[list[int]]


class LoadedMethod(ABC):
    """A method that compresses while a model is loaded, and leaves nothing on disk."""

    def against(self, architecture: Architecture, settings: Settings) -> str | None:
        """Say why the method cannot be used on an architecture; None where it can."""
        return None

    @abstractmethod
    def quantisation_config(self, settings: Settings) -> Any:
        """Return what ``from_pretrained`` is given as ``quantization_config``."""

    @abstractmethod
    def finish(self, model: Any) -> None:
        """Make a model ready that was just loaded."""


class WrittenMethod(ABC):
    """A method that makes a compressed copy of a model, which is written once and then loaded.

    Attributes
    ----------
    is_packed : bool
        Whether the copy is in the format of compressed-tensors; else its files hold floats.
    """

    is_packed: ClassVar[bool] = False

    def against(self, architecture: Architecture, settings: Settings) -> str | None:
        """Say why the method cannot be used on an architecture; None where it can."""
        return None

    @abstractmethod
    def compress(self, work: Workpiece) -> dict[str, Any]:
        """Compress a model in place.

        Parameters
        ----------
        work : Workpiece

        Returns
        -------
        dict
            What was done that the settings leave open, for the description beside the copy.
        """


def against_groups(architecture: Architecture) -> str | None:
    """Say why weights cannot share scales in groups; None where they can, or nothing is known."""
    widths = architecture.widths
    if not widths or group_size_for(widths) is not None:
        return None
    return (
        f"its layers are {', '.join(map(str, widths))} wide, and groups of "
        f"{', '.join(map(str, GROUP_SIZES))} weights divide not all of them"
    )


def group_size_for(widths: tuple[int, ...]) -> int | None:
    """Choose how many weights share a scale.

    Parameters
    ----------
    widths : tuple of int
        Inputs of every layer that is to be quantised.

    Returns
    -------
    int or None
        The largest of 128, 64 and 32 that divides all of them; None where none does.
    """
    return next((size for size in GROUP_SIZES if all(w % size == 0 for w in widths)), None)


def against_layers(architecture: Architecture) -> str | None:
    """Say why llm-compressor finds no layer to quantise; None where it does."""
    if architecture.has_conv1d:
        return (
            f"{architecture.model_type} keeps its weights in Conv1D layers, which llm-compressor "
            "does not quantise; use bnb-int8, bnb-nf4, bnb-fp4 or a pruning method"
        )
    return None


def against_calibration(architecture: Architecture) -> str | None:
    """Say why a model cannot be watched at work; None where it can."""
    if architecture.is_decoder:
        return None
    return (
        f"it is calibrated on a decoder that predicts the next word, and {architecture.model_type} "
        "is not known as one; use a bnb, rtn or magnitude method"
    )


def against_smoothing(architecture: Architecture) -> str | None:
    """Say why scale cannot be moved from activations to weights; None where it can."""
    if architecture.model_type in SMOOTHED:
        return None
    return (
        f"which norm feeds which layers is not known of {architecture.model_type}; it is known of "
        f"{', '.join(sorted(SMOOTHED))}"
    )
