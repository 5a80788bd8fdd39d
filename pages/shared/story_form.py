"""The Run page's questions about stories."""

from pathlib import Path

import streamlit as st

from backend import catalog
from backend.datasets.story_facts import FolderReport
from backend.datasets.story_folder import Stamp, check_story_folder, folder_stamp
from backend.encoding.story_folds import STORY_SPLITS
from backend.figures.labels import SPLIT_TITLES
from backend.jobs.config import StoryTask
from backend.jobs.stories import StoryChoice, choose_stories
from backend.jobs.story_request import build_story_task
from backend.paths import default_store
from pages.shared.typed_paths import typed_path
from pages.shared.waiting import Waiting

DEMO = "demo-cortex"


def choose_story_data(source: str) -> StoryChoice:
    """Ask for the demo cortex or a folder, and for a subject; show what is in it."""
    data = _demo() if source == DEMO else _in_folder()
    st.dataframe(
        [{"Story": story, "TRs": n_trs} for story, n_trs in data.stories.items()],
        hide_index=True,
        height="content",
    )
    regions = f"{data.n_region_targets:,} of {data.n_targets:,} targets lie in a region"
    ceiling = (
        "noise ceilings are given"
        if data.has_ceilings
        else "a repeated story gives noise ceilings"
        if data.has_repeats
        else "no noise ceiling is known"
    )
    st.caption(f"TR {data.tr:g} s, {data.n_words:,} words; {regions}; {ceiling}.")
    return data


def _demo() -> StoryChoice:
    st.markdown(
        "Six stories written for this project (27 minutes, word times from a model of speaking) "
        "and three **simulated** listeners on fsaverage5: auditory cortex follows speech rate, "
        "language regions an early, middle or late layer of MiniLM. Nothing is downloaded; the "
        "responses are simulated on first use, in about half a minute."
    )
    subject = st.selectbox(
        "Subject", catalog.story_datasets()[DEMO].subjects, key="run_demo_subject"
    )
    return choose_stories(DEMO, subject)


def _in_folder() -> StoryChoice:
    typed = st.text_input("Folder of transcripts and responses", key="run_story_folder")
    if not typed:
        raise Waiting(
            "Give a folder on the machine that runs the app, with dataset.yaml, transcripts/STORY "
            "(TextGrid, CSV, ...) and responses/SUBJECT/STORY.npy (TRs x targets). The README "
            "shows one."
        )
    folder = typed_path(typed)
    report = _check(folder, folder_stamp(folder))
    if report.problems:
        listed = "\n".join(f"- {problem}" for problem in report.problems)
        st.error(f"This folder cannot be used yet:\n{listed}", icon=":material/error:")
        raise Waiting("Put right what is listed above; the folder is looked at again then.")
    subjects = [facts.name for facts in report.subjects]
    subject = st.selectbox("Subject", subjects, key="run_subject")
    return _choose(str(folder), subject, folder_stamp(folder))


@st.cache_data(max_entries=8, show_spinner="Checking the folder")
def _check(folder: Path, stamp: Stamp) -> FolderReport:
    return check_story_folder(folder)


@st.cache_data(max_entries=16, show_spinner="Reading the folder")
def _choose(folder: str, subject: str, stamp: Stamp) -> StoryChoice:
    return choose_stories(folder, subject)


def story_task(data: StoryChoice, model: str, compression: str) -> StoryTask:
    """Ask for context and folds, and build the task."""
    splits = [split for split in STORY_SPLITS if split != "test-story" or len(data.stories) > 1]
    if len(data.stories) == 1:
        splits.remove("leave-story-out")
    default = "test-story" if data.test_stories else splits[0]
    split = st.selectbox(
        "Folds", splits, index=splits.index(default), format_func=SPLIT_TITLES.__getitem__,
        key="run_story_split",
    )  # fmt: skip
    test_stories: list[str] = []
    if split == "test-story":
        test_stories = st.multiselect(
            "Test stories", list(data.stories), default=list(data.test_stories),
            key="run_test_stories",
        )  # fmt: skip
        if not test_stories:
            raise Waiting("Choose the stories to hold out.")
    context = st.number_input(
        "Context length (tokens)", min_value=1, value=128, step=32, key="run_context"
    )
    with st.expander("More"):
        mode = st.segmented_control(
            "Windows", ["strided", "exact"], default="strided", required=True, key="run_mode",
            help="strided: windows of twice the context that move by it, each word with one to two "
            "contexts before it. exact: a window per word, many times slower; the only one in "
            "which a bidirectional model sees nothing of what follows.",
        )  # fmt: skip
        pooling = st.segmented_control(
            "Pooling over a word's sub-words", ["last", "mean"], default="last", required=True,
            key="run_story_pooling",
        )  # fmt: skip
        response = st.segmented_control(
            "Response", ["delays", "glover", "spm"], default="delays", required=True,
            key="run_response",
            help="FIR delays of 1 to 4 TRs, or one of nilearn's response functions.",
        )  # fmt: skip
        permutations = st.number_input(
            "Permutations for p-values", min_value=0, value=1000, step=100, key="run_permutations"
        )
    return build_story_task(
        data, model, default_store(),
        compression=compression, split=split, test_stories=tuple(test_stories) or None,
        context=int(context), context_mode=mode, pooling=pooling,
        hrf=None if response == "delays" else response, permutations=int(permutations),
    )  # fmt: skip
