"""``remove``: predictivity without what probes read."""

import argparse
from pathlib import Path

from backend import catalog
from backend.errors import InputError
from backend.jobs.request import build_task, choose_data
from backend.paths import default_store
from backend.probing.tasks import PHENOMENA

EXAMPLES = """examples:
  python -m backend remove --dataset demo-sentences --model minilm-l6 --layer 4
  python -m backend remove --dataset FILE.csv --sentence sentence --response left_ifg \\
      --model cortexscale-3m --layer 3 --phenomena syntax morphology --csv removal.csv

what it does: fits LEACE (Belrose et al. 2023) to what the bundled tasks of a phenomenon label,
takes it out of the layer's states of your sentences, and fits the encoding model again on the same
folds; random directions of the same rank are removed for comparison. A fall below 0 is predictivity
that rests on what was removed, and not on as many directions of any kind.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "remove",
        help="predictivity of a layer once a phenomenon's information is removed from it",
        description="How much brain predictivity falls when what linear probes read of a "
        "phenomenon is removed from a layer's states, against random directions of the same rank.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dataset", required=True, metavar="FILE", help="sentences, as for encode")
    parser.add_argument("--sentence", metavar="COLUMN")
    parser.add_argument("--response", action="append", default=[], metavar="COLUMN")
    parser.add_argument("--group", metavar="COLUMN")
    parser.add_argument("--model", default="minilm-l6", metavar="NAME")
    parser.add_argument(
        "--compression", choices=tuple(catalog.compressions()), default="none", metavar="NAME"
    )
    parser.add_argument("--layer", type=int, required=True, metavar="N")
    parser.add_argument(
        "--phenomena", nargs="+", default=list(PHENOMENA), metavar="NAME",
        help=f"of {', '.join(PHENOMENA)} (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--random", type=int, default=5, metavar="N", help="random draws (default: 5)"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the table")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, and write the table where asked."""
    data = choose_data(arguments.dataset, arguments.sentence, arguments.response, arguments.group)
    task, _ = build_task(
        data, arguments.model, default_store(), compression=arguments.compression,
        device=arguments.device,
    )  # fmt: skip
    # Importing torch takes seconds, which a wrong option should not cost.
    from backend.jobs.progress import Terminal
    from backend.jobs.removal import measure_removal

    progress = Terminal()
    try:
        table = measure_removal(
            task, arguments.phenomena, arguments.layer, arguments.random, progress
        )
    finally:
        progress.close()
    config = task.config
    mark = "  SIMULATED RESPONSES" if config.evidence == "simulated" else ""
    print(
        f"\n{config.dataset}: {config.model}, {config.compression}, layer {arguments.layer}{mark}"
    )
    print(table.to_string(index=False, float_format="{:.3f}".format))
    print(
        "\nfall: r without the phenomenon minus r without as many random directions, 95% t "
        f"interval over {config.n_folds} folds ({config.split})"
    )
    if arguments.csv is not None:
        stated = table.assign(
            dataset=config.dataset, model=config.model, compression=config.compression,
            layer=arguments.layer, split=config.split, n_folds=config.n_folds,
            evidence=config.evidence, citation=config.citation,
        )  # fmt: skip
        try:
            stated.to_csv(arguments.csv, index=False)
        except OSError as error:
            raise InputError(f"{arguments.csv} cannot be written: {error.strerror}.") from error
    return 0
