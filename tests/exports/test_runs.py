"""The command that computes a run again."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from backend.cli import build_parser
from backend.exports.runs import encode_command
from backend.jobs.config import EncodingConfig, StoryConfig
from backend.jobs.request import build_task, choose_data
from backend.jobs.stories import choose_stories
from backend.jobs.story_request import build_story_task
from tests.helpers import make_config
from tests.story_helpers import make_story_config


def parsed(config: EncodingConfig | StoryConfig) -> Any:
    """Arguments as the command line reads them."""
    words = shlex.split(encode_command(config))
    assert words[:3] == ["python", "-m", "backend"]
    return build_parser().parse_args(words[3:])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "bnb-nf4", "layers": (0, 2, 3), "pooling": "last"},
        {"split": "contiguous", "n_folds": 5, "gap": 2, "seed": 4},
        {"split": "shuffled"},
    ],
)
def test_the_command_of_a_run_on_sentences_makes_the_same_run(
    options: dict[str, Any], tmp_path: Path
) -> None:
    data = choose_data("demo-sentences", None, [], None, None)
    task, _ = build_task(data, "minilm-l6", tmp_path, **options)
    given = parsed(task.config)
    again, _ = build_task(
        choose_data(given.dataset, given.sentence, given.response, given.group, given.name),
        given.model, tmp_path, compression=given.compression, layers=given.layers,
        pooling=given.pooling, split=given.split, n_folds=given.folds, gap=given.gap,
        seed=given.seed, ceilings=dict(given.ceiling),
    )  # fmt: skip
    assert again.config == task.config
    assert again.config.run_id == task.config.run_id


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"hrf": "spm", "context": 32, "context_mode": "exact", "downsampling": "mean"},
        {"split": "contiguous", "n_folds": 4, "gap": 12, "delays": (2, 4), "targets": "regions"},
        {"permutations": 0, "trim_head": 3, "trim_tail": 4, "ceiling_floor": 0.25},
    ],
)
def test_the_command_of_a_run_on_stories_makes_the_same_run(
    options: dict[str, Any], tmp_path: Path
) -> None:
    data = choose_stories("demo-cortex", "sub-02", None)
    task = build_story_task(data, "minilm-l6", tmp_path, **options)
    given = parsed(task.config)
    head, tail = given.trim
    again = build_story_task(
        choose_stories(given.dataset, given.subject, given.name), given.model, tmp_path,
        layers=given.layers, compression=given.compression, pooling=given.pooling,
        split=given.split, test_stories=tuple(given.test_story) or None, n_folds=given.folds,
        gap=given.gap, seed=given.seed, context=given.context, context_mode=given.context_mode,
        downsampling=given.downsampling, delays=given.delays, hrf=given.hrf, trim_head=head,
        trim_tail=tail, ceiling=given.ceiling_from, ceiling_floor=given.ceiling_floor,
        permutations=given.permutations, targets=given.targets,
    )  # fmt: skip
    assert again.config.run_id == task.config.run_id


def test_data_that_do_not_ship_are_asked_for() -> None:
    given = parsed(make_config(group="passage", evidence="simulated", split="grouped"))
    assert given.dataset == "FILE_OR_FOLDER"
    assert given.name == "toy"
    assert given.response == ["left_ifg", "left_ptl"]
    assert given.group == "passage"
    assert given.ceiling == [("left_ifg", 0.8)]
    assert given.citation == "Toy et al. 2026"
    assert given.simulated
    stories = parsed(make_story_config(split="test-story", test_stories=("a b", "c")))
    assert (stories.dataset, stories.name) == ("FILE_OR_FOLDER", "tales")
    assert stories.test_story == ["a b", "c"]


def test_a_calibration_text_of_the_users_is_asked_for() -> None:
    shown = {"text": "my.txt", "sha256": "1" * 64}
    given = parsed(make_config(compression="gptq-w4a16", calibration=shown))
    assert str(given.calibration) == "CALIBRATION_TEXT"
    ours = parsed(
        make_config(compression="gptq-w4a16", calibration={**shown, "text": "demo-stories"})
    )
    assert ours.calibration is None
