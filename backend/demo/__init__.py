"""The demo cortex: simulated listeners to the project's own stories, with a known ground truth."""

from backend.demo.recording import demo_digest, load_demo_cortex, planted_map
from backend.demo.stories import DATASET, demo_lengths, demo_stories
from backend.demo.subjects import SUBJECTS

__all__ = [
    "DATASET",
    "SUBJECTS",
    "demo_digest",
    "demo_lengths",
    "demo_stories",
    "load_demo_cortex",
    "planted_map",
]
