"""Sentences of a methods paragraph, each about one thing and for all runs that share it.

Citations are written as Pandoc reads them: ``[@key]``, the key being that of the BibTeX entry.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from backend import __version__, catalog
from backend.catalog.twins import RANDOM_TWIN, is_random
from backend.compression.calibration import SHARED_WORDS
from backend.encoding.folds import N_INNER
from backend.encoding.ridge import ALPHAS, STORY_ALPHAS
from backend.exports.runs import Run
from backend.figures.labels import (
    BASELINE_TITLES,
    compression_title,
    joined,
    model_title,
    roi_title,
)
from backend.jobs.config import EncodingConfig, StoryConfig
from backend.statistics.permutation import BLOCK_SECONDS

T = TypeVar("T")
_JOINT = "all nuisance"
_DOWNSAMPLED = {
    "lanczos": "a Lanczos filter",
    "mean": "their mean",
    "sum": "their sum",
    "last": "the last of them",
}
_CEILINGS = {
    "given": "a map that comes with the data",
    "repeats": "split halves of repeated stories",
    "subjects": "the mean of the other subjects",
}


def cite(*keys: str) -> str:
    """Cite catalogued references, as Pandoc reads it."""
    return f"[{'; '.join(f'@{key}' for key in keys)}]"


def of_each(runs: Iterable[Run], words: Callable[[Run], T]) -> list[T]:
    """Say something of each run, and what several share once."""
    return list(dict.fromkeys(words(run) for run in runs))


def dataset_words(runs: Sequence[Run]) -> str:
    """Say which data, whose, and how many samples."""
    row, config = runs[0].row, runs[0].config
    entry = catalog.datasets().get(config.dataset) or catalog.story_datasets().get(config.dataset)
    source = cite(entry.citation) if entry else f"({config.citation})"
    title = entry.title if entry else config.dataset
    subjects = sorted(of_each(runs, lambda run: str(run.config.subject)))
    whose = f"{len(subjects)} subjects: {joined(subjects)}" if len(subjects) > 1 else subjects[0]
    n_samples = joined([f"{int(n):,}" for n in of_each(runs, lambda run: run.row["n_samples"])])
    unit = f"TRs of {config.tr:g} s" if isinstance(config, StoryConfig) else "sentences"
    text = f"{title} {source} ({config.modality}; {whose}; n = {n_samples} {unit}"
    if row["n_words"] == row["n_words"]:
        words = joined([f"{int(n):,}" for n in of_each(runs, lambda run: run.row["n_words"])])
        text += f", {words} words"
    return f"{text})"


def response_words(runs: Sequence[Run]) -> str:
    """Say what was predicted, and its noise ceiling."""
    first = runs[0].config
    if isinstance(first, StoryConfig):
        return _story_responses(runs)
    names = [roi_title(first.dataset, name) for name in first.responses]
    predicted = "responses predicted were" if len(names) > 1 else "response predicted was"
    text = f"The {predicted}: {joined(names)}."
    known = [
        f"{roi_title(first.dataset, name)} {ceiling:g}"
        for name, ceiling in zip(first.responses, first.ceilings, strict=True)
        if ceiling is not None
    ]
    return f"{text} Noise ceilings (r): {joined(known)}." if known else text


def _story_responses(runs: Sequence[Run]) -> str:
    fitted = {"all": "every target", "regions": "the targets that lie in a region"}
    configs = [run.config for run in runs if isinstance(run.config, StoryConfig)]
    which = " or, in other runs, ".join(dict.fromkeys(fitted[c.targets] for c in configs))
    sentences = [f"Models were fitted to {which}; scores of a region are means over its targets."]
    for source, floor in dict.fromkeys((c.ceiling, c.ceiling_floor) for c in configs):
        if source is not None:
            sentences.append(
                f"Noise ceilings were taken from {_CEILINGS[source]}; targets with a ceiling below "
                f"{floor:g} were left out of normalized scores."
            )
    return " ".join(sentences)


def model_words(runs: Sequence[Run]) -> str:
    """Name the models with their papers and numbers of parameters, and which layers were read."""
    trained, twins = [], []
    sizes = dict(of_each(runs, lambda run: (run.config.model, int(run.row["n_parameters"]))))
    families = dict(of_each(runs, _family))
    for model, size in sizes.items():
        if is_random(model):
            twins.append(model_title(model.removesuffix(RANDOM_TWIN)))
            continue
        family = catalog.families().get(families[model])
        paper = f" {cite(*family.citations)}" if family else ""
        trained.append(f"{model_title(model)}{paper} ({size:,} parameters)")
    text = f"Hidden states were read from {joined(trained)}" if trained else "Hidden states were"
    if twins:
        text += " and from" if trained else " read from"
        text += f" random twins of {joined(twins)} (the same architecture, weights drawn at random)"
    layers = of_each(runs, lambda run: run.config.layers)
    if layers == [None]:
        return f"{text}, in every layer; layer 0 is the embedding output."
    listed = ["all layers" if of is None else f"layers {', '.join(map(str, of))}" for of in layers]
    return f"{text}, in {joined(listed)}; layer 0 is the embedding output."


def _family(run: Run) -> tuple[str, str]:
    entry = catalog.models().get(run.config.model)
    return run.config.model, entry.family if entry else str(run.row["model_family"])


def compression_words(runs: Sequence[Run]) -> str:
    """Name each compression with the bits per weight that were measured, and what it was shown."""
    clauses = []
    used = {run.config.compression for run in runs}
    for name, entry in catalog.compressions().items():
        if name not in used:
            continue
        paper = f" {cite(entry.citation)}" if entry.citation else ""
        clauses.append(f"{compression_title(name)}{paper} ({_bits(runs, name)})")
    text = (
        f"Weights were used at {joined(clauses)}; bits per weight were measured on the weights as "
        "loaded, embeddings and scales included."
    )
    shown = [c for c in of_each(runs, lambda run: run.config.calibration) if c is not None]
    for calibration in shown:
        text += (
            f" Calibrated methods were shown {calibration.n_samples} windows of "
            f"{calibration.length} tokens of the text {calibration.text} (seed "
            f"{calibration.seed}), which shares no {SHARED_WORDS} consecutive words with the "
            "stimuli."
        )
    return text


def _bits(runs: Sequence[Run], compression: str) -> str:
    rows = [run.row for run in runs if run.config.compression == compression]
    bits = sorted({f"{row['bits_per_weight']:.2f}" for row in rows}, key=float)
    span = bits[0] if len(bits) == 1 else f"{bits[0]} to {bits[-1]}"
    zeros = sorted({f"{100 * row['sparsity']:.1f}" for row in rows}, key=float)
    text = f"{span} bits per weight"
    if float(zeros[-1]) >= 1:
        text += f", {zeros[0] if len(zeros) == 1 else f'{zeros[0]} to {zeros[-1]}'}% zeros"
    return text


def feature_words(run: Run) -> str:
    """Say how states became the regression's features."""
    config = run.config
    if isinstance(config, EncodingConfig):
        over = "mean of its tokens" if config.pooling == "mean" else "last token"
        return f"Each sentence was read by itself and represented by the {over}"
    over = "mean of its sub-words" if config.pooling == "mean" else "last sub-word"
    if config.context_mode == "strided":
        window = f"windows of {2 * config.context} tokens that move by {config.context}"
    else:
        window = f"a window of its own of {config.context} tokens for each word"
    text = (
        f"Stories were read in {window} (context length {config.context}, "
        f"{config.context_mode}), and each word represented by the {over}; "
        f"words were taken to TRs by {_DOWNSAMPLED[config.downsampling]}"
    )
    if config.hrf:
        paper = f" {cite('glover1999')}" if config.hrf == "glover" else ""
        text += f" and convolved with the {config.hrf} response function{paper}"
    else:
        text += f" and delayed by {joined([str(delay) for delay in config.delays])} TRs (FIR)"
    return (
        f"{text}; {config.trim_head} TRs at the start and {config.trim_tail} at the end of each "
        "story were left out"
    )


def split_words(run: Run) -> str:
    """Say what was held out."""
    config, folds = run.config, int(run.row["n_folds"])
    unit = "TRs" if isinstance(config, StoryConfig) else "sentences"
    if config.split == "contiguous":
        return f"{folds} contiguous blocks, with {config.gap} {unit} left out beside each"
    if config.split == "grouped":
        return f"{folds} folds of whole groups ({getattr(config, 'group', '')})"
    if config.split == "leave-story-out":
        return f"{folds} folds of whole stories"
    if config.split == "test-story":
        named = getattr(config, "test_stories", ())
        return f"{joined(named)}, the same for all models"
    return f"{folds} shuffled folds (seed {config.seed}), which leak and are shown for comparison"


def ridge_words(runs: Sequence[Run]) -> str:
    """Say how encoding models were fitted, and on what held-out parts they were scored."""
    held_out = "; and ".join(of_each(runs, split_words))
    text = (
        "Encoding models were ridge regressions, features standardised on training data, with a "
        "penalty for each target"
    )
    # Constants of the code are known of the version that runs, and of no other.
    if all(run.row["code_version"] == __version__ for run in runs):
        alphas = STORY_ALPHAS if isinstance(runs[0].config, StoryConfig) else ALPHAS
        text += (
            f", chosen from {len(alphas)} values between {alphas[0]:.3g} and {alphas[-1]:.3g} on "
            f"{N_INNER} inner folds of the training data"
        )
    else:
        text += ", chosen on inner folds of the training data"
    return (
        f"{text}. Scores are Pearson correlations of predicted and held-out responses; held out "
        f"were {held_out}."
    )


def baseline_words(runs: Sequence[Run]) -> str:
    """Name what was fitted beside the models, and how what they add was measured."""
    names = [name for name in of_each_baseline(runs) if name not in ("oasm", _JOINT)]
    titles = [BASELINE_TITLES.get(name, name) for name in names]
    if "oasm" in of_each_baseline(runs):
        titles.append(f"sample order alone (OASM {cite('hadidi2025')})")
    if not titles:
        return ""
    search = (
        f", its weights searched by himalaya {cite('dupre2022')}"
        if isinstance(runs[0].config, StoryConfig)
        else ""
    )
    return (
        f"The same folds were used for baselines: {joined(titles)}. Unique R² is what a layer adds "
        f"to the held-out R² of the nuisance baselines together, by banded ridge regression "
        f"{cite('nunez-elizalde2019')}{search}."
    )


def of_each_baseline(runs: Sequence[Run]) -> list[str]:
    """Name the baselines of all runs, each once."""
    return list(dict.fromkeys(name for run in runs for name in run.baselines))


def permutation_words(runs: Sequence[Run]) -> str:
    """Say how single targets were tested; empty where they were not."""
    counts = of_each(
        (run for run in runs if run.config.split != "shuffled"),
        lambda run: getattr(run.config, "permutations", 0),
    )
    tested = [count for count in counts if count]
    if not tested:
        return ""
    blocks = "blocks"
    if all(run.row["code_version"] == __version__ for run in runs):
        blocks = f"blocks of {BLOCK_SECONDS:g} s"
    return (
        f"Single targets were tested by {joined([f'{count:,}' for count in tested])} permutations "
        f"of {blocks} within held-out stories, p-values corrected over targets by the "
        f"Benjamini-Hochberg procedure {cite('benjamini1995')}."
    )
