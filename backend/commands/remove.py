"""``remove``: predictivity without what probes read."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from backend import catalog
from backend.commands.compute import compute_each, model_and_compression, say_stored
from backend.commands.encode import OF_STORIES, parse_layers, refuse_options, sentence_split
from backend.commands.encode_stories import (
    READING_OPTIONS,
    STORY_GROUP,
    add_reading_options,
    reading_options,
)
from backend.comparisons.probes import BUNDLED
from backend.comparisons.removal import OF_RUN, removal_falls
from backend.encoding.story_folds import STORY_SPLITS
from backend.jobs.progress import Progress
from backend.jobs.removal_config import AnyRemoval, RemovalTask, StoryRemovalTask
from backend.jobs.removal_request import build_removal_task, build_story_removal_task
from backend.jobs.request import choose_data
from backend.jobs.stories import choose_stories, is_stories
from backend.paths import default_store
from backend.probing.tasks import PHENOMENA
from backend.store.reader import ResultStore
from backend.store.removal_queries import has_removal, removal_scores

# Of a table of sentences alone.
_SENTENCE_OPTIONS = ("sentence", "response", "group", "citation", "simulated")
_STORY_OPTIONS = (*READING_OPTIONS, "labels")

EXAMPLES = """examples:
  python -m backend remove --dataset demo-sentences --model minilm-l6 --layers 4
  python -m backend remove --dataset FILE.csv --sentence sentence --response left_ifg \\
      --model cortexscale-3m --layers 1-4 --phenomena syntax morphology
  python -m backend results --removals

  # stories: each region of the demo cortex (simulated), or of your folder
  python -m backend remove --dataset demo-cortex --subject sub-01 --model minilm-l6 --layers 4

  # what labels of your stories' own words say: a folder with a table STORY.csv for each
  python -m backend remove --dataset FOLDER --model minilm-l6 --layers 4 --labels labels \\
      --phenomena tree_depth tense

what it does: fits LEACE (Belrose et al. 2023) to what the bundled tasks of a phenomenon label,
takes it out of the layer's states of your sentences, or of the words of your stories, and fits the
encoding model again on the same folds; random directions of the same rank are removed for
comparison. With --labels it is fitted to the words that each fold trains on. A difference below 0
is predictivity that rests on what was removed, and not on as many directions of any kind. Scores go
to the store, and the app shows them on the Dissociation page.
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
    data = parser.add_argument_group("data")
    data.add_argument(
        "--dataset", required=True, metavar="FILE", help="sentences or stories, as for encode"
    )
    data.add_argument("--sentence", metavar="COLUMN")
    data.add_argument("--response", action="append", default=[], metavar="COLUMN")
    data.add_argument("--group", metavar="COLUMN")
    data.add_argument("--name", help="what to file the results under (default: the file's name)")
    data.add_argument("--citation", metavar="TEXT", help="the data set's reference, for captions")
    data.add_argument(
        "--simulated", action="store_true", help="the responses were made by a program"
    )
    data.add_argument(
        "--split", choices=("contiguous", "grouped", *STORY_SPLITS[:2], "shuffled"),
        help="what is held out (default: whole groups or stories where there are several, else "
        "contiguous blocks; shuffled leaks)",
    )  # fmt: skip
    parser.add_argument("--model", default="minilm-l6", metavar="NAME")
    parser.add_argument(
        "--compression", choices=tuple(catalog.compressions()), default="none", metavar="NAME"
    )
    parser.add_argument(
        "--layers", type=parse_layers, required=True, metavar="LIST", help="such as 4, or 1-3,6"
    )
    parser.add_argument(
        "--pooling", choices=("mean", "last"),
        help="over a sentence's tokens (default: mean), or a word's sub-words (default: last)",
    )  # fmt: skip
    parser.add_argument(
        "--phenomena", nargs="+", default=[], metavar="NAME",
        help=f"of {', '.join(PHENOMENA)}; with --labels, columns of theirs (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--random", type=int, default=5, metavar="N", help="random draws (default: 5)"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--again", action="store_true", help="measure what is in the store again")
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER", help="default: $CORTEXSCALE_STORE or runs/"
    )
    stories = parser.add_argument_group(*STORY_GROUP)
    add_reading_options(stories)
    stories.add_argument(
        "--labels", type=Path, metavar="FOLDER",
        help="remove what labels of the stories' own words say: a table STORY.csv for each story, "
        "as for probe (or the file, of a single story), instead of what the bundled tasks ask",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure what is not there yet, and print it."""
    store = arguments.store or default_store()
    of_stories = is_stories(arguments.dataset)
    task = (_of_stories if of_stories else _of_sentences)(arguments, store)
    failed = remove_all([task], store, arguments.again)
    scores = removal_scores(ResultStore(store))
    own = scores[scores["run_id"] == task.config.run_id]
    for warning in own["warnings"].dropna().head(1).explode().dropna():
        print(f"warning: {warning}")
    print_removals(removal_falls(own))
    return 2 if failed else 0


def _of_sentences(arguments: argparse.Namespace, store: Path) -> RemovalTask:
    refuse_options(arguments, _STORY_OPTIONS, OF_STORIES)
    data = choose_data(
        arguments.dataset, arguments.sentence, arguments.response, arguments.group, arguments.name
    )
    return build_removal_task(
        data, arguments.model, store, arguments.layers,
        phenomena=arguments.phenomena or PHENOMENA, n_random=arguments.random,
        compression=arguments.compression, split=sentence_split(arguments.split),
        pooling=arguments.pooling or "mean",
        citation=arguments.citation, simulated=arguments.simulated, device=arguments.device,
    )  # fmt: skip


def _of_stories(arguments: argparse.Namespace, store: Path) -> StoryRemovalTask:
    refuse_options(arguments, _SENTENCE_OPTIONS, "a table of sentences")
    data = choose_stories(arguments.dataset, arguments.subject, arguments.name)
    return build_story_removal_task(
        data, arguments.model, store, arguments.layers, phenomena=arguments.phenomena,
        labels=arguments.labels, n_random=arguments.random, compression=arguments.compression,
        device=arguments.device, split=arguments.split, pooling=arguments.pooling,
        **reading_options(arguments),
    )  # fmt: skip


def remove_all(tasks: Sequence[AnyRemoval], store: Path, again: bool) -> int:
    """Measure what is not there; of several, one that fails does not stop the others.

    Returns
    -------
    int
        How many failed.
    """
    # Importing torch takes seconds, which a wrong option should not cost.
    from backend.jobs.removal import run_removal
    from backend.jobs.story_removal import run_story_removal

    def work(task: AnyRemoval, progress: Progress) -> object:
        if isinstance(task, StoryRemovalTask):
            return run_story_removal(task, progress)
        return run_removal(task, progress)

    def is_stored(task: AnyRemoval) -> bool:
        stored = not again and has_removal(ResultStore(store), task.config.run_id)
        if stored:
            say_stored(task.config.run_id, store, "measures")
        return stored

    return compute_each(tasks, work, is_stored=is_stored, name=model_and_compression)


def print_removals(falls: pd.DataFrame) -> None:
    """Print what was lost, a block per model and compression.

    Parameters
    ----------
    falls : pandas.DataFrame
        As of :func:`backend.comparisons.removal.removal_falls`.
    """
    for _, rows in falls.groupby(OF_RUN, sort=False, dropna=False):
        print(f"\n{_heading(rows)}")
        table = rows[
            ["layer", "phenomenon", "roi", "hemisphere", "rank", "probe_before", "probe_after",
             "r_full", "fall", "random", "difference"]
        ].assign(
            interval=[
                f"[{low:+.3f}, {high:+.3f}]"
                for low, high in zip(rows["low"], rows["high"], strict=True)
            ],
            q=rows["q"],
            verdict=rows["verdict"],
        ).rename(columns={"interval": "95%"})  # fmt: skip
        print(table.to_string(index=False, float_format="{:.3f}".format, na_rep="-"))
    if len(falls):
        print(
            "\nfall, random: change in r without the phenomenon, and without as many random "
            "directions; difference: fall minus random, with its 95% t interval over folds; q: "
            "Benjamini-Hochberg over the phenomena and responses of a layer"
        )


def _heading(rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    parts = [f"{first['dataset']}, {first['split']}: {first['model']}, {first['compression']}"]
    if pd.notna(first["context_length"]):
        parts += [str(first["subject"]), f"context {int(first['context_length'])} tokens"]
    if first["labels"] != BUNDLED:
        parts.append(f"labels {first['labels']}")
    mark = "  SIMULATED RESPONSES" if first["evidence"] == "simulated" else ""
    return ", ".join(parts) + mark
