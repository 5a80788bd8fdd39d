"""What compressions cost and what they bring: making a copy, loading it, reading stories with it.

Behind :mod:`backend.compression`. For each model and each method that it allows, side by side with
full precision:

*compress*: from the model's files to a compressed copy on disk, calibration included. bitsandbytes
compresses while loading and writes nothing.

*load*: from that copy, or from the model's own files, to a model that can be read with.

*extract*: the demo stories' states of every layer, strided windows, half precision and the cache's
files included; tokens of the story per second.

Each in a process of its own that has done the same to a tiny model before, so that imports are in
none of them. Memory is the peak of the resident set beyond what the process held by then: while
extracting, the loaded model is not among it. Medians are printed, never asserted.

    python -m benchmarks.compression
    python -m benchmarks.compression --model minilm-l6 --compression bnb-nf4 --rounds 5
"""

import argparse
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from backend.compression import applies, choose_calibration, method_of
from backend.compression.cached import models_folder
from backend.compression.method import WrittenMethod
from backend.features.sources import ModelSource, resolve_model
from backend.paths import ASSETS, CACHE_VARIABLE
from benchmarks.contenders import Array, Contender, Run, machine, set_threads

METHODS = (
    "none", "bnb-int8", "bnb-nf4", "rtn-w4a16", "gptq-w4a16", "awq-w4a16", "smoothquant-w8a8",
    "magnitude-50", "wanda-50", "sparsegpt-50",
)  # fmt: skip
"""One of each method; others differ in a setting that changes little here."""
CONTEXT = 64
NOTHING: Array = np.zeros(0, dtype=np.float32)
Work = Callable[[], Array]


def prepare(stage: str, model: str, compression: str, cache: Path, n_words: int) -> Work:
    """Do a stage to a tiny model, and return the same for the one that is asked for."""
    import transformers

    from benchmarks.extraction import demo_stories, make_decoder

    transformers.utils.logging.disable_progress_bar()
    os.environ[CACHE_VARIABLE] = str(cache)
    begin = {"compress": compressing, "load": loading, "extract": extracting}[stage]
    with tempfile.TemporaryDirectory() as folder:
        tiny = Path(folder) / "tiny"
        make_decoder(tiny, demo_stories(), "cpu", 2, 64, "rotary")
        begin(resolve_model(str(tiny)), compression, n_words)()
    return begin(resolve_model(model), compression, n_words)


def compressing(source: ModelSource, compression: str, n_words: int) -> Work:
    """Make the copy anew every time; the last one stays in the cache."""
    from backend.compression.making import compressed_copy

    method = method_of(compression)
    assert isinstance(method, WrittenMethod)
    text = choose_calibration([])

    def work() -> Array:
        shutil.rmtree(models_folder(), ignore_errors=True)
        compressed_copy(source, source.location, compression, method, text)
        return NOTHING

    return work


def loading(source: ModelSource, compression: str, n_words: int) -> Work:
    """Load what is in the cache, or compress while loading."""
    from backend.features.loading import load_model

    text = choose_calibration([])

    def work() -> Array:
        load_model(source, compression, "cpu", text)
        return NOTHING

    return work


def extracting(source: ModelSource, compression: str, n_words: int) -> Work:
    """Load a model, and read stories with it."""
    from backend.features.cache import StateCache
    from backend.features.contexts import ContextSettings
    from backend.features.loading import load_model
    from backend.features.story_states import extract_story_states
    from benchmarks.extraction import demo_stories, joined

    loaded = load_model(source, compression, "cpu", choose_calibration([]))
    words = joined(demo_stories(), n_words)

    def work() -> Array:
        with tempfile.TemporaryDirectory() as folder:
            cache = StateCache(Path(folder), source.name, None, compression)
            extract_story_states(loaded, words, ContextSettings(CONTEXT), cache)
        return NOTHING

    return work


def measure(
    stage: str, model: str, compression: str, cache: Path, n_words: int, rounds: int
) -> Run:
    """Repeat a stage in a process of its own, and take the medians."""
    contender = Contender(
        prepare, stage=stage, model=model, compression=compression, cache=cache, n_words=n_words
    )
    runs = [contender.run() for _ in range(rounds)]
    contender.close()
    return Run(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.cpu_seconds for run in runs),
        int(statistics.median(run.added_bytes for run in runs)),
        int(statistics.median(run.total_bytes for run in runs)),
    )


def n_tokens(model: str, n_words: int) -> int:
    """Tokens of the stories that are read."""
    from transformers import AutoTokenizer

    from backend.features.contexts import tokenise_story
    from benchmarks.extraction import demo_stories, joined

    tokenizer = AutoTokenizer.from_pretrained(resolve_model(model).location)
    return len(tokenise_story(tokenizer, joined(demo_stories(), n_words)))


def print_model(model: str, methods: Sequence[str], n_words: int, rounds: int) -> None:
    """Print a line per method, as soon as it is measured."""
    source = resolve_model(model)
    count = n_tokens(model, n_words)
    print(f"\n{source.name}, {source.n_parameters or 0:,} parameters; stories of {count:,} tokens")
    print(
        f"  {'method':<18}{'compress s':>12}{'MB':>8}{'load s':>10}{'MB':>8}{'tokens/s':>11}"
        f"{'MB':>8}"
    )
    for compression in methods:
        reason = applies(compression, source)
        if reason is not None:
            print(f"  {compression:<18}not on this model: {reason}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            given = (model, compression, Path(folder), n_words, rounds)
            written = isinstance(method_of(compression), WrittenMethod)
            made = measure("compress", *given) if written else None
            loaded = measure("load", *given)
            read = measure("extract", *given)
        first = f"{made.seconds:>12.2f}{_mb(made):>8}" if made else f"{'-':>12}{'-':>8}"
        print(
            f"  {compression:<18}{first}{loaded.seconds:>10.2f}{_mb(loaded):>8}"
            f"{count / read.seconds:>11,.0f}{_mb(read):>8}",
            flush=True,
        )


def _mb(run: Run) -> str:
    return f"{run.added_bytes / 1e6:,.0f}"


def default_models() -> list[str]:
    """Name the largest model that ships, where it is there, and MiniLM."""
    shipped = ASSETS / "models" / "cortexscale-7m"
    return [*([str(shipped)] if shipped.is_dir() else []), "minilm-l6"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", action="append", help="default: cortexscale-7m and minilm-l6")
    parser.add_argument("--compression", action="append", help="beside none (default: one of each)")
    parser.add_argument("--rounds", type=int, default=3, help="of each stage (default: 3)")
    parser.add_argument("--words", type=int, default=1500, help="of the stories (default: 1500)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    methods = list(dict.fromkeys(["none", *(arguments.compression or METHODS)]))
    print(f"{machine()}; {arguments.threads} threads, medians of {arguments.rounds}")
    for model in arguments.model or default_models():
        print_model(model, methods, arguments.words, arguments.rounds)


if __name__ == "__main__":
    main()
