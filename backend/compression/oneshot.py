"""llm-compressor's one entrance, kept quiet, out of the working folder and off the GPU's pins."""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from typing import Any
from unittest import mock

from backend.compression.bars import no_bars
from backend.compression.method import Workpiece

HEADS = ("re:.*lm_head", "re:.*embed_out", "re:.*pooler")
"""Layers that are left alone: heads, which states do not pass through, and a BERT's pooler. Nothing
stands for their names' end, since llm-compressor's pruning adds a dot to them."""

BATCH = 8
"""Windows that are read together. One at a time, as is llm-compressor's default, small models spend
most of AWQ's search waiting for layers to be called."""


def oneshot(work: Workpiece, recipe: Sequence[Any]) -> None:
    """Run llm-compressor's modifiers on a model, in place.

    Parameters
    ----------
    work : Workpiece
        Its windows are shown to the model block by block, where there are any.
    recipe : sequence of llmcompressor.modifiers.Modifier
    """
    from datasets import Dataset
    from llmcompressor import oneshot as run

    shown: dict[str, Any] = {}
    if work.windows:
        rows = [{"input_ids": ids, "attention_mask": [1] * len(ids)} for ids in work.windows]
        shown = {
            "dataset": Dataset.from_list(rows),
            "num_calibration_samples": len(rows),
            "max_seq_length": len(work.windows[0]),
            "shuffle_calibration_samples": False,
            "batch_size": min(BATCH, len(rows)),
        }
    with quiet(), unpinned():
        run(model=work.model, processor=work.tokenizer, recipe=list(recipe), **shown)


@contextlib.contextmanager
def unpinned() -> Iterator[None]:
    """Let AWQ run without a GPU.

    It pins its cached activations in page-locked memory whatever the machine
    (``IntermediatesCache.pin_memory``), and torch refuses that where there is no accelerator.
    Pinning only speeds copies to a GPU up, so without one the call is left out.
    """
    import torch
    from llmcompressor.pipelines.cache import IntermediatesCache

    if torch.accelerator.is_available():
        yield
        return
    with mock.patch.object(IntermediatesCache, "pin_memory", return_value=None):
        yield


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep llm-compressor's log, bars and warnings out of the terminal, and write no log files."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Not disabled altogether: its modifiers log at a level that a disabled logger does not know.
    os.environ.setdefault("LLM_COMPRESSOR_LOG_LEVEL", "CRITICAL")
    import datasets
    from llmcompressor.logger import LoggerConfig, configure_logger

    configure_logger(LoggerConfig())
    datasets.disable_progress_bars()
    logging.getLogger("torch.fx._symbolic_trace").setLevel(logging.ERROR)
    with warnings.catch_warnings(), no_bars():
        warnings.simplefilter("ignore")
        yield
