from dataclasses import replace

import numpy as np
import pytest

from backend.datasets.story_recording import StoryRun
from backend.errors import InputError
from backend.jobs.story_ceilings import find_ceilings
from backend.jobs.story_design import build_design
from tests.jobs.test_story_design import recorded
from tests.story_helpers import make_story_config

CONFIG = make_story_config(ceiling="subjects", trim_head=2, trim_tail=2)
N_TRS, N_TARGETS = 400, 4


def heard(seed: int, story: str = "a", start: int = 0):
    """One subject: the stimulus's signal, and noise of its own as strong."""
    signal = np.random.default_rng(99).standard_normal((N_TRS, N_TARGETS))
    noise = np.random.default_rng(seed).standard_normal((N_TRS, N_TARGETS))
    run = StoryRun(story, (signal + noise).astype(np.float32)[start:], start=2.0 * start)
    return replace(recorded(run, seconds=2.0 * N_TRS), subject=f"sub-{seed}")


def design_of(recording):
    return build_design(recording, CONFIG.trim_head, CONFIG.trim_tail, 8.0)


def test_each_target_is_correlated_with_the_mean_of_the_others():
    own, others = heard(1), [heard(2), heard(3)]
    ceilings = find_ceilings(own, design_of(own), CONFIG, others)
    kept = slice(2, N_TRS - 2)
    mean = sum(
        (other.runs[0].responses[kept] - other.runs[0].responses[kept].mean(0))
        / other.runs[0].responses[kept].std(0)
        for other in others
    )
    for target in range(N_TARGETS):
        expected = np.corrcoef(own.runs[0].responses[kept, target], mean[:, target])[0, 1]
        assert ceilings.single[target] == pytest.approx(expected, abs=1e-4)


def test_only_trs_that_all_subjects_kept_count():
    own, others = heard(1), [heard(2)]
    others[0] = replace(others[0], runs=(StoryRun("a", others[0].runs[0].responses[: N_TRS - 50]),))
    ceilings = find_ceilings(own, design_of(own), CONFIG, others)
    kept = slice(2, N_TRS - 52)
    first, second = own.runs[0].responses[kept], others[0].runs[0].responses[kept]
    expected = np.corrcoef(first[:, 0], second[:, 0])[0, 1]
    assert ceilings.single[0] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("others", [[], [heard(2, "b")]])
def test_without_a_shared_story_there_is_no_such_ceiling(others):
    own = heard(1)
    with pytest.raises(InputError, match="no other subject of test heard the stories"):
        find_ceilings(own, design_of(own), CONFIG, others)


def test_subjects_in_different_spaces_are_refused():
    own, other = heard(1), heard(2)
    other = replace(other, space=replace(other.space, n_targets=9))
    with pytest.raises(InputError, match="9 targets and sub-1 4"):
        find_ceilings(own, design_of(own), CONFIG, [other])
