"""Train one size; what is interrupted goes on where it was."""

import json
import os
import pickle
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from backend.errors import InputError
from backend.family.recipe import Recipe
from backend.family.sizes import Size, llama_config
from backend.family.tokens import Ids

# Steps between two looks at the validation text, each of which also keeps the state.
EVERY = 100
# Windows of the validation text whose loss is followed while training.
_WATCHED = 64
Advance = Callable[[int, float], None]


@dataclass
class Curve:
    """What a training went through.

    Attributes
    ----------
    steps : list of int
    train, validation : list of float
        Mean negative log-likelihood per token, in nats; of the training text over the steps since
        the last entry.
    seconds : float
        Spent on the steps, in all sittings.
    """

    steps: list[int] = field(default_factory=list)
    train: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    seconds: float = 0.0


def train_model(
    size: Size,
    tokenizer: Any,
    train: Ids,
    validation: Ids,
    recipe: Recipe,
    checkpoint: Path,
    device: torch.device,
    advance: Advance,
    start: Path | None = None,
) -> tuple[Any, Curve]:
    """Train a decoder to predict the next token.

    Parameters
    ----------
    size : Size
    tokenizer : transformers.PreTrainedTokenizerFast
    train, validation : ndarray of uint16, shape (n_tokens,)
    recipe : Recipe
    checkpoint : Path
        Where the state is kept. If it is there, and of the same recipe, size and text, training
        goes on from it.
    device : torch.device
    advance : callable
        Given the steps done and the last loss, after each step.
    start : Path, optional
        Folder of a saved model of this size whose weights are trained further; by default weights
        are drawn anew.

    Returns
    -------
    tuple of (transformers.LlamaForCausalLM, Curve)

    Raises
    ------
    InputError
        If the training text is shorter than a window, or the checkpoint is of another training
        or damaged.
    """
    if min(len(train), len(validation)) <= recipe.length:
        raise InputError(
            f"the texts hold {len(train)} and {len(validation)} tokens; each needs more than one "
            f"window of {recipe.length}. Give more text, or shorter windows."
        )
    torch.manual_seed(recipe.seed)
    model = _new_model(size, tokenizer, start).to(device)
    optimiser = torch.optim.AdamW(_groups(model, recipe), betas=(0.9, 0.95), fused=True)
    identity = json.dumps(
        {
            "recipe": asdict(recipe),
            "size": asdict(size),
            "tokens": [len(train), len(validation)],
            "further": start is not None,
        }
    )
    curve, first = _resume(checkpoint, identity, model, optimiser)
    losses: list[float] = []
    began = time.perf_counter()
    for step in range(first, recipe.steps):
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate(step, size.width)
        losses.append(_step(model, optimiser, _batch(train, recipe, step, device), recipe))
        advance(step + 1, losses[-1])
        if (step + 1) % EVERY == 0 or step + 1 == recipe.steps:
            curve.steps.append(step + 1)
            curve.train.append(float(np.mean(losses)))
            curve.validation.append(validation_loss(model, validation, recipe, device))
            curve.seconds += time.perf_counter() - began
            _keep(checkpoint, identity, model, optimiser, curve)
            losses, began = [], time.perf_counter()
    return model.eval(), curve


def validation_loss(
    model: Any, ids: Ids, recipe: Recipe, device: torch.device, n_windows: int = _WATCHED
) -> float:
    """Mean loss over the first windows of a text.

    Parameters
    ----------
    model : transformers.LlamaForCausalLM
    ids : ndarray of uint16, shape (n_tokens,)
    recipe : Recipe
    device : torch.device
    n_windows : int

    Returns
    -------
    float
        Nats per token.
    """
    n = min(n_windows, (len(ids) - 1) // recipe.length)
    total = 0.0
    model.eval()
    with torch.inference_mode():
        for first in range(0, n, recipe.batch):
            starts = np.arange(first, min(first + recipe.batch, n)) * recipe.length
            windows = _windows(ids, starts, recipe.length, device)
            total += float(model(input_ids=windows, labels=windows).loss) * len(starts)
    model.train()
    return total / n


def _new_model(size: Size, tokenizer: Any, start: Path | None) -> Any:
    from transformers import AutoModelForCausalLM

    if start is not None:
        return AutoModelForCausalLM.from_pretrained(start, dtype=torch.float32).train()
    config = llama_config(size, len(tokenizer), tokenizer.eos_token_id)
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32).train()


def _groups(model: Any, recipe: Recipe) -> list[dict[str, Any]]:
    """Decay matrices; gains of norms are left alone."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    gains = [p for p in model.parameters() if p.ndim < 2]
    return [
        {"params": matrices, "weight_decay": recipe.decay},
        {"params": gains, "weight_decay": 0.0},
    ]


def _windows(
    ids: Ids, starts: NDArray[np.int64], length: int, device: torch.device
) -> torch.Tensor:
    rows = np.stack([ids[start : start + length] for start in starts]).astype(np.int64)
    return torch.from_numpy(rows).to(device)


def _batch(ids: Ids, recipe: Recipe, step: int, device: torch.device) -> torch.Tensor:
    # A step's windows depend on the step alone, so that what goes on reads what it would have read.
    random = np.random.default_rng((recipe.seed, step))
    starts = random.integers(0, len(ids) - recipe.length, recipe.batch)
    return _windows(ids, starts, recipe.length, device)


def _step(
    model: Any, optimiser: torch.optim.Optimizer, windows: torch.Tensor, recipe: Recipe
) -> float:
    with torch.autocast(windows.device.type, torch.bfloat16):
        loss = model(input_ids=windows, labels=windows).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return float(loss.detach())


def _keep(
    path: Path, identity: str, model: Any, optimiser: torch.optim.Optimizer, curve: Curve
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    torch.save(
        {
            "identity": identity,
            "model": model.state_dict(),
            "optimiser": optimiser.state_dict(),
            "curve": asdict(curve),
        },
        temporary,
    )
    os.replace(temporary, path)


def _resume(
    path: Path, identity: str, model: Any, optimiser: torch.optim.Optimizer
) -> tuple[Curve, int]:
    if not path.exists():
        return Curve(), 0
    try:
        state = torch.load(path, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError) as error:
        raise InputError(
            f"{path} is the state of a training and cannot be read ({_first_line(error)}); remove "
            "that file to begin anew."
        ) from error
    if state["identity"] != identity:
        raise InputError(
            f"{path} is the state of another training (other recipe, size or text); name another "
            "work folder, or remove that file to begin anew."
        )
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    curve = Curve(**state["curve"])
    return curve, curve.steps[-1]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
