"""``study``: the small models, their random twins and MiniLM, under every compression."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from backend import catalog
from backend.commands.probe import probe_all
from backend.commands.remove import remove_all
from backend.commands.sweep import add_computers, computers, report
from backend.errors import InputError
from backend.jobs.removal_config import AnyRemoval
from backend.jobs.request import DataChoice, choose_data
from backend.paths import default_store
from backend.sweeps.cells import Cell, against, lay_out
from backend.sweeps.config import Sweep
from backend.sweeps.probes import study_probes
from backend.sweeps.removals import SUBJECT, study_removals
from backend.sweeps.study import CORTEX, TRAINED, TWINS, study_sweep

_CANCELLED = 130
PEREIRA = "pereira2018_language_network.csv"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "study",
        help="small models and random twins under every compression, on sentences and stories",
        description="Encode the Pereira 2018 language network (measured) and the demo cortex "
        "(simulated) with every small model, its random twin and MiniLM, under every compression "
        "that applies, of the demo cortex for the first subject. It is a sweep that ships: what is "
        "in the store already is not computed again, so that a study that was stopped goes on when "
        "the command is given again. Measure the models themselves with: python -m backend quality",
    )
    parser.add_argument(
        "--data", type=Path, help=f"folder of {PEREIRA}; probes or cortex alone need none"
    )
    parser.add_argument("--model", action="append", help="only this one; may be repeated")
    parser.add_argument(
        "--compression", action="append", metavar="NAME", help="only this one; may be repeated"
    )
    parser.add_argument(
        "--subject",
        action="append",
        help="of the demo cortex; only this one, may be repeated (default: the first under every "
        "compression, the others at full precision)",
    )
    parser.add_argument(
        "--only",
        choices=("sentences", "cortex", "probes", "removals"),
        help="one of the two data sets alone, the probes and facts alone, or the removals of what "
        f"probes read alone (of the demo cortex from {SUBJECT}, unless --subject says otherwise)",
    )
    parser.add_argument("--store", type=Path, default=None, metavar="FOLDER")
    parser.add_argument("--list", action="store_true", help="say what there is to do, and stop")
    add_computers(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compute what is missing, and list what failed."""
    if arguments.only == "probes":
        return run_probes(arguments)
    if arguments.only == "removals":
        return run_removals(arguments)
    sweep = choose_study(arguments)
    if arguments.list:
        print("\n".join(describe(cell) for cell in lay_out(sweep)))
        return 0 if arguments.only else max(run_probes(arguments), run_removals(arguments))
    # Importing dask takes a second, which a wrong option should not cost.
    from backend.sweeps.run import run_sweep

    store = arguments.store or default_store()
    code = report(run_sweep(sweep, store, computers(arguments)), "the same command")
    if arguments.only or code == _CANCELLED:
        return code
    return max(code, run_probes(arguments), run_removals(arguments))


def run_probes(arguments: argparse.Namespace) -> int:
    """Probe the study's models one after the other, as far as the store lacks it.

    Parameters
    ----------
    arguments : argparse.Namespace

    Returns
    -------
    int
        Exit code: 1 where something failed.
    """
    require_known("compression", arguments.compression, list(catalog.compressions()))
    asked = study_probes(arguments.model or (*TRAINED, *TWINS), arguments.compression)
    if arguments.list:
        print("\n".join(f"{each.source}: {each.model}, {each.compression}" for each in asked))
        return 0
    store = arguments.store or default_store()
    return 1 if probe_all([each.task(store) for each in asked], store, again=False) else 0


def run_removals(arguments: argparse.Namespace) -> int:
    """Remove what probes read from the states of the study's sentences, then of the demo cortex.

    Parameters
    ----------
    arguments : argparse.Namespace

    Returns
    -------
    int
        Exit code: 1 where something failed.

    Raises
    ------
    InputError
        If the sentences are not there.
    """
    store = arguments.store or default_store()
    require_known("subject", arguments.subject, list(catalog.story_datasets()[CORTEX].subjects))
    subjects = arguments.subject or (SUBJECT,)
    tasks = study_removals(given_sentences(arguments), store, arguments.model, subjects)
    if arguments.list:
        print("\n".join(f"removals: {model_and_data(task)}" for task in tasks))
        return 0
    return 1 if remove_all(tasks, store, again=False) else 0


def model_and_data(task: AnyRemoval) -> str:
    """Name a removal as the list does."""
    return f"{task.config.model}, {task.config.dataset}"


def given_sentences(arguments: argparse.Namespace) -> DataChoice:
    """Find the sentences in the folder that was named.

    Raises
    ------
    InputError
        If none was named, or it does not hold them.
    """
    if arguments.data is None:
        raise InputError(f"name the folder of {PEREIRA} with --data{_without(arguments.only)}.")
    return pereira_sentences(arguments.data)


def _without(only: str | None) -> str:
    """Say what of the study there is without sentences, to whom that may help."""
    if only is not None:
        return f": {only} are of its sentences"
    return ", or ask for --only probes or --only cortex, which need no data"


def require_known(name: str, given: Sequence[str] | None, known: Sequence[str]) -> None:
    """Refuse a name that is none of those known.

    Raises
    ------
    InputError
    """
    unknown = [each for each in given or [] if each not in known]
    if unknown:
        raise InputError(f"unknown {name} {unknown[0]!r}; accepted are {', '.join(known)}.")


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
        require_known(name, given, known)
    return study_sweep(
        None if arguments.only == "cortex" else given_sentences(arguments).path,
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
