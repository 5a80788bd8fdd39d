"""``encode`` on stories: its options, and the table that it prints."""

import argparse

import pandas as pd

from backend.commands.compute import compute_if_new
from backend.commands.plan import planned
from backend.encoding.alignment import METHODS
from backend.jobs.config import StoryConfig
from backend.jobs.stories import choose_stories
from backend.jobs.story_request import build_story_task
from backend.paths import default_store
from backend.store.queries import runs
from backend.store.reader import ResultStore
from backend.store.story_queries import region_summary

STORY_OPTIONS = (
    "subject", "context", "context-mode", "downsampling", "delays", "hrf", "trim", "test-story",
    "ceiling-from", "ceiling-floor", "permutations", "targets",
)  # fmt: skip


STORY_GROUP = ("stories", "when --dataset is demo-cortex or a folder of transcripts and responses")
READING_OPTIONS = STORY_OPTIONS[: STORY_OPTIONS.index("ceiling-from")]
"""Those that say what is read, and how it is brought to TRs and folds."""


def add_reading_options(stories: "argparse._ArgumentGroup") -> None:
    """Add the options of stories that say what is read, and how it is brought to TRs and folds.

    Parameters
    ----------
    stories : argparse group
    """
    stories.add_argument("--subject", help="whose responses (default: the first)")
    stories.add_argument(
        "--context", type=int, metavar="TOKENS", help="context length in tokens (default: 128)"
    )
    stories.add_argument(
        "--context-mode", choices=("strided", "exact"),
        help="windows of twice the context moving by it, or one per word (default: strided)",
    )  # fmt: skip
    stories.add_argument(
        "--downsampling", choices=METHODS, help="from words to TRs (default: lanczos)"
    )
    stories.add_argument(
        "--delays", type=parse_delays, metavar="LIST", help="FIR delays in TRs (default: 1-4)"
    )
    stories.add_argument(
        "--hrf", choices=("glover", "spm"), help="convolve with a response function, no delays"
    )
    stories.add_argument(
        "--trim", type=int, nargs=2, metavar=("HEAD", "TAIL"),
        help="TRs left out at the edges of each story (default: 5 5)",
    )  # fmt: skip
    stories.add_argument(
        "--test-story", action="append", default=[], metavar="NAME",
        help="hold out this story, and no other; may be repeated",
    )  # fmt: skip


def reading_options(arguments: argparse.Namespace) -> dict[str, object]:
    """Give what :func:`add_reading_options` has parsed, as fields of a request.

    Parameters
    ----------
    arguments : argparse.Namespace

    Returns
    -------
    dict
        But the subject, which is chosen with the data.
    """
    head, tail = arguments.trim or (None, None)
    return {
        "context": arguments.context,
        "context_mode": arguments.context_mode,
        "downsampling": arguments.downsampling,
        "delays": arguments.delays,
        "hrf": arguments.hrf,
        "trim_head": head,
        "trim_tail": tail,
        "test_stories": tuple(arguments.test_story) or None,
    }


def add_story_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that only stories have.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    stories = parser.add_argument_group(*STORY_GROUP)
    add_reading_options(stories)
    stories.add_argument(
        "--ceiling-from", choices=("given", "repeats", "subjects"),
        help="noise ceiling: a given map, split halves of repeats, or the mean of the other "
        "subjects (default: given where there is one, else from repeats)",
    )  # fmt: skip
    stories.add_argument(
        "--ceiling-floor", type=float, metavar="R",
        help="targets with a lower ceiling are not normalized (default: 0.1)",
    )  # fmt: skip
    stories.add_argument(
        "--permutations", type=int, metavar="N", help="for p-values (default: 1000; 0 for none)"
    )
    stories.add_argument(
        "--targets", choices=("all", "regions"),
        help="fit all targets, or only those in regions: many times faster, no map (default: all)",
    )  # fmt: skip


def parse_delays(text: str) -> tuple[int, ...]:
    """Parse delays such as ``1-4`` or ``2,3,4``.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is not a list of whole numbers up to 100.
    """
    delays: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdecimal() or not (last or "0").isdecimal() or int(last or first) > 100:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a list of delays; write TRs such as 1-4 or 2,3,4"
            )
        delays += range(int(first), int(last or first) + 1)
    return tuple(delays)


def run_stories(arguments: argparse.Namespace) -> int:
    """Build the task, run it, print its table.

    Parameters
    ----------
    arguments : argparse.Namespace

    Returns
    -------
    int
        Exit code.
    """
    store = arguments.out or default_store()
    data = choose_stories(arguments.dataset, arguments.subject, arguments.name)
    task = build_story_task(
        data,
        arguments.model,
        store,
        layers=arguments.layers,
        device=arguments.device,
        compression=arguments.compression,
        calibration=arguments.calibration,
        pooling=arguments.pooling,
        split=arguments.split,
        n_folds=arguments.folds,
        gap=arguments.gap,
        seed=arguments.seed,
        ceiling=arguments.ceiling_from,
        ceiling_floor=arguments.ceiling_floor,
        permutations=arguments.permutations,
        targets=arguments.targets,
        **reading_options(arguments),
    )
    run_id = task.config.run_id
    if planned(task, data, arguments, store):
        return 0
    compute_if_new(task, store, arguments.again)
    print_story_run(ResultStore(store), run_id)
    print(f"\nshard {run_id} in {store}; see it in the app: streamlit run app.py")
    return 0


def print_story_run(store: ResultStore, run_id: str) -> None:
    """Print a run's regions, each with its best layer, and what the model adds.

    Parameters
    ----------
    store : ResultStore
    run_id : str
    """
    row = runs(store).set_index("run_id").loc[run_id]
    config = StoryConfig.model_validate_json(str(row["config"]))
    mark = "  SIMULATED RESPONSES" if row["evidence"] == "simulated" else ""
    print(
        f"\n{row['dataset']}, {row['subject']}: {row['model']}, {row['compression']} "
        f"({row['bits_per_weight']:.1f} bits per weight), context {config.context} tokens "
        f"({config.context_mode}), {row['split']}, {row['n_folds']} folds, {row['n_samples']} TRs"
        f"{mark}"
    )
    for warning in row["warnings"]:
        print(f"warning: {warning}")
    table = region_summary(store, run_id)
    shown = pd.DataFrame(
        {
            "region": table["roi"],
            "side": table["hemisphere"],
            "targets": table["n_targets"],
            "layer": table["layer"],
            "r": table["r"],
            "sd over folds": table["sd"],
            "ceiling": table["ceiling"],
            "r/ceiling": table["r_normalized"],
            "baseline r": table["baseline_r"],
            "unique R2": table["unique_r2"],
            "95% low": table["low"],
            "95% high": table["high"],
        }
    )
    print(
        f"\nbest layer of each region\n{shown.to_string(index=False, float_format='{:.3f}'.format)}"
    )
    beaten = table[~table["beats"]]
    if len(beaten):
        names = ", ".join(
            f"{r} {h}" for r, h in zip(beaten["roi"], beaten["hemisphere"], strict=True)
        )
        print(f"THE MODEL DOES NOT BEAT ITS BASELINES in: {names}")
