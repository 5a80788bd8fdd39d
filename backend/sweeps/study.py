"""The study that ships with the project: small models and random twins, compressed in turn."""

from collections.abc import Sequence
from pathlib import Path

from backend import catalog
from backend.family.sizes import SIZES
from backend.sweeps.config import Sweep, SweepData

CORTEX = "demo-cortex"
FULL = "none"
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
        Of the demo cortex; None for the sentences alone. By default the first under every
        compression and the others at full precision: all are simulated alike, so that compressing
        for each would take three times as long and say the same thrice.

    Returns
    -------
    Sweep
    """
    methods = tuple(catalog.compressions() if compressions is None else compressions)
    datasets = []
    if sentences is not None:
        datasets.append(SweepData(dataset=str(sentences.resolve()), split="contiguous"))
    if subjects:
        datasets.append(_cortex(subjects))
    elif subjects is not None:
        first, *others = catalog.story_datasets()[CORTEX].subjects
        datasets.append(_cortex([first]))
        if FULL in methods:
            datasets.append(_cortex(others, (FULL,)))
    return Sweep(name="study", models=tuple(models), compressions=methods, datasets=tuple(datasets))


def _cortex(subjects: Sequence[str], compressions: tuple[str, ...] | None = None) -> SweepData:
    return SweepData(
        dataset=CORTEX,
        subjects=tuple(subjects),
        compressions=compressions,
        targets="regions",
        permutations=0,
    )
