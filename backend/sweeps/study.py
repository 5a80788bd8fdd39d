"""The study that ships with the project: small models and random twins, compressed in turn."""

from collections.abc import Sequence
from pathlib import Path

from backend import catalog
from backend.family.sizes import SIZES
from backend.sweeps.config import Sweep, SweepData

CORTEX = "demo-cortex"
MINILM = "minilm-l6"
TRAINED = (*SIZES, MINILM)
TWINS = tuple(f"{name}:random" for name in SIZES)


def study_sweep(
    sentences: Path | None,
    models: Sequence[str] = (*TRAINED, *TWINS),
    compressions: Sequence[str] | None = None,
    subjects: Sequence[str] | None = (),
) -> Sweep:
    """Ask for the study, or a part of it.

    Sentences on contiguous folds; of the demo cortex the regions, whole stories held out.

    Parameters
    ----------
    sentences : Path or None
        Table of sentences that the catalogue knows; None for the demo cortex alone.
    models : sequence of str
    compressions : sequence of str, optional
        By default all in compressions.yaml.
    subjects : sequence of str or None
        Of the demo cortex, by default all; None for the sentences alone.

    Returns
    -------
    Sweep
    """
    datasets = []
    if sentences is not None:
        datasets.append(SweepData(dataset=str(sentences.resolve()), split="contiguous"))
    if subjects is not None:
        cortex = SweepData(
            dataset=CORTEX, subjects=tuple(subjects) or None, targets="regions", permutations=0
        )
        datasets.append(cortex)
    methods = tuple(catalog.compressions() if compressions is None else compressions)
    return Sweep(name="study", models=tuple(models), compressions=methods, datasets=tuple(datasets))
