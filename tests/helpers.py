"""What several test modules build: tables, tiny models, synthetic runs, processes to wait for."""

import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    CLIPConfig,
    CLIPModel,
    GPT2Config,
    GPT2Model,
    LlamaConfig,
    LlamaModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5Model,
)

from backend.jobs.config import EncodingConfig
from backend.jobs.local import Job, read_job
from backend.paths import PROJECT
from backend.store.shards import RunTables

PEREIRA = PROJECT.parent / "shared" / "data" / "pereira2018_language_network.csv"
REFERENCE = PROJECT.parent / "shared" / "reference"
VOCABULARY = """
the a old grey small river stone boat lantern garden teacher orchard winter letter window crossed
painted carried mended watched forgot near under behind without before slowly often bright narrow
wooden seven and of to in bread salt rope
"""
WORDS = VOCABULARY.split()
T = TypeVar("T")


# Tables


def random_sentences(n: int, seed: int = 0) -> list[str]:
    """Distinct word sequences of 4 to 12 words."""
    random = np.random.default_rng(seed)
    sentences: dict[str, None] = {}
    while len(sentences) < n:
        sentences[" ".join(random.choice(WORDS, random.integers(4, 13)))] = None
    return list(sentences)


def sentence_frame(n: int = 40, n_groups: int = 5, seed: int = 0) -> pd.DataFrame:
    """Sentences, two responses (one follows sentence length), and passages of equal size."""
    random = np.random.default_rng(seed)
    sentences = random_sentences(n, seed)
    n_words = np.array([len(text.split()) for text in sentences])
    return pd.DataFrame(
        {
            "sentence": sentences,
            "left_ifg": np.round(n_words + random.normal(0, 2, n), 4),
            "left_ptl": np.round(random.normal(0, 1, n), 4),
            "passage": [f"passage {index * n_groups // n}" for index in range(n)],
        }
    )


def write_table(path: Path, frame: pd.DataFrame | None = None) -> Path:
    (sentence_frame() if frame is None else frame).to_csv(path, index=False)
    return path


# Models


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordLevelTrainer(special_tokens=["<unk>", "<eos>"])
    tokenizer.train_from_iterator([" ".join(WORDS)], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", eos_token="<eos>", model_max_length=64
    )


def save_gpt2(folder: Path, seed: int = 0, **config: Any) -> Path:
    tokenizer = tiny_tokenizer()
    torch.manual_seed(seed)
    sizes = {"n_positions": 64, "n_embd": 32, "n_layer": 2, "n_head": 2}
    ends = {"bos_token_id": 1, "eos_token_id": 1}
    GPT2Model(
        GPT2Config(**{"vocab_size": len(tokenizer), **sizes, **ends, **config})
    ).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_llama(folder: Path) -> Path:
    tokenizer = tiny_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        bos_token_id=1,
        eos_token_id=1,
    )
    LlamaModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_t5(folder: Path) -> Path:
    tokenizer = tiny_tokenizer()
    config = T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=16, d_ff=32, num_layers=2, num_heads=2
    )
    T5Model(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_clip(folder: Path) -> Path:
    """A model of text and images, which gives no states for text alone."""
    tokenizer = tiny_tokenizer()
    sizes = {
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    config = CLIPConfig(
        text_config={**sizes, "vocab_size": len(tokenizer)},
        vision_config={**sizes, "image_size": 8, "patch_size": 4},
        projection_dim=16,
    )
    CLIPModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


# Runs


def make_config(**changes: Any) -> EncodingConfig:
    values: dict[str, Any] = {
        "dataset": "toy",
        "data_sha256": "0" * 64,
        "sentence": "sentence",
        "responses": ("left_ifg", "left_ptl"),
        "ceilings": (0.8, None),
        "citation": "Toy et al. 2026",
        "model": "tiny",
        "split": "contiguous",
        "n_folds": 4,
        "gap": 0,
    }
    return EncodingConfig(**{**values, **changes})


def make_tables(config: EncodingConfig, seed: int = 0, **run: Any) -> RunTables:
    """Random scores of a run with layers 0 to 2, as a finished task would write them."""
    random = np.random.default_rng(seed)
    rois = list(zip(config.responses, config.ceilings, strict=True))
    folds = range(config.n_folds)

    def score(ceiling: float | None) -> dict[str, float | None]:
        r = float(np.float32(random.uniform(0.1, 0.6)))
        return {"r": r, "r_normalized": None if ceiling is None else r / ceiling}

    roi_scores = [
        {
            "run_id": config.run_id,
            "layer": layer,
            "roi": roi,
            "hemisphere": config.hemisphere,
            "fold": fold,
            "n_targets": 1,
            **score(ceiling),
            "ceiling": ceiling,
            "baseline_r": 0.1,
            "unique_r2": float(random.normal(0.05, 0.02)),
        }
        for layer in range(3)
        for roi, ceiling in rois
        for fold in folds
    ]
    baseline_scores = [
        {
            "run_id": config.run_id,
            "baseline": baseline,
            "roi": roi,
            "hemisphere": config.hemisphere,
            "fold": fold,
            **score(ceiling),
            "r2": 0.01,
        }
        for baseline in ("length", "oasm", "all nuisance")
        for roi, ceiling in rois
        for fold in folds
    ]
    row = {
        "run_id": config.run_id,
        "dataset": config.dataset,
        "subject": config.subject,
        "modality": config.modality,
        "model": config.model,
        "model_family": "toy",
        "n_parameters": 1000,
        "compression": config.compression,
        "bits_per_weight": 32.0,
        "sparsity": 0.0,
        "split": config.split,
        "n_folds": config.n_folds,
        "n_samples": 40,
        "n_words": 300,
        "evidence": config.evidence,
        "source": config.citation,
        "code_version": "0",
        "created_at": datetime.now(UTC),
        "seconds": 3.0,
        "extraction_seconds": 1.0,
        "fit_seconds": 2.0,
        "peak_memory_bytes": 10,
        "device": "CPU",
        "warnings": [],
        "config": config.model_dump_json(),
        **run,
    }
    targets = [
        {
            "run_id": config.run_id,
            "layer": layer,
            "space": "toy",
            "r": [0.1] * len(rois),
            "ceiling": list(config.ceilings),
            "p": None,
        }
        for layer in range(3)
    ]
    space = {
        "run_id": config.run_id,
        "space": "toy",
        "kind": "sentences' responses",
        "n_targets": len(rois),
        "target_rois": list(config.responses),
    }
    return RunTables([row], roi_scores, baseline_scores, targets, [space])


def damage_pages(shard: Path) -> None:
    """Overwrite a shard's data, and leave the footer that describes it."""
    content = bytearray(shard.read_bytes())
    footer = int.from_bytes(content[-8:-4], "little") + 8
    content[4:-footer] = b"\xff" * (len(content) - footer - 4)
    shard.write_bytes(content)


# The command line and processes


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """Lines of standard error that state an error."""
        lines = self.err.replace("\r", "\n").splitlines()
        return [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]


def run_process(*argv: object, cwd: Path = PROJECT) -> Outcome:
    """Run ``python -m backend`` as a user would."""
    done = subprocess.run(
        [sys.executable, "-m", "backend", *map(str, argv)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def run_python(code: str, *argv: object) -> str:
    """Run Python code in a fresh interpreter, and give back what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, argv)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def wait_until(look: Callable[[], T], seconds: float = 90.0) -> T:
    """Ask again and again until the answer is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (answer := look()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)
    return answer


class Terminal:
    """A terminal that a process writes to; elsewhere it draws no bars of progress."""

    def __init__(self) -> None:
        self._ours, self.theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        # In none of no width would a bar have room.
        termios.tcsetwinsize(self.theirs, (24, 120))
        self._said = b""

    def said(self) -> str:
        """Everything that was written up to now."""
        # Nothing new, or nobody there any more.
        with suppress(BlockingIOError, OSError):
            while chunk := os.read(self._ours, 65536):
                self._said += chunk
        return self._said.decode(errors="replace")

    def close(self) -> None:
        os.close(self._ours)
        os.close(self.theirs)


def wait_for_job(folder: Path, states: Iterable[str]) -> Job:
    def look() -> Job | None:
        job = read_job(folder)
        return job if job.status.state in states else None

    return wait_until(look)  # type: ignore[return-value]


def kill_worker(job: Job) -> None:
    """Kill a worker that a failed test would leave behind."""
    if job.active and job.status.pid:
        os.kill(job.status.pid, signal.SIGKILL)


@contextmanager
def cache_in(folder: Path) -> Iterator[None]:
    """Keep states and copies in a folder, where no other code left any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CORTEXSCALE_CACHE", str(folder))
        yield


def leftovers(folder: Path) -> list[Path]:
    """Unfinished files anywhere under a store, hidden ones too."""
    return [path for path in folder.rglob("*") if path.name.endswith((".part", ".tmp"))]
