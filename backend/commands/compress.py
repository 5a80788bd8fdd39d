"""``compress``: compress a model, keep the copy, and print what it measures."""

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from backend import catalog
from backend.compression import CalibrationText, applies, choose_calibration, needs_calibration
from backend.compression.architecture import read_architecture
from backend.compression.calibration import DEFAULT_SAMPLES, default_length
from backend.errors import InputError, ModelError
from backend.features.sources import ModelSource, resolve_model

ALL = "all"
EXAMPLES = """examples:
  # what can be done to this model, and what cannot and why
  python -m backend compress --model minilm-l6 --list

  # compress, measure, and keep the copies; the second time they are found
  python -m backend compress --model path/to/decoder --compression gptq-w4a16 wanda-50

  # everything that applies, calibrated on your own text
  python -m backend compress --model path/to/decoder --compression all --calibration text.txt

what it does: a method that writes a copy (all but bnb) puts it in the cache's folder models, from
where encode takes it; bnb compresses while loading. Bits per weight count scales and embeddings.
Methods that look at the model while it reads are shown --samples windows of --length tokens; encode
chooses its own text, which shares nothing with the stimuli, and then makes a copy of its own where
that is another.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "compress",
        help="compress a model, and print what its weights measure",
        description="Compress a language model in one or several ways, keep the copies, and print "
        "bits per weight, sparsity and sizes as measured.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--model", required=True, metavar="NAME", help="catalogue name, folder, or hub name"
    )
    parser.add_argument(
        "--compression", nargs="+", metavar="NAME", default=[],
        choices=(*catalog.compressions(), ALL),
        help=f"one or several of {', '.join(catalog.compressions())}; or all that apply",
    )  # fmt: skip
    parser.add_argument(
        "--list", action="store_true", help="say what applies to the model, and do nothing"
    )
    parser.add_argument(
        "--calibration", type=Path, metavar="FILE",
        help="plain text for the methods that look at a model (default: demo-sentences, which "
        "ships with the project)",
    )  # fmt: skip
    parser.add_argument(
        "--samples", type=int, metavar="N",
        help=f"windows of calibration text (default: {DEFAULT_SAMPLES})",
    )  # fmt: skip
    parser.add_argument(
        "--length", type=int, metavar="N",
        help="tokens of each (default: 128, or what a smaller model reads)",
    )  # fmt: skip
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """List what applies, or compress and print the table.

    Parameters
    ----------
    arguments : argparse.Namespace

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    InputError, ModelError
        As their messages say.
    """
    source = resolve_model(arguments.model)
    if arguments.list:
        print_applicable(source)
        return 0
    names = _chosen(source, arguments.compression)
    text = _calibration(source, arguments) if any(map(needs_calibration, names)) else None
    rows = []
    for row in measure_each(source, names, text, arguments.device):
        rows.append(row)
        print(f"{row['compression']}: {row['seconds']:.1f} s", flush=True)
    print(f"\n{source.name}{_shown(text)}")
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format))
    return 0


def print_applicable(source: ModelSource) -> None:
    """Print every compression, and why it cannot be used where it cannot.

    Parameters
    ----------
    source : ModelSource
    """
    print(f"{source.name} ({source.family})")
    for name, entry in catalog.compressions().items():
        reason = applies(name, source)
        calibrated = ", calibrated" if entry.needs_calibration else ""
        said = f"applies ({entry.group}{calibrated})" if reason is None else f"no: {reason}"
        print(f"  {name:16} {said}")


def measure_each(
    source: ModelSource, names: Sequence[str], text: CalibrationText | None, device: str
) -> Iterator[dict[str, object]]:
    """Load a model with one compression after the other, and say what each measures.

    Parameters
    ----------
    source : ModelSource
    names : sequence of str
        In compressions.yaml.
    text : CalibrationText or None
    device : {"auto", "cpu", "cuda"}

    Yields
    ------
    dict
        A row of the table.
    """
    # Importing torch takes seconds, which a wrong option should not cost.
    from backend.features.loading import load_model

    for name in names:
        started = time.perf_counter()
        weights = load_model(source, name, device, text).weights
        yield {
            "compression": name,
            "bits/weight": weights.bits_per_weight,
            "sparsity": weights.sparsity,
            "MB on disk": (weights.bytes_on_disk or 0) / 1e6,
            "MB in memory": (weights.bytes_in_memory or 0) / 1e6,
            "seconds": time.perf_counter() - started,
        }


def _chosen(source: ModelSource, named: Sequence[str]) -> list[str]:
    if not named:
        raise InputError("name at least one --compression, or all; --list shows what applies.")
    names = list(catalog.compressions()) if ALL in named else list(dict.fromkeys(named))
    reasons = {name: applies(name, source) for name in names}
    if ALL in named:
        return [name for name in names if reasons[name] is None]
    for name, reason in reasons.items():
        if reason is not None:
            raise ModelError(f"{name} cannot be used on {source.name}: {reason}.")
    return names


def _calibration(source: ModelSource, arguments: argparse.Namespace) -> CalibrationText:
    architecture = read_architecture(source)
    length = arguments.length
    if length is None and architecture is not None:
        length = default_length(architecture.config)
    # No data set is to be predicted here, so nothing is held out.
    return choose_calibration([], arguments.calibration, arguments.samples, length)


def _shown(text: CalibrationText | None) -> str:
    if text is None:
        return ""
    shown = text.calibration
    return f", calibrated on {shown.text}: {shown.n_samples} windows of {shown.length} tokens"
