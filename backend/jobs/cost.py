"""What a run on sentences will take, from runs of the same kind that the store remembers."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.datasets import SentenceRecording
from backend.features.footprint import FLOAT32
from backend.features.sources import ModelSource
from backend.jobs.config import EncodingConfig
from backend.store.queries import runs
from backend.store.reader import ResultStore

# The seconds until a process has imported torch and transformers: measured at 5 to 7.
START_SECONDS = 6.0


@dataclass(frozen=True)
class Cost:
    """What a run takes besides its model.

    Attributes
    ----------
    seconds : float or None
        None where nothing comparable was ever run.
    basis : str
        Where the time comes from, in words.
    n_fits : int or None
        Ridge regressions: layers and baselines, times outer folds.
    memory_bytes : float
        Of kernels, responses and predictions.
    disk_bytes : float or None
        Of the states that it writes; None for a model that has to be downloaded to be known.
    extraction_seconds : float or None
        Part of ``seconds`` that another run on the same states is spared.
    """

    seconds: float | None
    basis: str
    n_fits: int | None
    memory_bytes: float
    disk_bytes: float | None
    extraction_seconds: float | None = None


def sentence_cost(
    config: EncodingConfig,
    source: ModelSource,
    n_weights: int | None,
    recording: SentenceRecording,
    store: ResultStore,
) -> Cost:
    """Estimate what a run on sentences takes, without loading its model.

    Extraction is scaled by words and weights, the fits by folds, layers, targets and the cube of
    the samples, from the latest run with the same compression, or any.

    Parameters
    ----------
    config : EncodingConfig
    source : ModelSource
    n_weights : int or None
        Weights that are loaded, where they are known.
    recording : SentenceRecording
    store : ResultStore

    Returns
    -------
    Cost
    """
    n_layers = n_layers_of(config.layers, source)
    n_samples = len(recording.sentences)
    extraction, fit, basis = _seconds(config, n_weights, recording, n_layers, store)
    return Cost(
        seconds=None if extraction is None else START_SECONDS + extraction + fit,
        basis=basis,
        n_fits=None if n_layers is None else (n_layers + 6) * config.n_folds,
        # Per outer fold, the joint baselines hold a train and a test kernel for each inner fold.
        memory_bytes=FLOAT32 * n_samples**2 * 6 * config.n_folds * len(recording.targets),
        # The cache keeps every layer, whichever are asked for.
        disk_bytes=None
        if source.n_layers is None or source.width is None
        else FLOAT32 * (source.n_layers + 1) * n_samples * source.width,
        extraction_seconds=extraction,
    )


def n_layers_of(layers: Sequence[int] | None, source: ModelSource) -> int | None:
    """Count the layers of a request; None for a model that has to be downloaded to be known."""
    if layers is not None:
        return len(layers)
    return None if source.n_layers is None else source.n_layers + 1


def _seconds(
    config: EncodingConfig,
    n_weights: int | None,
    recording: SentenceRecording,
    n_layers: int | None,
    store: ResultStore,
) -> tuple[float | None, float, str]:
    known = runs(store)
    # Words in a story have a context, sentences have none.
    known = known[known["context_length"].isna()]
    if known.empty or n_weights is None or n_layers is None:
        return None, 0.0, "no run of this store tells how long such a model takes"
    alike = known[known["compression"] == config.compression]
    past = (alike if not alike.empty else known).iloc[0]
    past_config = EncodingConfig.model_validate_json(past["config"])
    past_layers = store.query(
        "SELECT count(DISTINCT layer) AS n FROM roi_means WHERE run_id = ?", [past["run_id"]]
    )["n"].iloc[0]
    words = recording.sentences.n_words / past["n_words"]
    # The time of a past run in which states were in the cache already says little of extraction.
    extraction = past["extraction_seconds"] * words * n_weights / past["n_parameters"]
    samples = (len(recording.sentences) / past["n_samples"]) ** 3
    folds = config.n_folds / past["n_folds"]
    layers = (n_layers + 6) / (past_layers + 6)
    targets = len(config.responses) / len(past_config.responses)
    fit = past["fit_seconds"] * samples * folds * layers * targets
    basis = (
        f"scaled from {past['model']} {past['compression']} on {past['dataset']}, "
        f"{past['seconds']:.0f} s on {past['device']}"
    )
    return float(extraction), float(fit), basis
