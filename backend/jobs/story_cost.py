"""What a run on stories will take, from runs on stories that the store remembers."""

import psutil

from backend.features.memory import weight_bytes
from backend.features.sources import ModelSource, resolve_model
from backend.jobs.config import StoryConfig, StoryTask
from backend.jobs.cost import PROCESS_BYTES, START_SECONDS, CostEstimate, n_layers_of
from backend.jobs.stories import StoryChoice
from backend.store.reader import ResultStore
from backend.store.story_queries import latest_story_run

# Baselines of a run, all of them together among them; the static embedding is one.
N_BASELINES = 9
_MOST_FOLDS = 10


def estimate_story_cost(task: StoryTask, data: StoryChoice, store: ResultStore) -> CostEstimate:
    """Estimate time and memory of a run on stories without loading its model or its responses.

    Extraction is scaled by words, weights and, where every word has a window of its own, the
    context; the fits by folds and layers, and by the two things they grow with: targets times the
    square of the TRs, and the cube of the TRs.

    Parameters
    ----------
    task : StoryTask
    data : StoryChoice
    store : ResultStore

    Returns
    -------
    CostEstimate
    """
    config = task.config
    source = resolve_model(task.model_name)
    n_layers = n_layers_of(config.layers, source)
    n_folds = _n_folds(config, data)
    seconds, basis = _seconds(config, source, data, n_layers, n_folds, store)
    memory = _memory(config, source, data, n_folds)
    return CostEstimate(
        seconds=seconds,
        memory_bytes=memory,
        download=source.kind == "hub",
        n_fits=None if n_layers is None else (2 * n_layers + N_BASELINES) * n_folds,
        basis=basis,
        fits_in_memory=memory is None or memory < psutil.virtual_memory().available,
    )


def _n_folds(config: StoryConfig, data: StoryChoice) -> int:
    if config.split == "test-story":
        return 1
    if config.n_folds is not None:
        return config.n_folds
    return min(_MOST_FOLDS, len(data.stories)) if config.split == "leave-story-out" else _MOST_FOLDS


def _memory(
    config: StoryConfig, source: ModelSource, data: StoryChoice, n_folds: int
) -> float | None:
    if source.n_parameters is None:
        return None
    n_trs = sum(data.stories.values())
    # Responses, their predictions twice, and what permutations work on; kernels of the layer and
    # of the nuisance baselines for each fold, and those that a banded fit holds.
    responses = 4.0 * n_trs * data.n_targets * 4
    kernels = 4.0 * n_trs**2 * (2 * n_folds + 12)
    weights = 4.0 * source.n_parameters + weight_bytes(source.n_parameters, config.compression)
    return PROCESS_BYTES + weights + responses + kernels


def _seconds(
    config: StoryConfig,
    source: ModelSource,
    data: StoryChoice,
    n_layers: int | None,
    n_folds: int,
    store: ResultStore,
) -> tuple[float | None, str]:
    past = latest_story_run(store, config.compression)
    if past is None or source.n_parameters is None or n_layers is None:
        return None, "no run on stories of this store tells how long such a model takes"
    windows = config.context / 2 if config.context_mode == "exact" else 1.0
    words = data.n_words / past["n_words"]
    extraction = past["extraction_seconds"] * words * source.n_parameters / past["n_parameters"]
    # The time of a past run in which states were in the cache already says little of extraction.
    trs = sum(data.stories.values()) / past["n_samples"]
    work = (trs**2 * data.n_targets / past["n_targets"] + trs**3) / 2
    fits = (n_layers + 1) * n_folds / ((past["n_layers"] + 1) * past["n_folds"])
    basis = (
        f"scaled from {past['model']} {past['compression']} on {past['dataset']}, "
        f"{past['seconds']:.0f} s on {past['device']}"
    )
    return float(START_SECONDS + extraction * windows + past["fit_seconds"] * work * fits), basis
