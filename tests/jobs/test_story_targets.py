import numpy as np

from backend.datasets.story_recording import Region, Space, StoryRecording, StoryRun
from backend.jobs.story_targets import in_regions, region_targets

REGIONS = (
    Region("a", "left", np.array([5, 2])),
    Region("b", "right", np.array([2, 7])),
)
SPACE = Space("toy", "parcels", 9, REGIONS)
RESPONSES = np.arange(27, dtype=np.float32).reshape(3, 9)


def recording(**changes):
    settings = {
        "dataset": "d", "subject": "s", "modality": "m", "citation": "c", "evidence": "simulated",
        "tr": 2.0, "stimuli": {}, "runs": (StoryRun("one", RESPONSES, -4.0),), "space": SPACE,
        "ceilings": np.arange(9, dtype=np.float32), **changes,
    }  # fmt: skip
    return StoryRecording(**settings)


def test_targets_of_regions_are_listed_once_and_in_order():
    assert region_targets(SPACE).tolist() == [2, 5, 7]


def test_the_others_are_left_out_of_responses_and_ceilings():
    few = in_regions(recording())
    assert few.space.n_targets == 3
    assert few.runs[0].responses.tolist() == RESPONSES[:, [2, 5, 7]].tolist()
    assert few.runs[0].start == -4.0
    assert few.ceilings.tolist() == [2, 5, 7]


def test_regions_keep_their_targets():
    few = in_regions(recording())
    for before, after in zip(REGIONS, few.space.regions, strict=True):
        values = few.runs[0].responses[:, after.targets]
        np.testing.assert_array_equal(values, RESPONSES[:, before.targets])


def test_a_space_of_fewer_targets_has_another_name():
    assert in_regions(recording()).space.name != SPACE.name


def test_no_ceilings_stay_no_ceilings():
    assert in_regions(recording(ceilings=None)).ceilings is None
