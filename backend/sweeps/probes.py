"""What the study asks of models beside recordings: the bundled probes and facts."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from backend import catalog
from backend.compression import applies
from backend.compression.architecture import read_architecture
from backend.features.sources import resolve_model
from backend.jobs.config import ProbeSource, ProbeTask
from backend.jobs.probing import build_probe_task
from backend.sweeps.study import TRAINED, TWINS


class Probing(NamedTuple):
    """A model, a compression, and what is asked of it."""

    model: str
    compression: str
    source: ProbeSource

    def task(self, store: Path) -> ProbeTask:
        """Make the task that computes it."""
        return build_probe_task(self.model, store, source=self.source, compression=self.compression)


def study_probes(
    models: Sequence[str] = (*TRAINED, *TWINS), compressions: Sequence[str] | None = None
) -> list[Probing]:
    """List what the study probes, full precision of every model first.

    Parameters
    ----------
    models : sequence of str
    compressions : sequence of str, optional
        By default all in compressions.yaml.

    Returns
    -------
    list of Probing
        Facts are asked of trained decoders. Compressions that do not apply to a model are left out.
    """
    methods = list(catalog.compressions() if compressions is None else compressions)
    asked = []
    for compression in sorted(methods, key=lambda name: name != "none"):
        for model in models:
            source = resolve_model(model)
            if applies(compression, source) is not None:
                continue
            asked.append(Probing(model, compression, "bundled"))
            architecture = read_architecture(source)
            if not source.random and architecture is not None and architecture.is_decoder:
                asked.append(Probing(model, compression, "cloze"))
    return asked
