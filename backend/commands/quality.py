"""``quality``: measure models: size, perplexity on held-out text, speed."""

import argparse
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from backend import catalog
from backend.commands.compute import compute_each
from backend.compression import (
    CalibrationText,
    applies,
    choose_calibration,
    find_compression,
    needs_calibration,
)
from backend.compression.architecture import read_architecture
from backend.compression.calibration import default_length
from backend.errors import InputError
from backend.features.sources import ModelSource, resolve_model
from backend.jobs.held_out import HeldOutText, choose_text
from backend.paths import default_store
from backend.store.reader import ResultStore

if TYPE_CHECKING:
    from backend.jobs.quality import QualityRequest

ALL = "all"
MAX_TOKENS = 20_000
EXAMPLES = """examples:
  # what a model is worth uncompressed, on the stories that ship with the project
  python -m backend quality --model cortexscale-7m

  # scale: several models, and a twin with random weights
  python -m backend quality --model cortexscale-1m --model cortexscale-7m \\
      --model cortexscale-7m:random

  # what compression costs: one method, or every one that the model allows
  python -m backend quality --model cortexscale-7m --compression gptq-w4a16
  python -m backend quality --model cortexscale-7m --compression all

  # your own held-out text, and a text to calibrate on that shares nothing with it
  python -m backend quality --model gpt2 --compression wanda-50 --text NOVEL.txt \\
      --calibration OTHER.txt

what it measures: bits per weight, sparsity and bytes of the weights as they are loaded (a decoder's
head is in the bytes, and not in bits per weight or sparsity); perplexity per token and bits per
byte, in windows of which every token is scored once with at least half a window before it; tokens
per second over passes of 4 windows. Compare perplexities between models of one tokenizer, and bits
per byte between any. A model that reads ahead, such as MiniLM, has no perplexity. What is in the
store already is not measured again without --again.
"""
_HEAD = (
    "model", "method", "bits/weight", "sparsity", "MB disk", "MB memory", "perplexity", "bits/byte",
    "tokens/s",
)  # fmt: skip


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "quality",
        help="measure models: size, perplexity on held-out text, speed",
        description="Measure what models and their compressions are: bits per weight, sparsity, "
        "bytes, perplexity on held-out text, tokens per second. Nothing is assumed: each number "
        "is taken from the loaded model.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model_arguments(parser)
    parser.add_argument(
        "--text", type=Path, metavar="FILE",
        help="held-out text, .txt or .txt.xz in UTF-8 (default: the demo's stories)",
    )  # fmt: skip
    parser.add_argument(
        "--calibration", type=Path, metavar="FILE",
        help="text for methods that calibrate (default: one that ships); refused if it shares "
        "eight consecutive words with the held-out text",
    )  # fmt: skip
    parser.add_argument(
        "--tokens", type=_positive, default=MAX_TOKENS, metavar="N",
        help="read no more of the text than this (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--window", type=_positive, metavar="N",
        help="tokens read at once (default: 256, or all that a smaller model takes)",
    )  # fmt: skip
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument(
        "--again", action="store_true", help="measure what is in the store once more"
    )
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER", help="default: $CORTEXSCALE_STORE or runs/"
    )
    parser.set_defaults(run=run_quality)


def run_quality(arguments: argparse.Namespace) -> int:
    """Measure every pair of a model and a compression, and print them together."""
    text = choose_text(arguments.text)
    sources = [resolve_model(name) for name in dict.fromkeys(arguments.model)]
    pairs = model_pairs(sources, arguments.compression or ["none"])
    requests = _requests(pairs, text, arguments)
    store = arguments.store or default_store()
    failed = _measure(requests, store, arguments.again)
    from backend.jobs.quality import find_qualities

    frame = find_qualities(ResultStore(store), [request.quality_id for request in requests])
    if not frame.empty:
        print_quality(frame)
    return 2 if failed else 0


def print_quality(frame: pd.DataFrame) -> None:
    """Print what was measured, a model and compression a line.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns of ``model_quality``.
    """
    rows = [_HEAD, *(_cells(row) for row in frame.to_dict("records"))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        names = "  ".join(cell.ljust(width) for cell, width in zip(row[:2], widths, strict=False))
        numbers = (cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True))
        print("  ".join([names, *numbers]))
    print()
    for (corpus, window), part in frame.groupby(["corpus", "window_tokens"], sort=False):
        counts = part["n_tokens"].dropna()
        read = f", {_range(counts)} tokens scored" if len(counts) else ""
        print(f"on {corpus}{read}, in windows of {window:.0f}")
    print(f"tokens/s over passes of 4 windows on {', '.join(frame['device'].unique())}")


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that :func:`model_pairs` reads."""
    parser.add_argument(
        "--model", action="append", required=True, metavar="NAME",
        help="as for encode: catalogue, folder or hub name; NAME:random for its random twin; may "
        "be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--compression", action="append", default=[], metavar="NAME",
        help=f"{', '.join(catalog.compressions())}; or {ALL}, for each that a model allows; may be "
        "repeated (default: none)",
    )  # fmt: skip


def model_pairs(
    sources: Sequence[ModelSource], compressions: Sequence[str]
) -> list[tuple[ModelSource, str]]:
    """Pair models with compressions.

    Parameters
    ----------
    sources : sequence of ModelSource
    compressions : sequence of str
        Names in the catalogue, or :data:`ALL` for each that a model allows.

    Returns
    -------
    list of (ModelSource, str)

    Raises
    ------
    InputError
        If what was asked for by name does not exist, or cannot be used on a model.
    """
    named = [name for name in dict.fromkeys(compressions) if name != ALL]
    for name in named:
        find_compression(name)
    reasons = [
        f"{name} cannot be used on {source.name}: {reason}"
        for source in sources
        for name in named
        if (reason := applies(name, source)) is not None
    ]
    if reasons:
        raise InputError("; ".join(reasons) + f". Leave it out, or ask for --compression {ALL}.")
    pairs = []
    for source in sources:
        chosen = dict.fromkeys(named)
        if ALL in compressions:
            chosen |= dict.fromkeys(
                name for name in catalog.compressions() if applies(name, source) is None
            )
        pairs += [(source, name) for name in chosen]
    return pairs


def _requests(
    pairs: Sequence[tuple[ModelSource, str]], text: HeldOutText, arguments: argparse.Namespace
) -> "list[QualityRequest]":
    calibrations = {
        source: _calibration(source, text, arguments.calibration)
        for source, name in pairs
        if needs_calibration(name)
    }
    # Importing torch takes seconds, which a wrong option should not cost.
    from backend.jobs.quality import QualityRequest

    return [
        QualityRequest(
            source,
            name,
            calibrations.get(source),
            text,
            arguments.window,
            arguments.tokens,
            arguments.device,
        )
        for source, name in pairs
    ]


def _calibration(source: ModelSource, text: HeldOutText, path: Path | None) -> CalibrationText:
    architecture = read_architecture(source)
    length = None if architecture is None else default_length(architecture.config)
    return choose_calibration([text.text], path, length=length)


def _measure(requests: "Sequence[QualityRequest]", store: Path, again: bool) -> int:
    """Measure what is not there; of several, one that fails does not stop the others.

    Returns
    -------
    int
        How many failed.
    """
    from backend.jobs.quality import find_qualities, measure_quality

    ids = [request.quality_id for request in requests]
    known = set() if again else set(find_qualities(ResultStore(store), ids)["quality_id"])
    if known:
        print(f"{len(known)} of {len(ids)} in {store} already (--again measures them once more)")
    return compute_each(
        requests,
        lambda request, progress: measure_quality(request, store, progress),
        is_stored=lambda request: request.quality_id in known,
        name=lambda request: f"{request.source.name}, {request.compression}",
    )


def _cells(row: Mapping[Hashable, Any]) -> tuple[str, ...]:
    def number(name: str, form: str, scale: float = 1.0) -> str:
        value = row[name]
        return "-" if pd.isna(value) else format(float(value) / scale, form)

    return (
        str(row["model"]),
        str(row["compression"]),
        number("bits_per_weight", ".2f"),
        number("sparsity", ".3f"),
        number("bytes_on_disk", ",.2f", 1e6),
        number("bytes_in_memory", ",.2f", 1e6),
        number("perplexity", ",.2f"),
        number("bits_per_byte", ".3f"),
        number("tokens_per_second", ",.0f"),
    )


def _range(counts: "pd.Series[float]") -> str:
    low, high = counts.min(), counts.max()
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number < 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of tokens, such as 20000")
    return number
