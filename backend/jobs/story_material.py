"""What every fit to stories starts from: responses, folds, and a model's states of the words."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from backend.compression.memory import READ_LESS, explained_memory
from backend.datasets.story_recording import StoryRecording
from backend.encoding.folds import Fold
from backend.encoding.story_folds import make_story_folds
from backend.features.cache import StateCache, StoryStates
from backend.features.loading import LoadedModel, load_model
from backend.features.sources import ModelSource, resolve_model
from backend.jobs.calibration import calibration_of, compression_as_shown
from backend.jobs.config import StoryTask
from backend.jobs.progress import Progress
from backend.jobs.stories import load_stories
from backend.jobs.story_design import StoryDesign, build_design, tail_seconds
from backend.jobs.story_features import StoryAxis, extract_stories
from backend.jobs.story_fitter import Fitter
from backend.jobs.story_targets import region_targets, wanted_targets


@dataclass(frozen=True)
class StoryMaterial:
    """A request's responses, its folds, its model and what the model makes of the stories.

    Attributes
    ----------
    recording : StoryRecording
        Of the targets that the request wants.
    design : StoryDesign
    folds : tuple of Fold
    source : ModelSource
    loaded : LoadedModel
    states : mapping of str to StoryStates
    axis : StoryAxis
    fitter : Fitter
    """

    recording: StoryRecording
    design: StoryDesign
    folds: tuple[Fold, ...]
    source: ModelSource
    loaded: LoadedModel
    states: Mapping[str, StoryStates]
    axis: StoryAxis
    fitter: Fitter

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers that the request wants."""
        return self.fitter.config.layers or next(iter(self.states.values())).layers


def read_material(task: StoryTask, progress: Progress) -> StoryMaterial:
    """Read responses, load the model, and read the stories with it.

    Parameters
    ----------
    task : StoryTask
    progress : Progress
        Told of each stage, and of words as they are read.

    Returns
    -------
    StoryMaterial

    Raises
    ------
    InputError, ModelError, StoreError
        As their messages say. States that were read stay in the cache.
    """
    config = task.config
    # float32 matrix products on a GPU stay float32, so that CPU and GPU scores agree.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.manual_seed(config.seed)
    progress.stage("reading responses", 1)
    recording = wanted_targets(config)(load_stories(task))
    design = build_design(recording, config.trim_head, config.trim_tail, tail_seconds(config))
    folds = make_story_folds(
        design.labels, config.split, config.test_stories, config.n_folds, config.gap, config.seed
    )
    progress.advance()
    source = resolve_model(task.model_name)
    texts = [" ".join(words.words) for words in recording.stimuli.values()]
    shown = calibration_of(config, task.calibration_path, texts)
    progress.stage("loading the model", 1)
    loaded = load_model(source, config.compression, task.device, shown)
    progress.advance()
    cache = StateCache.of(source, compression_as_shown(config), task.cache)
    with explained_memory(source.name, "being read", READ_LESS):
        states = extract_stories(loaded, recording, design, config, cache, progress)
    inside = region_targets(recording.space)
    return StoryMaterial(
        recording, design, tuple(folds), source, loaded, states,
        StoryAxis.of(recording, design, config),
        Fitter(design, folds, config, inside, loaded.device, progress),
    )  # fmt: skip
