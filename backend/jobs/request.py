"""Turn what a user chose, in the CLI or on the Run page, into a checked task."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from backend import catalog
from backend.catalog import DatasetEntry
from backend.datasets import SentenceRecording, read_sentence_table
from backend.encoding.folds import Split, default_gap, default_n_folds, make_folds
from backend.encoding.folds import repeats_across_folds as find_repeats
from backend.errors import InputError, first_problem
from backend.features.sources import ModelSource, resolve_model
from backend.jobs.calibration import request_calibration
from backend.jobs.config import EncodingConfig, Task
from backend.paths import ASSETS, cache_folder

NO_CITATION = "user-supplied file, no citation given"


@dataclass(frozen=True)
class DataChoice:
    """A sentence table and what its columns mean.

    Attributes
    ----------
    path : Path
    name : str
        What results are filed under.
    sentence : str
    responses : tuple of str
    group : str or None
    entry : DatasetEntry or None
        The catalogue's, when the file's content is known to it.
    """

    path: Path
    name: str
    sentence: str
    responses: tuple[str, ...]
    group: str | None
    sha256: str
    entry: DatasetEntry | None


def choose_data(
    dataset: str,
    sentence: str | None = None,
    responses: Sequence[str] = (),
    group: str | None = None,
    name: str | None = None,
) -> DataChoice:
    """Find a data set by catalogue name or path, and fill in what the catalogue knows of it.

    Parameters
    ----------
    dataset : str
        Name of a data set that ships with the project, or path of a CSV or TSV file.
    sentence, responses, group : optional
        Columns; needed for a file that the catalogue does not know.
    name : str, optional
        What to file results under; the file's stem by default.

    Returns
    -------
    DataChoice

    Raises
    ------
    InputError
        If there is no such data set, or its columns are not known and not given.
    """
    shipped = catalog.datasets().get(dataset)
    if shipped is not None and shipped.file is not None:
        path, sha256 = ASSETS / shipped.file, shipped.sha256
    else:
        path = user_path(dataset)
        if path.is_dir():
            raise InputError(f"{dataset} is a folder; a CSV or TSV file is accepted.")
        if not path.is_file():
            ships = ", ".join(key for key, e in catalog.datasets().items() if e.file is not None)
            raise InputError(
                f"no such file: {dataset}. Give the path of a CSV or TSV table with one row per "
                f"sentence, or the name of a data set that ships with the project ({ships})."
            )
        sha256 = _checksum(path)
    known_name, entry = catalog.dataset_with_checksum(sha256) or (path.stem, None)
    sentence = sentence or (entry.sentence if entry else None)
    chosen = tuple(responses) or (tuple(entry.responses) if entry else ())
    if sentence is None or not chosen:
        raise InputError(
            f"the columns of {path.name} are not known; name the sentences with --sentence and "
            "each response with --response."
        )
    group = group or (entry.group if entry else None)
    return DataChoice(path, name or known_name, sentence, chosen, group, sha256, entry)


def build_task(
    data: DataChoice,
    model: str,
    store: Path,
    *,
    compression: str = "none",
    calibration: Path | None = None,
    layers: Sequence[int] | None = None,
    pooling: Literal["mean", "last"] = "mean",
    split: Split | None = None,
    n_folds: int | None = None,
    gap: int | None = None,
    seed: int = 0,
    ceilings: Mapping[str, float] | None = None,
    citation: str | None = None,
    simulated: bool = False,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> tuple[Task, SentenceRecording]:
    """Check a choice of data and model, and make the task that computes it.

    Parameters
    ----------
    data : DataChoice
    model : str
        Catalogue name, folder or hub name.
    store : Path
    calibration : Path, optional
        The user's calibration text, for a compression that is shown one; by default one that ships.
    compression, layers, pooling, seed
        See :class:`~backend.jobs.config.EncodingConfig`.
    split : {"contiguous", "grouped", "shuffled"}, optional
        By default whole groups where the data names them, else contiguous blocks.
    n_folds, gap : int, optional
        Default by the number of samples and groups.
    ceilings : mapping of str to float, optional
        Noise ceiling of a response, in units of r.
    citation : str, optional
        Reference of a data set that the catalogue does not know.
    simulated : bool
        The responses were made by a program.
    device : {"auto", "cpu", "cuda"}

    Returns
    -------
    tuple of (Task, SentenceRecording)

    Raises
    ------
    InputError
        If the table, the folds or an option cannot be used.
    ModelError
        If there is no such model.
    """
    recording = read_sentence_table(data.path, data.sentence, data.responses, data.group)
    sentences = recording.sentences
    if split is None:
        split = "contiguous" if sentences.groups is None else "grouped"
    n_groups = sentences.n_groups if split == "grouped" else None
    given = dict(ceilings or {})
    unknown = [column for column in given if column not in data.responses]
    if unknown:
        raise InputError(
            f"a ceiling was given for {unknown[0]!r}, which is not among the responses: "
            f"{', '.join(data.responses)}."
        )
    if data.entry is not None:
        given = {**data.entry.ceilings, **given}
    source = resolve_model(model)
    require_layers(layers, source)
    shown = request_calibration(
        source, compression, lambda: [" ".join(sentences.texts)], calibration
    )
    try:
        config = EncodingConfig(
            dataset=data.name,
            data_sha256=data.sha256,
            sentence=data.sentence,
            responses=data.responses,
            group=data.group,
            ceilings=tuple(given.get(column) for column in data.responses),
            evidence=_evidence(data.entry, simulated),
            citation=citation or _citation(data.entry),
            **({} if data.entry is None else _recorded(data.entry)),
            model=source.name,
            model_fingerprint=source.fingerprint,
            trust_remote_code=source.trusted,
            compression=compression,
            calibration=shown,
            layers=None if layers is None else tuple(sorted(set(layers))),
            pooling=pooling,
            split=split,
            n_folds=default_n_folds(len(sentences), n_groups) if n_folds is None else n_folds,
            gap=(default_gap(len(sentences)) if gap is None else gap)
            if split == "contiguous"
            else 0,
            seed=seed,
        )
    except ValidationError as error:
        raise InputError(f"{first_problem(error)}.") from error
    check_folds(config, recording)
    task = Task(
        config=config,
        # Whole paths, since a background worker runs in another folder than the one who asks.
        data_path=data.path.resolve(),
        model_name=source.address,
        store=store.resolve(),
        device=device,
        cache=cache_folder().resolve(),
        calibration_path=None if calibration is None else calibration.resolve(),
    )
    return task, recording


def check_folds(config: EncodingConfig, recording: SentenceRecording) -> tuple[str, ...]:
    """Make a request's folds once, before anything long starts.

    Parameters
    ----------
    config : EncodingConfig
    recording : SentenceRecording

    Returns
    -------
    tuple of str
        Warnings that belong beside the result; empty when there are none.

    Raises
    ------
    InputError
        If the folds cannot be made.
    """
    sentences = recording.sentences
    folds = make_folds(
        len(sentences), config.split, config.n_folds, sentences.groups, config.seed, config.gap
    )
    warnings = []
    repeated = find_repeats(sentences, folds)
    if repeated:
        warnings.append(
            f"{len(repeated)} sentence(s) stand both in training and in held-out folds, so their "
            f"responses can be learned by heart (the first: {repeated[0][:60]!r}). Remove the "
            "repeats, or give their passages with a group column."
        )
    if config.split == "shuffled":
        warnings.append(
            "Shuffled folds leak: neighbouring samples are alike, so scores are inflated. Compare "
            "with the OASM baseline, and report contiguous or grouped folds."
        )
    return tuple(warnings)


def require_layers(layers: Sequence[int] | None, source: ModelSource) -> None:
    """Refuse a layer that is not there before the model is loaded, where its depth is known.

    Parameters
    ----------
    layers : sequence of int or None
    source : ModelSource

    Raises
    ------
    InputError
    """
    if layers is None or source.n_layers is None:
        return
    wrong = [layer for layer in layers if not 0 <= layer <= source.n_layers]
    if wrong:
        raise InputError(
            f"there is no layer {wrong[0]}; {source.name} has layers 0 (embeddings) to "
            f"{source.n_layers}."
        )


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError as error:
        raise InputError(
            f"{path.name} cannot be read: {error.strerror}. Give yourself the right to read it."
        ) from error
    return digest.hexdigest()


def user_path(text: str) -> Path:
    """Turn what was typed into a path.

    Parameters
    ----------
    text : str

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If no file can be called so: it is too long, or names the home folder of nobody.
    """
    try:
        path = Path(text).expanduser()
        path.exists()
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"no such file or folder: {text[:200]}. Give a path on the machine that runs this."
        ) from error
    return path


def _evidence(entry: DatasetEntry | None, simulated: bool) -> Literal["measured", "simulated"]:
    if entry is not None:
        return entry.evidence
    return "simulated" if simulated else "measured"


def _citation(entry: DatasetEntry | None) -> str:
    return NO_CITATION if entry is None else catalog.citations()[entry.citation].text


def _recorded(entry: DatasetEntry) -> dict[str, str]:
    return {
        "subject": entry.subject,
        "modality": entry.modality,
        "hemisphere": entry.hemisphere,
    }
