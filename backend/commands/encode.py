"""``encode``: fit encoding models from every layer of a language model."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pandas as pd

from backend import catalog
from backend.commands.compute import compute_if_new
from backend.commands.encode_stories import STORY_OPTIONS, add_story_options, run_stories
from backend.commands.plan import add_plan_option, planned
from backend.encoding.folds import Split
from backend.encoding.story_folds import STORY_SPLITS
from backend.errors import InputError
from backend.jobs.request import build_task, check_folds, choose_data
from backend.jobs.stories import is_stories
from backend.paths import PRECOMPUTED, address_of, default_store, shared_results
from backend.store.queries import (
    baseline_scores,
    gains_over_baselines,
    layer_curves,
    runs,
)
from backend.store.reader import ResultStore
from backend.store.selection import Selection

# A range is made before the model is known, and must not be made of a billion numbers.
_LAYER_DIGITS = 3
OF_STORIES = "stories (a folder, or demo-cortex)"
SENTENCE_OPTIONS = ("sentence", "response", "group", "ceiling", "citation", "simulated")

EXAMPLES = """examples:
  # the demo that ships with the project (simulated responses), within a minute
  python -m backend encode --dataset demo-sentences --model minilm-l6

  # your own sentences: one row each, in the order of presentation
  python -m backend encode --dataset FILE.csv --sentence sentence \\
      --response left_ifg --response left_ptl --group passage --model minilm-l6

  # the same, compressed to 4 bits; layers 0 to 3 and the last one of 6
  python -m backend encode --dataset FILE.csv --sentence sentence --response left_ifg \\
      --model minilm-l6 --compression bnb-nf4 --layers 0-3,6

  # stories: the demo cortex (simulated), or your folder of transcripts and responses
  python -m backend encode --dataset demo-cortex --subject sub-01
  python -m backend encode --dataset FOLDER --model minilm-l6 --context 128 --delays 1-4

  # any folder that save_pretrained wrote, or any model on the Hugging Face hub
  python -m backend encode --dataset FILE.csv --sentence sentence --response left_ifg \\
      --model path/to/folder --pooling last

  # what a run would need in memory, disk and time here; nothing is computed
  python -m backend encode --dataset demo-sentences --model pythia-1.4b --plan

what it does: reads each sentence by itself and pools its tokens' states; or reads stories in
windows of context, pools each word's sub-words, and takes words to TRs and delays. Fits ridge on
folds that hold out whole groups (--group), whole stories, or contiguous blocks, chooses alphas on
inner folds, and fits the baselines on the same folds. It prints a table and writes one shard to the
store; the app shows it on the Layers page.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "encode",
        help="fit encoding models from every layer of a language model",
        description="Predict brain responses to sentences or stories from each layer of a "
        "language model.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    tables = [name for name, entry in catalog.datasets().items() if entry.file]
    ships = ", ".join([*tables, *catalog.story_datasets()])
    data = parser.add_argument_group("data")
    data.add_argument(
        "--dataset", required=True, metavar="FILE",
        help="CSV or TSV table, one row per sentence; a folder of stories; or a name that ships: "
        f"{ships}",
    )  # fmt: skip
    data.add_argument("--sentence", metavar="COLUMN", help="column of the sentences")
    data.add_argument(
        "--response", action="append", default=[], metavar="COLUMN",
        help="column of responses; may be repeated",
    )  # fmt: skip
    data.add_argument(
        "--group", metavar="COLUMN", help="column of passages or stories, to hold out whole"
    )
    data.add_argument(
        "--ceiling", action="append", default=[], metavar="COLUMN=R", type=_ceiling,
        help="noise ceiling of a response, a correlation; may be repeated",
    )  # fmt: skip
    data.add_argument("--name", help="what to file the results under (default: the file's name)")
    data.add_argument("--citation", metavar="TEXT", help="the data set's reference, for captions")
    data.add_argument(
        "--simulated", action="store_true", help="the responses were made by a program"
    )
    model = parser.add_argument_group("model")
    model.add_argument(
        "--model", default="minilm-l6", metavar="NAME",
        help="a name that python -m backend models lists, a folder, or a hub name; with :random at "
        "its end, that model with random weights (default: minilm-l6)",
    )  # fmt: skip
    model.add_argument(
        "--compression", choices=tuple(catalog.compressions()), default="none",
        help="what is done to the weights before reading; compress --list shows what applies to a "
        "model (default: none)",
        metavar="NAME",
    )  # fmt: skip
    model.add_argument(
        "--calibration", type=Path, metavar="FILE",
        help="text that a calibrated compression is shown (default: the project's own, whichever "
        "shares nothing with the data set); refused if it shares eight words in a row with it",
    )  # fmt: skip
    model.add_argument(
        "--layers", type=parse_layers, metavar="LIST",
        help="such as 0-3,6; 0 is the embedding output (default: all)",
    )  # fmt: skip
    model.add_argument(
        "--pooling", choices=("mean", "last"),
        help="over a sentence's tokens (default: mean), or a word's sub-words (default: last)",
    )  # fmt: skip
    model.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    folds = parser.add_argument_group("folds")
    folds.add_argument(
        "--split", choices=("contiguous", "grouped", *STORY_SPLITS[:2], "shuffled"),
        help="what is held out (default: whole groups or stories where there are several, else "
        "contiguous blocks; shuffled leaks)",
    )  # fmt: skip
    folds.add_argument(
        "--folds", type=int, metavar="N",
        help="outer folds (default: 10, fewer for under 100 samples)",
    )  # fmt: skip
    folds.add_argument(
        "--gap", type=int, metavar="N",
        help="samples left out beside a contiguous block (default: one sentence in fifty, at most "
        "8; of TRs, the longest delay and 12 s)",
    )  # fmt: skip
    folds.add_argument(
        "--seed", type=int, default=0, help="of shuffles and permutations (default: 0)"
    )
    add_story_options(parser)
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out", type=Path, default=None, metavar="FOLDER",
        help="store to write to (default: $CORTEXSCALE_STORE or runs/)",
    )  # fmt: skip
    add_plan_option(output)
    output.add_argument(
        "--again", action="store_true", help="compute a run that is in the store already"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Build the task of a table of sentences or of stories, run it, print its table."""
    if is_stories(arguments.dataset):
        refuse_options(arguments, SENTENCE_OPTIONS, "a table of sentences")
        return run_stories(arguments)
    refuse_options(arguments, STORY_OPTIONS, OF_STORIES)
    return _run_sentences(arguments)


def refuse_options(arguments: argparse.Namespace, options: Sequence[str], belongs: str) -> None:
    """Refuse an option that would do nothing, rather than let it be thought to have worked.

    Parameters
    ----------
    arguments : argparse.Namespace
    options : sequence of str
    belongs : str
        To what they do.

    Raises
    ------
    InputError
        If one of them was given.
    """
    for option in options:
        if getattr(arguments, option.replace("-", "_")) not in (None, [], False):
            raise InputError(
                f"--{option} belongs to {belongs}, and {arguments.dataset} is not; leave it out."
            )


def _run_sentences(arguments: argparse.Namespace) -> int:
    store = arguments.out or default_store()
    data = choose_data(
        arguments.dataset,
        arguments.sentence,
        arguments.response,
        arguments.group,
        arguments.name,
    )
    task, recording = build_task(
        data,
        arguments.model,
        store,
        compression=arguments.compression,
        calibration=arguments.calibration,
        layers=arguments.layers,
        pooling=arguments.pooling or "mean",
        split=sentence_split(arguments.split),
        n_folds=arguments.folds,
        gap=arguments.gap,
        seed=arguments.seed,
        ceilings=dict(arguments.ceiling),
        citation=arguments.citation,
        simulated=arguments.simulated,
        device=arguments.device,
    )
    config = task.config
    for warning in check_folds(config, recording):
        print(f"warning: {warning}")
    if planned(task, recording, arguments, store):
        return 0
    compute_if_new(task, store, arguments.again)
    print_run(ResultStore(store), config.run_id)
    print(f"\nshard {config.run_id} in {store}; see it in the app: streamlit run app.py")
    return 0


def sentence_split(split: str | None) -> Split | None:
    """Refuse a split of stories on sentences.

    Raises
    ------
    InputError
    """
    for known in get_args(Split):
        if split == known:
            return known
    if split is None:
        return None
    raise InputError(
        f"the split {split} is for stories; sentences take {', '.join(get_args(Split))}."
    )


def parse_layers(text: str) -> tuple[int, ...]:
    """Parse a list of layers such as ``0-3,6``.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is not one.
    """
    layers: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()) or part.strip().endswith("-"):
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a list of layers; write numbers and ranges, such as 0-3,6"
            )
        if max(len(first), len(last)) > _LAYER_DIGITS:
            raise argparse.ArgumentTypeError(
                f"{part.strip()!r} names a layer beyond 999; no model has so many"
            )
        layers |= set(range(int(first), int(last or first) + 1))
    if not layers:
        raise argparse.ArgumentTypeError(f"{text!r} names no layer; ranges run upwards")
    return tuple(sorted(layers))


def print_run(store: ResultStore, run_id: str) -> None:
    """Print a run's baselines and layers, one block per response.

    Parameters
    ----------
    store : ResultStore
    run_id : str
    """
    row = runs(store).set_index("run_id").loc[run_id]
    selection = Selection(dataset=row["dataset"], models=(row["model"],))
    mark = "  SIMULATED RESPONSES" if row["evidence"] == "simulated" else ""
    print(
        f"\n{row['dataset']}: {row['model']}, {row['compression']} "
        f"({row['bits_per_weight']:.1f} bits per weight), {row['split']} folds, "
        f"{row['n_samples']} sentences{mark}"
    )
    curves, unique = (
        _of_run(layer_curves(store, selection, metric), run_id) for metric in ("r", "unique_r2")
    )
    floors = _of_run(baseline_scores(store, selection), run_id)
    gains = _of_run(gains_over_baselines(store, selection), run_id).set_index("roi")
    for roi, of_roi in curves.groupby("roi", sort=False):
        floor = floors[floors["roi"] == roi].set_index("baseline")
        joint = floor.loc["all nuisance", "mean"]
        added = unique[unique["roi"] == roi].set_index("layer")["mean"]
        table = pd.DataFrame(
            {
                "layer": of_roi["layer"],
                "r": of_roi["mean"],
                "sd over folds": of_roi["sd"],
                "baseline r": joint,
                "unique R2": added.loc[of_roi["layer"]].to_numpy(),
            }
        )
        print(f"\n{roi}\n{table.to_string(index=False, float_format='{:.3f}'.format)}")
        alone = ", ".join(
            f"{name} {floor.loc[name, 'mean']:.3f}"
            for name in floor.index
            if name != "all nuisance"
        )
        print(f"baselines alone (r): {alone}")
        print(_verdict(gains.loc[[roi]].iloc[0]))


def _verdict(gain: pd.Series) -> str:
    added = (
        f"layer {gain['layer']} adds unique R2 {gain['unique_r2']:+.3f} "
        f"[{gain['low']:+.3f}, {gain['high']:+.3f}] to all nuisance baselines; "
        f"strongest alone: {gain['strongest']}, r {gain['strongest_r']:.3f}"
    )
    if gain["beats"]:
        return f"the model beats its baselines ({added})"
    return f"THE MODEL DOES NOT BEAT ITS BASELINES ({added})"


def _of_run(frame: pd.DataFrame, run_id: str) -> pd.DataFrame:
    return frame[frame["run_id"] == run_id]


def _ceiling(text: str) -> tuple[str, float]:
    column, _, value = text.rpartition("=")
    try:
        return (column, float(value)) if column else _refuse(text)
    except ValueError:
        return _refuse(text)


def _refuse(text: str) -> tuple[str, float]:
    raise argparse.ArgumentTypeError(f"{text!r} is not of the form COLUMN=R, such as left_ifg=0.4")


def shipped_store(store: Path) -> ResultStore:
    """Open the user's store, or shared results, beside the precomputed results."""
    shared = address_of(store) or shared_results()
    if shared is None and not store.exists() and not PRECOMPUTED.exists():
        raise InputError(f"there are no results in {store}; make some with: encode --help")
    return ResultStore(store, PRECOMPUTED, shared=shared)
