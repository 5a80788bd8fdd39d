"""The demo cortex as a recording: simulated on first use, then read from the cache."""

import errno
import hashlib
import json
from functools import cache
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from backend import catalog
from backend.cortex.regions import surface_regions
from backend.cortex.surfaces import N_TARGETS, SPACE
from backend.datasets.story_recording import Space, StoryRecording, StoryRun
from backend.demo.drives import WordDrives, word_drives
from backend.demo.fields import FIELDS, LAYERS
from backend.demo.stories import DATASET, FOLDER, demo_stories, n_trs, presentations
from backend.demo.subjects import SUBJECTS, Subject, simulate_responses
from backend.errors import InputError, StoreError
from backend.paths import cache_folder

Array = NDArray[np.float32]

VERSION = 1
"""Raised with every change that makes other responses, so that a cache holds no old ones."""
MODEL = "minilm-l6"
CONTEXT = 128


def load_demo_cortex(subject: str = "sub-01", cache: Path | None = None) -> StoryRecording:
    """Read one subject of the demo cortex, simulating the responses if they are not there yet.

    Parameters
    ----------
    subject : {"sub-01", "sub-02", "sub-03"}
    cache : Path, optional
        Where responses (some 90 MB) and the driving model's states are kept, by default
        :func:`~backend.paths.cache_folder`.

    Returns
    -------
    StoryRecording
        On fsaverage5, with the known ceilings of a single presentation: 0 where there is no
        signal. Responses are mapped from the file rather than held.

    Raises
    ------
    InputError
        If there is no such subject.
    StoreError
        If the cache cannot be written.
    """
    parameters = _subject(subject)
    folder = cache or cache_folder()
    stories = demo_stories()
    entry = catalog.story_datasets()[DATASET]
    responses = _read_or_simulate(subject, folder)
    runs, first = [], 0
    for story in presentations(stories):
        last = first + n_trs(stories[story], entry.tr)
        runs.append(StoryRun(story, responses[first:last]))
        first = last
    return StoryRecording(
        dataset=DATASET,
        subject=subject,
        modality=entry.modality,
        citation=entry.citation,
        evidence="simulated",
        tr=entry.tr,
        stimuli=stories,
        runs=tuple(runs),
        space=Space(SPACE, "surface", N_TARGETS, surface_regions()),
        ceilings=parameters.truth.ceilings,
    )


def planted_map(subject: str = "sub-01") -> Array:
    """Layer of the driving model that drives each target.

    Parameters
    ----------
    subject : {"sub-01", "sub-02", "sub-03"}

    Returns
    -------
    ndarray of float32, shape (20484,)
        1 (early), 3 (middle) or 5 (late); NaN where speech rate or nothing drives the response.

    Raises
    ------
    InputError
        If there is no such subject.
    """
    return _subject(subject).truth.layer


@cache
def demo_digest() -> str:
    """Hash of what decides the responses: version, word times, model, regions, subjects.

    Returns
    -------
    str
        64 hexadecimal digits; known without simulating anything.
    """
    from backend.features.sources import resolve_model

    digest = hashlib.sha256(f"{VERSION}:{resolve_model(MODEL).fingerprint}".encode())
    for path in sorted(FOLDER.glob("*.csv")):
        digest.update(path.read_bytes())
    digest.update(repr((sorted(catalog.rois().items()), FIELDS, SUBJECTS)).encode())
    return digest.hexdigest()


def demo_drives(folder: Path) -> dict[str, WordDrives]:
    """Read the stories with the driving model, and find its drives.

    Parameters
    ----------
    folder : Path
        Cache of the model's states.

    Returns
    -------
    dict of str to WordDrives
        By story.
    """
    # Imported here since reading a recording that exists needs no torch.
    from backend.features.cache import StateCache
    from backend.features.contexts import ContextSettings
    from backend.features.loading import load_model
    from backend.features.sources import resolve_model
    from backend.features.story_states import extract_story_states

    source = resolve_model(MODEL)
    loaded = load_model(source, "none", "cpu")
    settings = ContextSettings(context=CONTEXT, mode="strided", pooling="last")
    states = StateCache.of(source, "none", folder)
    stories = demo_stories()
    read = {
        story: extract_story_states(loaded, words, settings, states)
        for story, words in stories.items()
    }
    by_layer = {
        story: {layer: found.layer(layer) for layer in found.layers}
        for story, found in read.items()
    }
    return word_drives(stories, by_layer, LAYERS, catalog.story_datasets()[DATASET].tr)


def _subject(name: str) -> Subject:
    if name not in SUBJECTS:
        raise InputError(f"{DATASET} has no subject {name!r}; there are {', '.join(SUBJECTS)}.")
    return SUBJECTS[name]


def _read_or_simulate(subject: str, folder: Path) -> Array:
    place = folder / DATASET / demo_digest()[:16]
    path = place / f"{subject}.npy"
    try:
        place.mkdir(parents=True, exist_ok=True)
        # Of several processes that want a subject, one simulates it and the others wait. The
        # lock goes with its process, and an unfinished file has another name.
        with FileLock(place / f"{subject}.lock"):
            if not _is_whole(path):
                _write(path, _simulate(subject, folder))
            return np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StoreError(
            f"the responses of {DATASET} cannot be kept in {place}: {error}. "
            + ("Free some of the disk, or name" if full else "Name")
            + " another folder with the environment variable CORTEXSCALE_CACHE."
        ) from error


def _simulate(subject: str, folder: Path) -> Array:
    tr = catalog.story_datasets()[DATASET].tr
    return simulate_responses(SUBJECTS[subject], demo_stories(), demo_drives(folder), tr)


def _write(path: Path, responses: Array) -> None:
    """Write the array, then its checksum; only with both is it taken for whole."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.save(file, responses, allow_pickle=False)
    checksum = _sha256(part)
    part.replace(path)
    part.write_text(json.dumps({"sha256": checksum}), encoding="utf-8")
    part.replace(path.with_suffix(".json"))


def _is_whole(path: Path) -> bool:
    try:
        said = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        return bool(said["sha256"] == _sha256(path))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
