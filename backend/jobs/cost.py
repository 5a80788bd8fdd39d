"""What a run will take, from runs of the same kind that the store remembers."""

from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from backend.datasets import SentenceRecording
from backend.features.memory import weight_bytes
from backend.features.sources import ModelSource, resolve_model
from backend.jobs.config import EncodingConfig, Task
from backend.store.queries import runs
from backend.store.reader import ResultStore

# What a Python process with torch takes before it holds any model: measured at 0.6 GB.
PROCESS_BYTES = 0.6e9
# And the seconds until it has imported torch and transformers: measured at 5 to 7.
START_SECONDS = 6.0


@dataclass(frozen=True)
class CostEstimate:
    """Expected cost of a run.

    Attributes
    ----------
    seconds : float or None
        None where nothing comparable was ever run.
    memory_bytes : float or None
        Peak of the process; None for a model that has to be downloaded to be known.
    download : bool
        Whether weights may have to come from the hub.
    n_fits : int
        Ridge regressions: (layers + baselines) times outer folds.
    basis : str
        Where the estimate comes from, in words.
    fits_in_memory : bool
    """

    seconds: float | None
    memory_bytes: float | None
    download: bool
    n_fits: int | None
    basis: str
    fits_in_memory: bool


def estimate_cost(task: Task, recording: SentenceRecording, store: ResultStore) -> CostEstimate:
    """Estimate time and memory of a run without loading its model.

    Extraction is scaled by words and weights, the fits by folds, layers, targets and the cube of
    the samples, from the latest run with the same compression, or any.

    Parameters
    ----------
    task : Task
    recording : SentenceRecording
    store : ResultStore

    Returns
    -------
    CostEstimate
    """
    config = task.config
    source = resolve_model(task.model_name)
    n_layers = n_layers_of(config.layers, source)
    memory = _memory(config, source, recording)
    seconds, basis = _seconds(config, source, recording, n_layers, store)
    return CostEstimate(
        seconds=seconds,
        memory_bytes=memory,
        download=source.kind == "hub",
        n_fits=None if n_layers is None else (n_layers + 6) * config.n_folds,
        basis=basis,
        fits_in_memory=memory is None or memory < psutil.virtual_memory().available,
    )


def n_layers_of(layers: Sequence[int] | None, source: ModelSource) -> int | None:
    """Count the layers of a request; None for a model that has to be downloaded to be known."""
    if layers is not None:
        return len(layers)
    return None if source.n_layers is None else source.n_layers + 1


def _memory(
    config: EncodingConfig, source: ModelSource, recording: SentenceRecording
) -> float | None:
    if source.n_parameters is None:
        return None
    n_samples = len(recording.sentences)
    # Per outer fold, the joint baselines hold a train and a test kernel for each inner fold.
    kernels = 4.0 * n_samples**2 * 6 * config.n_folds * len(recording.targets)
    loading = 4.0 * source.n_parameters
    return PROCESS_BYTES + loading + weight_bytes(source.n_parameters, config.compression) + kernels


def _seconds(
    config: EncodingConfig,
    source: ModelSource,
    recording: SentenceRecording,
    n_layers: int | None,
    store: ResultStore,
) -> tuple[float | None, str]:
    known = runs(store)
    # Words in a story have a context, sentences have none.
    known = known[known["context_length"].isna()]
    if known.empty or source.n_parameters is None or n_layers is None:
        return None, "no run of this store tells how long such a model takes"
    alike = known[known["compression"] == config.compression]
    past = (alike if not alike.empty else known).iloc[0]
    past_config = EncodingConfig.model_validate_json(past["config"])
    past_layers = store.query(
        "SELECT count(DISTINCT layer) AS n FROM roi_scores WHERE run_id = ?", [past["run_id"]]
    )["n"].iloc[0]
    words = recording.sentences.n_words / past["n_words"]
    extraction = past["extraction_seconds"] * words * source.n_parameters / past["n_parameters"]
    samples = (len(recording.sentences) / past["n_samples"]) ** 3
    folds = config.n_folds / past["n_folds"]
    layers = (n_layers + 6) / (past_layers + 6)
    targets = len(config.responses) / len(past_config.responses)
    fit = past["fit_seconds"] * samples * folds * layers * targets
    basis = (
        f"scaled from {past['model']} {past['compression']} on {past['dataset']}, "
        f"{past['seconds']:.0f} s on {past['device']}"
    )
    return float(START_SECONDS + extraction + fit), basis
