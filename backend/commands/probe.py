"""``probe``: what can be read of language from a model's states, layer by layer."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from backend.commands.compute import compute_each, model_and_compression, say_stored
from backend.commands.encode import parse_layers
from backend.commands.quality import add_model_arguments, model_pairs
from backend.errors import InputError, first_problem
from backend.features.sources import resolve_model
from backend.jobs.config import ProbeSource, ProbeTask, StoryContext
from backend.jobs.probing import build_probe_task
from backend.paths import default_store
from backend.store.probe_queries import has_probes, probe_scores
from backend.store.reader import ResultStore

SHIPPED = ":shipped"
EXAMPLES = """examples:
  # the bundled tasks, at full precision and compressed; the random twin is the floor
  python -m backend probe --model minilm-l6
  python -m backend probe --model minilm-l6:random
  python -m backend probe --model minilm-l6 --compression bnb-nf4 --compression magnitude-50

  # one phenomenon, or some tasks; some layers
  python -m backend probe --model cortexscale-3m --tasks syntax verb-tense --layers 0-3

  # what else can be asked: Holmes, labels over a transcript, minimal pairs, facts
  python -m backend probe --model minilm-l6 --holmes data/flash-holmes
  python -m backend probe --model minilm-l6 --labels probing_labels.csv --transcript align.csv \\
      --context 128 --context-mode strided
  python -m backend probe --model cortexscale-7m --pairs blimp/data
  python -m backend probe --model cortexscale-7m --cloze

what it does: reads each text once and averages every layer's states over it; fits ridge classifiers
whose penalty is chosen on inner folds; scores what was held out by balanced accuracy. Beside each
score stand chance, what text length and keywords alone score on the same folds, and a control task
with random labels per word (Hewitt & Liang 2019). Intervals are 95%, over items. What is in the
store already is not probed again without --again, so that a run of several that was stopped goes on
when the command is given again.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "probe",
        help="linear probes of a model's states: discourse, syntax, morphology, semantics, "
        "reasoning",
        description="Measure what a linear probe reads of discourse, syntax, morphology, semantics "
        "and reasoning from every layer of a language model, beside its floors and controls.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model_arguments(parser)
    parser.add_argument(
        "--tasks", nargs="+", default=[], metavar="NAME",
        help="tasks or phenomena (default: all)",
    )  # fmt: skip
    sources = parser.add_argument_group("other probes than the bundled ones")
    sources.add_argument(
        "--holmes", type=Path, metavar="FOLDER",
        help="data sets of Holmes or FlashHolmes, in their released format",
    )  # fmt: skip
    sources.add_argument(
        "--labels", type=Path, metavar="FILE",
        help="CSV of word-level labels over a transcript: words, and a column per property",
    )  # fmt: skip
    sources.add_argument(
        "--transcript", type=Path, metavar="FILE", help="what the words of --labels are held to"
    )
    sources.add_argument(
        "--context-mode", choices=("strided", "exact", "sentence"),
        help="how --labels' words are read: in their story, as encode reads it (default: strided), "
        "or each sentence by itself",
    )  # fmt: skip
    sources.add_argument(
        "--context", type=int, metavar="TOKENS",
        help="of the story before a word of --labels, as for encode (default: 128)",
    )  # fmt: skip
    sources.add_argument(
        "--pooling", choices=("last", "mean"),
        help="of a word's sub-words in its story (default: last)",
    )  # fmt: skip
    sources.add_argument(
        "--pairs", type=Path, metavar="FILE",
        help="minimal pairs, BLiMP's .jsonl or SyntaxGym's .json, or a folder; by probabilities",
    )  # fmt: skip
    sources.add_argument(
        "--cloze", type=Path, nargs="?", const=Path(SHIPPED), metavar="FILE",
        help="facts in LAMA's .jsonl, or a folder; without a file a small set that ships",
    )  # fmt: skip
    parser.add_argument(
        "--layers", type=parse_layers, metavar="LIST",
        help="such as 0-3,6; 0 is the embedding output (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=int, default=3, metavar="N",
        help="draws of training items and of control labels, 1 to 20 (default: 3)",
    )  # fmt: skip
    parser.add_argument(
        "--calibration", type=Path, metavar="FILE",
        help="text that a calibrated compression is shown (default: one that ships)",
    )  # fmt: skip
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--again", action="store_true", help="probe what is in the store once more")
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER", help="default: $CORTEXSCALE_STORE or runs/"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Probe every pair of a model and a compression, and print their scores."""
    if not 1 <= arguments.seeds <= 20:
        raise InputError(f"{arguments.seeds} seeds were asked for; accepted are 1 to 20.")
    sources = [resolve_model(name) for name in dict.fromkeys(arguments.model)]
    store = arguments.store or default_store()
    kind, path = chosen_source(arguments)
    tasks = [
        build_probe_task(
            source.address,
            store,
            source=kind,
            path=path,
            transcript=arguments.transcript,
            tasks=arguments.tasks,
            compression=compression,
            calibration=arguments.calibration,
            layers=arguments.layers,
            n_seeds=arguments.seeds,
            story_context=story_context(arguments),
            device=arguments.device,
        )
        for source, compression in model_pairs(sources, arguments.compression or ["none"])
    ]
    failed = probe_all(tasks, store, arguments.again)
    frame = probe_scores(ResultStore(store), [task.config.run_id for task in tasks])
    print_probes(frame)
    return 2 if failed else 0


def chosen_source(arguments: argparse.Namespace) -> tuple[ProbeSource, Path | None]:
    """Tell the kind of probes from the options."""
    given = {
        "holmes": arguments.holmes,
        "transcript": arguments.labels,
        "pairs": arguments.pairs,
        "cloze": arguments.cloze,
    }
    asked = [(name, path) for name, path in given.items() if path is not None]
    if len(asked) > 1:
        raise InputError(
            "one source of probes at a time: give one of --holmes, --labels, --pairs and --cloze."
        )
    if arguments.transcript is not None and arguments.labels is None:
        raise InputError("--transcript is what --labels are held to; give both, or neither.")
    kinds: dict[str, ProbeSource] = {
        "holmes": "holmes", "transcript": "transcript", "pairs": "pairs", "cloze": "cloze",
    }  # fmt: skip
    for name, path in asked:
        return kinds[name], None if path == Path(SHIPPED) else path
    return "bundled", None


def story_context(arguments: argparse.Namespace) -> StoryContext | None:
    """Tell how the words of a transcript are read from the options.

    Raises
    ------
    InputError
        If an option is given that would do nothing.
    """
    given = {
        "--context-mode": arguments.context_mode,
        "--context": arguments.context,
        "--pooling": arguments.pooling,
    }
    named = [name for name, value in given.items() if value is not None]
    by_itself = arguments.context_mode == "sentence"
    if arguments.labels is None or (by_itself and len(named) > 1):
        if named:
            raise InputError(
                f"{named[-1]} says how the words of --labels are read in their story; leave it out "
                "here."
            )
        return None
    if by_itself:
        return None
    stated = {
        "context": arguments.context, "mode": arguments.context_mode, "pooling": arguments.pooling,
    }  # fmt: skip
    try:
        return StoryContext(**{key: value for key, value in stated.items() if value is not None})
    except ValidationError as error:
        raise InputError(f"{first_problem(error)}.") from error


def probe_all(tasks: Sequence[ProbeTask], store: Path, again: bool) -> int:
    """Compute what is not there; of several, one that fails does not stop the others.

    Returns
    -------
    int
        How many failed.
    """
    # Importing torch takes seconds, which a wrong option should not cost.
    from backend.jobs.run import run_task

    def is_stored(task: ProbeTask) -> bool:
        stored = not again and has_probes(ResultStore(store), task.config.run_id)
        if stored:
            say_stored(task.config.run_id, store, "probes")
        return stored

    return compute_each(tasks, run_task, is_stored=is_stored, name=model_and_compression)


def print_probes(frame: pd.DataFrame) -> None:
    """Print each task's best layer, a block per run.

    Parameters
    ----------
    frame : pandas.DataFrame
        As of :func:`backend.store.probe_queries.probe_scores`.
    """
    for _, rows in frame.groupby("run_id", sort=False):
        first = rows.iloc[0]
        print(
            f"\n{first['dataset']}: {first['model']}, {first['compression']} "
            f"({first['bits_per_weight']:.1f} bits per weight)"
        )
        best = rows.loc[rows.groupby("task", sort=False)["score"].idxmax()]
        table = pd.DataFrame(
            {
                "phenomenon": best["phenomenon"],
                "task": best["task"],
                "layer": best["layer"].astype("Int64").astype(str).replace("<NA>", "-"),
                "score": best["score"],
                "95%": [
                    f"[{low:.3f}, {high:.3f}]"
                    for low, high in zip(best["low"], best["high"], strict=True)
                ],
                "chance": best["chance"],
                "length": best["length_score"],
                "keyword": best["keyword_score"],
                "control": best["control_score"],
                "twin": best["twin_score"],
                "beats surface": ["yes" if low > 0 else "no" for low in best["gain_low"]],
            }
        )
        print(table.to_string(index=False, float_format="{:.3f}".format, na_rep="-"))
    if len(frame):
        print(
            "\nbalanced accuracy at the layer where it is highest, which favours it a little; "
            "beats surface: above chance, length and keywords by more than its 95% interval over "
            "items"
        )
