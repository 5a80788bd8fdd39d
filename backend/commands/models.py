"""``models``: the catalogue, and what each model takes."""

import argparse
import json
from dataclasses import asdict

from backend import catalog
from backend.errors import InputError
from backend.features.listing import Listed, list_families, list_models
from backend.features.memory import choose_device_kind, free_memory

EXAMPLES = """examples:
  python -m backend models                          # everything
  python -m backend models --family Pythia          # one family, by size
  python -m backend models --fits                   # what fits in this machine's memory
  python -m backend models --fits --compression bnb-nf4
  python -m backend models --json                   # for a script

Any of these names is what encode --model takes, as is a folder that save_pretrained wrote, or the
name of another model on the Hugging Face hub. With :random at its end (pythia-160m:random) a name
stands for the same architecture and tokenizer with random weights, the control of a model that has
learned nothing. Code that comes with a model is run only where its name ends in :remote-code
(ORGANISATION/MODEL:remote-code), which holds for that one model: read it first.

parameters: all weights, the head included. float32 to 4bit: memory of the weights that are loaded
(without the head); int8 and 4bit are bitsandbytes', with embeddings and norms in 32 bits. fits: a
whole process, as it would run now. A gated model needs its licence accepted on the hub and a token
in HF_TOKEN.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "models",
        help="list the models of the catalogue, and what fits in this machine's memory",
        description="List the models that can be chosen by name: parameters, layers, width, "
        "context, licence, memory by precision, and whether each fits here.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--family", help=f"one of {', '.join(list_families())}")
    parser.add_argument("--fits", action="store_true", help="only models that fit in free memory")
    parser.add_argument(
        "--compression", choices=tuple(catalog.compressions()), default="none",
        help="with which a model should fit (default: none)",
    )  # fmt: skip
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", action="store_true", help="print JSON; memory in bytes")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the catalogue, or the part of it that was asked for."""
    families = {family.lower(): family for family in list_families()}
    wanted = None if arguments.family is None else families.get(arguments.family.lower())
    if arguments.family is not None and wanted is None:
        raise InputError(
            f"no family {arguments.family!r} in the catalogue; there are "
            f"{', '.join(families.values())}."
        )
    device = choose_device_kind(arguments.device)
    free = free_memory(device)
    listed = [
        model
        for model in list_models(arguments.compression, free)
        if wanted in (None, model.family) and (model.fits or not arguments.fits)
    ]
    if arguments.json:
        print(json.dumps([asdict(model) for model in listed], indent=1))
        return 0
    print(
        f"{free / 1e9:.1f} GB of memory are free on {device}; compression {arguments.compression}"
    )
    _print_table(listed)
    return 0


def _print_table(listed: list[Listed]) -> None:
    head = ("model", "parameters", "layers", "width", "context", "float32", "bfloat16", "int8",
            "4bit", "fits", "licence")  # fmt: skip
    rows = [head, *map(_row, listed)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)]
        print("  ".join([*cells, row[-1]]))


def _row(model: Listed) -> tuple[str, ...]:
    sizes = [f"{n_bytes / 1e9:.2f} GB" for n_bytes in model.memory.values()] or ["?"] * 4
    fits = "?" if model.fits is None else "yes" if model.fits else "no"
    licence = model.licence + (" (gated)" if model.gated else "")
    return (
        model.name, f"{model.parameters:,}", str(model.layers), str(model.width),
        str(model.context), *sizes, fits, licence,
    )  # fmt: skip
