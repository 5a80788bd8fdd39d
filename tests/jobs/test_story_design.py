import numpy as np
import pytest

from backend.datasets.story_recording import Region, Space, StoryRecording, StoryRun
from backend.errors import InputError
from backend.jobs.story_design import average_runs, build_design
from backend.stimuli import Words

TR = 2.0


def spoken(story: str, seconds: float = 60.0) -> Words:
    onsets = np.arange(0.0, seconds, 0.5)
    return Words(
        story=story,
        words=tuple("word" for _ in onsets),
        onsets=onsets,
        offsets=onsets + 0.4,
        estimated=np.zeros(len(onsets), dtype=bool),
    )


def recorded(*runs: StoryRun, seconds: float = 60.0) -> StoryRecording:
    n_targets = runs[0].responses.shape[1]
    space = Space("parcels", "parcels", n_targets, (Region("all", "both", np.arange(n_targets)),))
    return StoryRecording(
        dataset="test", subject="sub-01", modality="fMRI", citation="none", evidence="simulated",
        tr=TR, stimuli={run.story: spoken(run.story, seconds) for run in runs}, runs=runs,
        space=space,
    )  # fmt: skip


def noise(n_trs: int, seed: int = 0, n_targets: int = 3) -> np.ndarray:
    values = 5 + 2 * np.random.default_rng(seed).standard_normal((n_trs, n_targets))
    return values.astype(np.float32)


def test_rows_point_into_all_trs_and_carry_their_story() -> None:
    design = build_design(
        recorded(StoryRun("a", noise(30)), StoryRun("b", noise(32, 1))), 5, 4, tail_seconds=8.0
    )
    assert design.lengths == (30, 32)
    assert design.labels == ("a",) * 21 + ("b",) * 23
    assert design.rows.tolist() == [*range(5, 26), *range(35, 58)]
    assert design.responses.shape == (44, 3)


def test_each_run_is_centred_and_scaled_by_itself() -> None:
    design = build_design(
        recorded(StoryRun("a", noise(30)), StoryRun("b", 9 * noise(30, 1))), 0, 0, 8
    )
    for story in "ab":
        block = design.responses[np.asarray(design.labels) == story]
        assert np.allclose(block.mean(axis=0), 0, atol=1e-5)
        assert np.allclose(block.std(axis=0), 1, atol=1e-4)


def test_trs_before_the_story_and_long_after_it_are_left_out() -> None:
    design = build_design(recorded(StoryRun("a", noise(100), start=-10.0)), 0, 0, tail_seconds=8.0)
    # Midpoints lie at -9, -7, ... s; the last word ends at 59.9 s.
    assert design.rows[0] == 5
    assert design.rows[-1] == int((59.9 + 8.0 + 10.0 - 1.0) // TR)


def test_repeats_are_averaged_over_their_common_length() -> None:
    first, second = noise(30), noise(28, 1)
    design = build_design(recorded(StoryRun("a", first), StoryRun("a", second)), 0, 0, 8.0)
    assert design.repeats == {"a": 2}
    assert design.lengths == (28,)
    assert any("differ in length" in text for text in design.warnings)
    expected = [(run[:28] - run[:28].mean(0)) / run[:28].std(0) for run in (first, second)]
    assert np.allclose(design.responses, np.mean(expected, axis=0), atol=1e-5)


def test_repeats_that_begin_at_different_times_are_refused() -> None:
    with pytest.raises(InputError, match="begin at 0 to 1 s"):
        build_design(recorded(StoryRun("a", noise(30)), StoryRun("a", noise(30), 1.0)), 0, 0, 8.0)


def test_trimming_everything_away_is_refused() -> None:
    with pytest.raises(InputError, match="a, of the TRs.*leaves nothing of a run of 30"):
        build_design(recorded(StoryRun("a", noise(30))), 15, 15, 8.0)


def test_a_constant_target_is_zero_not_nan() -> None:
    run = noise(10)
    run[:, 1] = 4.0
    averaged = average_runs([run, run])
    assert np.isfinite(averaged).all()
    assert (averaged[:, 1] == 0).all()
