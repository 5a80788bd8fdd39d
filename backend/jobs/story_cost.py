"""What a run on stories will take, from runs on stories that the store remembers."""

from backend.features.footprint import FLOAT32
from backend.features.sources import ModelSource
from backend.jobs.config import StoryConfig
from backend.jobs.cost import START_SECONDS, Cost, n_layers_of
from backend.jobs.stories import StoryChoice
from backend.store.reader import ResultStore
from backend.store.story_queries import latest_story_run

# Baselines of a run, all of them together among them; the static embedding is one.
N_BASELINES = 9
_MOST_FOLDS = 10
_FLOAT16 = 2.0


def story_cost(
    config: StoryConfig,
    source: ModelSource,
    n_weights: int | None,
    data: StoryChoice,
    store: ResultStore,
) -> Cost:
    """Estimate what a run on stories takes, without loading its model or its responses.

    Extraction is scaled by words, weights and, where every word has a window of its own, the
    context; the fits by folds and layers, and by the two things they grow with: targets times the
    square of the TRs, and the cube of the TRs.

    Parameters
    ----------
    config : StoryConfig
    source : ModelSource
    n_weights : int or None
        Weights that are loaded, where they are known.
    data : StoryChoice
    store : ResultStore

    Returns
    -------
    Cost
    """
    n_layers = n_layers_of(config.layers, source)
    n_folds = _n_folds(config, data)
    extraction, fit, basis = _seconds(config, n_weights, data, n_layers, n_folds, store)
    return Cost(
        seconds=None if extraction is None else START_SECONDS + extraction + fit,
        basis=basis,
        n_fits=None if n_layers is None else (2 * n_layers + N_BASELINES) * n_folds,
        memory_bytes=_memory(data, n_folds),
        # The cache keeps every layer, whichever are asked for.
        disk_bytes=None
        if source.n_layers is None or source.width is None
        else _FLOAT16 * (source.n_layers + 1) * data.n_words * source.width,
        extraction_seconds=extraction,
    )


def _n_folds(config: StoryConfig, data: StoryChoice) -> int:
    if config.split == "test-story":
        return 1
    if config.n_folds is not None:
        return config.n_folds
    return min(_MOST_FOLDS, len(data.stories)) if config.split == "leave-story-out" else _MOST_FOLDS


def _n_targets(config: StoryConfig, data: StoryChoice) -> int:
    return data.n_region_targets if config.targets == "regions" else data.n_targets


def _memory(data: StoryChoice, n_folds: int) -> float:
    n_trs = sum(data.stories.values())
    # Responses, their predictions twice, and what permutations work on; kernels of the layer and
    # of the nuisance baselines for each fold, and those that a banded fit holds.
    responses = FLOAT32 * n_trs * data.n_targets * 4
    return responses + FLOAT32 * n_trs**2 * (2 * n_folds + 12)


def _seconds(
    config: StoryConfig,
    n_weights: int | None,
    data: StoryChoice,
    n_layers: int | None,
    n_folds: int,
    store: ResultStore,
) -> tuple[float | None, float, str]:
    past = latest_story_run(store, config.compression)
    if past is None or n_weights is None or n_layers is None:
        return None, 0.0, "no run on stories of this store tells how long such a model takes"
    windows = config.context / 2 if config.context_mode == "exact" else 1.0
    words = data.n_words / past["n_words"]
    extraction = past["extraction_seconds"] * words * n_weights / past["n_parameters"]
    # The time of a past run in which states were in the cache already says little of extraction.
    trs = sum(data.stories.values()) / past["n_samples"]
    work = (trs**2 * _n_targets(config, data) / past["n_targets"] + trs**3) / 2
    fits = (n_layers + 1) * n_folds / ((past["n_layers"] + 1) * past["n_folds"])
    basis = (
        f"scaled from {past['model']} {past['compression']} on {past['dataset']}, "
        f"{past['seconds']:.0f} s on {past['device']}"
    )
    return float(extraction * windows), float(past["fit_seconds"] * work * fits), basis
