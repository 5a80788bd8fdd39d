"""Sentences of a methods paragraph about probes, minimal pairs, facts and removals."""

from collections.abc import Sequence

from backend import __version__, catalog
from backend.catalog.twins import RANDOM_TWIN, is_random
from backend.comparisons.probes import in_order
from backend.compression.calibration import SHARED_WORDS
from backend.exports.asked import Asked
from backend.exports.runs import Run
from backend.exports.sentences import cite, feature_words
from backend.figures.labels import compression_title, dataset_title, joined, model_title
from backend.jobs.config import ProbingConfig
from backend.jobs.removal_config import AnyRemovalConfig, StoryRemovalConfig
from backend.probing.settings import PENALTIES, TRAINING_SHARE


def asked_words(asked: Sequence[Asked]) -> list[str]:
    """Write a paragraph for each set of probes and each data set that removals were made on.

    Parameters
    ----------
    asked : sequence of Asked

    Returns
    -------
    list of str
        Markdown with Pandoc's citations; every number is of the requests or the store.
    """
    groups: dict[tuple[object, ...], list[Asked]] = {}
    for each in asked:
        config = each.config
        if isinstance(config, ProbingConfig):
            key: tuple[object, ...] = (config.source, config.dataset, config.story_context)
        else:
            key = ("removal", config.dataset, getattr(config, "labels", None))
        groups.setdefault(key, []).append(each)
    return [_WORDS.get(str(key[0]), _probes)(group) for key, group in groups.items()]


def _probes(group: Sequence[Asked]) -> str:
    configs = [each.config for each in group]
    counts = [of.n_seeds for of in configs if isinstance(of, ProbingConfig)]
    seeds = f"{joined([str(n) for n in counts])} seed{'' if set(counts) == {1} else 's'}"
    text = (
        f"Probes: {_tasks(group)} {_set_of(group)} were read by {_models(group)}{_layers(group)}. "
        f"{_read_in(group)}, and linear (ridge) probes were fitted to every layer on training "
        "items alone"
    )
    if _is_current(group):
        text += (
            f", each on {100 * TRAINING_SHARE:g}% of them, drawn with {seeds}, the penalty "
            f"chosen from {len(PENALTIES)} values between {PENALTIES[0]:g} and {PENALTIES[-1]:g} "
            "on inner folds"
        )
    else:
        text += f", with {seeds} and the penalty chosen on inner folds"
    text += (
        ". Scores are balanced accuracies on held-out items, with 95% intervals over items that "
        "share a word or sentence, beside what the lengths of texts and their words alone score on "
        f"the same folds, and control tasks with a random label per word {cite('hewitt2019')}."
    )
    return text + _calibrated(group)


def _read_in(group: Sequence[Asked]) -> str:
    """Say what was read before what an item looks at, and how its states were averaged."""
    config = group[0].config
    within = config.story_context if isinstance(config, ProbingConfig) else None
    if within is None:
        return "The states of what an item looks at were averaged over its tokens"
    over = "last sub-word" if within.pooling == "last" else "mean of its sub-words"
    return (
        f"Words were read in their story, as encoding models read it (context length "
        f"{within.context}, {within.mode}), each represented by the {over}, and averaged over what "
        "an item looks at"
    )


def _pairs(group: Sequence[Asked]) -> str:
    return (
        f"Minimal pairs: {_tasks(group)} {_set_of(group)} were judged by {_models(group)}: right "
        "is the sentence or region to which the model gives the higher probability, as the "
        "material states it. Intervals are 95%, over items." + _calibrated(group)
    )


def _cloze(group: Sequence[Asked]) -> str:
    return (
        f"Facts: {_tasks(group)} {_set_of(group)} were completed by {_models(group)}: right is the "
        "candidate of a relation to which the model gives the highest probability; chance is one "
        "over the number of candidates. Intervals are 95%, over items." + _calibrated(group)
    )


def _removal(group: Sequence[Asked]) -> str:
    first = group[0].config
    if isinstance(first, ProbingConfig):
        raise TypeError("a removal without its request")
    ranks: dict[str, list[str]] = {}
    for each in group:
        for name, rank in zip(each.tasks["phenomenon"], each.tasks["rank"], strict=True):
            ranks.setdefault(str(name), []).append(str(int(rank)))
    removed = joined(
        [f"{name} ({joined(sorted(set(ranks[name])))})" for name in in_order([*ranks])]
    )
    draws = joined(sorted({str(int(each.row["n_random"])) for each in group}))
    folds = joined(sorted({f"{int(each.row['n_folds'])} {each.config.split}" for each in group
                           if not isinstance(each.config, ProbingConfig)}))  # fmt: skip
    simulated = " The responses are SIMULATED." if first.evidence == "simulated" else ""
    return (
        f"Removal: {_what_was_removed(first)} was removed from the states of {_models(group)}"
        f"{_layers(group)} by LEACE {cite('belrose2023')}, fitted to {_fitted_to(first)}: "
        f"{removed} directions. {_of_data(group)} ({first.evidence}; n = "
        f"{int(group[0].row['n_samples']):,}) were then predicted again on the same folds "
        f"({folds}), and, for comparison, after "
        f"{draws} draws of as many random directions of the same whitened space. Differences were "
        "tested by paired t tests over folds, corrected over the phenomena and regions of a layer "
        f"by the Benjamini-Hochberg procedure {cite('benjamini1995')}.{simulated}"
        + _calibrated(group)
    )


def _what_was_removed(config: AnyRemovalConfig) -> str:
    if isinstance(config, StoryRemovalConfig) and config.labels:
        return f"what the labels {config.labels} say of each word"
    return "what the bundled probing tasks label of a phenomenon"


def _fitted_to(config: AnyRemovalConfig) -> str:
    if isinstance(config, StoryRemovalConfig) and config.labels:
        return "the words of the stories that each fold trains on"
    return "the texts of those tasks"


def _of_data(group: Sequence[Asked]) -> str:
    """Name the responses; those to stories with the way that words take to them."""
    first = group[0]
    title = dataset_title(first.config.dataset)
    if not isinstance(first.config, StoryRemovalConfig):
        return f"Responses to the sentences of {title}"
    subjects = joined(sorted({str(each.row["subject"]) for each in group}))
    return f"{feature_words(Run(first.row, first.config, ()))}. Responses of {title}, {subjects}"


_WORDS = {"pairs": _pairs, "cloze": _cloze, "removal": _removal}


def _is_current(group: Sequence[Asked]) -> bool:
    # Constants of the code are known of the version that runs, and of no other.
    return all(each.row["code_version"] == __version__ for each in group)


def _tasks(group: Sequence[Asked]) -> str:
    largest = max((each.tasks for each in group), key=len)
    phenomena = joined(in_order(list(largest["phenomenon"])))
    items = int(largest["n_items"].sum())
    noun = "task" if len(largest) == 1 else "tasks"
    return f"{items:,} items of {len(largest)} {noun} ({phenomena})"


def _set_of(group: Sequence[Asked]) -> str:
    """Name the set, and cite what the catalogue knows of its sources."""
    stated = group[0].config.citation
    keys = [key for key, entry in catalog.citations().items() if entry.text in stated]
    name = group[0].config.dataset
    if keys:
        return f"of {name} {cite(*keys)}"
    return "of the set bundled with CortexScale" if name.startswith("bundled") else f"of {name}"


def _models(group: Sequence[Asked]) -> str:
    clauses: dict[str, list[str]] = {}
    for each in group:
        model = each.config.model
        name = model_title(model.removesuffix(RANDOM_TWIN))
        name += " with random weights" if is_random(model) else ""
        name += f" ({int(each.row['n_parameters']):,} parameters)"
        clauses.setdefault(name, []).append(compression_title(each.config.compression))
    same = {tuple(dict.fromkeys(of)) for of in clauses.values()}
    if len(same) == 1:
        return f"{joined(list(clauses))} at {joined(list(next(iter(same))))}"
    return joined([f"{name} at {joined(list(dict.fromkeys(of)))}" for name, of in clauses.items()])


def _layers(group: Sequence[Asked]) -> str:
    chosen = list(dict.fromkeys(each.config.layers for each in group))
    if chosen == [None]:
        return ", in every layer"
    listed = ["all layers" if of is None else f"layers {', '.join(map(str, of))}" for of in chosen]
    return f", in {joined(listed)}"


def _calibrated(group: Sequence[Asked]) -> str:
    shown = list(dict.fromkeys(
        each.config.calibration for each in group if each.config.calibration is not None
    ))  # fmt: skip
    return "".join(
        f" Calibrated methods were shown {each.n_samples} windows of {each.length} tokens of the "
        f"text {each.text} (seed {each.seed}), which shares no {SHARED_WORDS} consecutive words "
        "with the stimuli."
        for each in shown
    )
