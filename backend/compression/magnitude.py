"""Magnitude pruning: in each layer the smallest weights are set to zero, no data needed."""

from typing import TYPE_CHECKING, Any

from backend.compression.architecture import Architecture
from backend.compression.method import Settings, Workpiece, WrittenMethod
from backend.compression.pruning import against_pattern

if TYPE_CHECKING:
    import torch


class Magnitude(WrittenMethod):
    """Pruning with torch, the same share in every linear layer."""

    def against(self, architecture: Architecture, settings: Settings) -> str | None:
        """Say why the method cannot be used on an architecture; None where it can."""
        return against_pattern(architecture, settings)

    def compress(self, work: Workpiece) -> dict[str, Any]:
        """Prune in place."""
        from torch.nn.utils import prune as untyped

        from backend.compression.schemes import quantised_layers
        from backend.compression.turned import conv1d_as_linear

        prune: Any = untyped
        with conv1d_as_linear(work.model):
            for layer in quantised_layers(work):
                if work.settings["two_of_four"]:
                    prune.custom_from_mask(layer, "weight", two_of_four(layer.weight))
                else:
                    prune.l1_unstructured(layer, "weight", amount=work.settings["sparsity"])
                prune.remove(layer, "weight")
        return {"stored": "dense, zeros included"}


def two_of_four(weight: "torch.Tensor") -> "torch.Tensor":
    """Keep the two largest of every four weights in a row.

    Parameters
    ----------
    weight : Tensor of shape (n_outputs, n_inputs)
        ``n_inputs`` is a multiple of four.

    Returns
    -------
    Tensor of shape (n_outputs, n_inputs)
        1 where a weight stays, 0 where it goes.
    """
    import torch

    fours = weight.detach().abs().reshape(len(weight), -1, 4)
    kept = torch.zeros_like(fours).scatter_(-1, fours.topk(2, dim=-1).indices, 1.0)
    return kept.flatten(-2)
