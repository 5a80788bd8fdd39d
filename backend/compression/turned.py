"""GPT-2's Conv1D layers as the Linear layers that llm-compressor knows, while it is at work."""

import contextlib
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def conv1d_as_linear(model: Any) -> Iterator[None]:
    """Let every Conv1D of a model stand as a Linear, and put the changed weights back at the end.

    Parameters
    ----------
    model : torch.nn.Module
        Changed in place. Without a Conv1D, as with most models, nothing is done.
    """
    import torch
    from transformers.pytorch_utils import Conv1D

    replaced = []
    for name, module in list(model.named_modules()):
        if isinstance(module, Conv1D):
            n_inputs, n_outputs = module.weight.shape
            linear = torch.nn.Linear(n_inputs, n_outputs, device="meta")
            # Conv1D keeps [inputs, outputs], Linear [outputs, inputs].
            linear.weight = torch.nn.Parameter(module.weight.detach().T.contiguous())
            linear.bias = module.bias
            model.set_submodule(name, linear)
            replaced.append((name, module))
    yield
    for name, module in replaced:
        changed = model.get_submodule(name)
        module.weight = torch.nn.Parameter(changed.weight.detach().T.contiguous())
        model.set_submodule(name, module)
