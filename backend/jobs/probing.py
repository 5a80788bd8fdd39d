"""A request for probes: checked, and made ready to be computed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from backend.features.sources import resolve_model
from backend.jobs.calibration import request_calibration
from backend.jobs.config import ProbeSource, ProbeTask, ProbingConfig, StoryContext
from backend.probing.judgements import texts_of
from backend.probing.sources import ChoiceSet, ProbeSet, read_choices, read_probes


def build_probe_task(
    model: str,
    store: Path,
    *,
    source: ProbeSource = "bundled",
    path: Path | None = None,
    transcript: Path | None = None,
    tasks: Sequence[str] = (),
    compression: str = "none",
    calibration: Path | None = None,
    layers: Sequence[int] | None = None,
    n_seeds: int = 3,
    story_context: StoryContext | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> ProbeTask:
    """Check what is asked of which model, and make the task that answers it.

    Parameters
    ----------
    model : str
        Catalogue name, folder or hub name.
    store : Path
    source, tasks, n_seeds, story_context
        See :class:`~backend.jobs.config.ProbingConfig`.
    path, transcript : Path, optional
        See :func:`backend.probing.sources.read_probes`.
    compression, calibration, layers, device
        As in :func:`backend.jobs.request.build_task`.

    Returns
    -------
    ProbeTask

    Raises
    ------
    InputError
        If the probes cannot be read, or there is no such task.
    ModelError
        If there is no such model, or the compression cannot be used on it.
    """
    probes, stimuli = _probes(source, path, transcript, tuple(tasks))
    found = resolve_model(model)
    config = ProbingConfig(
        dataset=probes.name + _reading(story_context),
        data_sha256=probes.sha256,
        citation=probes.citation,
        model=found.name,
        model_fingerprint=found.fingerprint,
        trust_remote_code=found.trusted,
        compression=compression,
        calibration=request_calibration(found, compression, lambda: stimuli, calibration),
        layers=None if layers is None else tuple(layers),
        source=source,
        tasks=tuple(tasks),
        n_seeds=n_seeds,
        story_context=story_context,
    )
    return ProbeTask(
        config=config,
        probes_path=path,
        transcript_path=transcript,
        model_name=found.address,
        store=store,
        device=device,
        calibration_path=calibration,
    )


def _probes(
    source: ProbeSource, path: Path | None, transcript: Path | None, names: tuple[str, ...]
) -> tuple[ProbeSet | ChoiceSet, list[str]]:
    """Read what is asked, and every text that the model will read."""
    if source in ("pairs", "cloze"):
        choices = read_choices(source, path, names)
        return choices, list(texts_of(choices.tasks))
    probes = read_probes(source, path, transcript, names)
    return probes, [text for task in probes.tasks for text in task.texts]


def _reading(context: StoryContext | None) -> str:
    """Name how words are read, so that one file's results by itself and in context stay apart."""
    if context is None:
        return ""
    over = "" if context.pooling == "last" else f", {context.pooling}"
    return f" ({context.mode} {context.context}{over})"
