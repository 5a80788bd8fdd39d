"""``study``: the small models, their random twins and MiniLM, under every compression."""

import argparse
from pathlib import Path

from backend import catalog
from backend.commands.sweep import add_computers, computers, report
from backend.errors import InputError
from backend.jobs.request import DataChoice, choose_data
from backend.paths import default_store
from backend.sweeps.cells import Cell, against, lay_out
from backend.sweeps.config import Sweep
from backend.sweeps.study import CORTEX, TRAINED, TWINS, study_sweep

PEREIRA = "pereira2018_language_network.csv"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "study",
        help="small models and random twins under every compression, on sentences and stories",
        description="Encode the Pereira 2018 language network (measured) and the demo cortex "
        "(simulated) with every small model, its random twin and MiniLM, under every compression "
        "that applies. It is a sweep that ships: what is in the store already is not computed "
        "again, so that a study that was stopped goes on when the command is given again. Measure "
        "the models themselves with: python -m backend quality",
    )
    parser.add_argument("--data", type=Path, required=True, help=f"folder of {PEREIRA}")
    parser.add_argument("--model", action="append", help="only this one; may be repeated")
    parser.add_argument(
        "--compression", action="append", metavar="NAME", help="only this one; may be repeated"
    )
    parser.add_argument(
        "--subject", action="append", help="of the demo cortex; only this one, may be repeated"
    )
    parser.add_argument(
        "--only", choices=("sentences", "cortex"), help="one of the two data sets alone"
    )
    parser.add_argument("--store", type=Path, default=None, metavar="FOLDER")
    parser.add_argument("--list", action="store_true", help="say what there is to do, and stop")
    add_computers(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compute what is missing, and list what failed."""
    sweep = choose_study(arguments)
    if arguments.list:
        print("\n".join(describe(cell) for cell in lay_out(sweep)))
        return 0
    # Importing dask takes a second, which a wrong option should not cost.
    from backend.sweeps.run import run_sweep

    store = arguments.store or default_store()
    return report(run_sweep(sweep, store, computers(arguments)), "the same command")


def choose_study(arguments: argparse.Namespace) -> Sweep:
    """Narrow the study to what was asked for.

    Raises
    ------
    InputError
        If a compression or a subject is unknown, or the sentences are not there.
    """
    subjects = catalog.story_datasets()[CORTEX].subjects
    for name, given, known in (
        ("compression", arguments.compression, list(catalog.compressions())),
        ("subject", arguments.subject, list(subjects)),
    ):
        unknown = [each for each in given or [] if each not in known]
        if unknown:
            raise InputError(f"unknown {name} {unknown[0]!r}; accepted are {', '.join(known)}.")
    sentences = pereira_sentences(arguments.data).path
    return study_sweep(
        None if arguments.only == "cortex" else sentences,
        arguments.model or (*TRAINED, *TWINS),
        arguments.compression,
        None if arguments.only == "sentences" else arguments.subject or (),
    )


def pereira_sentences(folder: Path) -> DataChoice:
    """Find the sentences, and make sure that they are the ones that results are filed under.

    Raises
    ------
    InputError
        If the file is not there, or is another.
    """
    data = choose_data(str(folder / PEREIRA))
    if data.entry is None:
        raise InputError(
            f"{PEREIRA} is not the file that the catalogue knows (its checksum differs), so its "
            "results cannot be filed under that data set."
        )
    return data


def describe(cell: Cell) -> str:
    """Say what a cell is, and why it is left out if it is."""
    reason = against(cell)
    return cell.title if reason is None else f"{cell.title}: does not apply ({reason})"
