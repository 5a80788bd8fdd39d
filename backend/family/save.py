"""Save a trained size as a standard Hugging Face folder, with its model card."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from backend.errors import InputError
from backend.family.recipe import Recipe
from backend.family.train import Curve

TRAINING = "training.json"


def save_model(
    folder: Path,
    model: Any,
    tokenizer: Any,
    recipe: Recipe,
    curve: Curve,
    facts: Mapping[str, object],
) -> None:
    """Write weights in half precision, tokenizer, loss curve and model card.

    Parameters
    ----------
    folder : Path
        Written as a whole: a folder that is half written has another name.
    model : transformers.LlamaForCausalLM
    tokenizer : transformers.PreTrainedTokenizerFast
    recipe : Recipe
    curve : Curve
    facts : mapping of str to object
        ``corpus`` (in words), ``corpus_sha256``, ``n_train_tokens``, ``validation_loss`` (nats per
        token of the whole validation text), ``device``, and ``before``, the history of the model
        that was trained further, or None.
    """
    temporary = folder.with_name(f".{folder.name}.part")
    temporary.mkdir(parents=True, exist_ok=True)
    model.to("cpu", torch.float16).save_pretrained(temporary)
    tokenizer.save_pretrained(temporary)
    n_parameters = sum(parameter.numel() for parameter in model.parameters())
    history = {
        "n_parameters": n_parameters,
        **facts,
        "recipe": asdict(recipe),
        "curve": asdict(curve),
    }
    (temporary / TRAINING).write_text(json.dumps(history, indent=1) + "\n", encoding="utf-8")
    (temporary / "README.md").write_text(_card(folder.name, history, recipe), encoding="utf-8")
    if folder.exists():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    temporary.rename(folder)


def read_history(folder: Path) -> dict[str, Any]:
    """Read how a saved model was trained.

    Parameters
    ----------
    folder : Path
        Written by :func:`save_model`.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If it does not say.
    """
    path = folder / TRAINING
    try:
        history: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read ({error}), so that nothing is known of how {folder.name} was "
            "trained; remove the folder to train it anew."
        ) from error
    return history


def _card(name: str, history: Mapping[str, Any], recipe: Recipe) -> str:
    curve = history["curve"]
    rows = "\n".join(
        f"| {step} | {train:.3f} | {held:.3f} | {np.exp(held):.1f} |"
        for step, train, held in zip(
            curve["steps"], curve["train"], curve["validation"], strict=True
        )
    )
    return f"""---
license: bsd-3-clause
language: en
library_name: transformers
pipeline_tag: text-generation
---
# {name}

A Llama decoder of {history["n_parameters"]:,} parameters, one of a family of five sizes that ships
with CortexScale, so that scale, next-word prediction and compression can be explored with nothing
downloaded. It is far too small to be of use as a language model.

- **Data**: {history["corpus"]}; {history["n_train_tokens"]:,} tokens by the family's byte-level
  tokenizer, which was trained on the same text. SHA-256 of the text:
  `{history["corpus_sha256"]}`.
- **Steps**: {recipe.steps:,} of {recipe.batch} windows of {recipe.length} tokens,
  {recipe.n_tokens:,} tokens in all; AdamW, cosine, bfloat16 products, seed {recipe.seed};
  {curve["seconds"] / 60:.0f} minutes on {history["device"]}. `{TRAINING}` holds every setting.
{_before(history.get("before"))}- **Held-out text**: {history["validation_loss"]:.3f} nats per
  token, a perplexity of {np.exp(history["validation_loss"]):.1f}, over the whole validation text.
- **Weights**: half precision, input and output embeddings tied, {recipe.length} positions.

Loss in nats per token; validation over its first windows:

| step | training | validation | perplexity |
|---|---|---|---|
{rows}
"""


def _before(history: Mapping[str, Any] | None) -> str:
    if history is None:
        return ""
    return (
        f"- **Before that**: {history['recipe']['steps']:,} steps from random weights at twice the "
        f"learning rate, {history['curve']['seconds'] / 60:.0f} minutes, to "
        f"{history['validation_loss']:.3f} nats per token.\n"
    )
