"""The Run page's questions about sentences."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from backend.datasets import MAX_BYTES, SentenceRecording, column_names
from backend.encoding.folds import Split
from backend.errors import InputError
from backend.figures.labels import SPLIT_TITLES
from backend.jobs.config import Task
from backend.jobs.request import DataChoice, build_task, choose_data, user_path
from backend.paths import default_store
from pages.shared.typed_paths import typed_path
from pages.shared.uploads import keep_upload
from pages.shared.url import seed_one
from pages.shared.waiting import Waiting

DEMO = "demo-sentences"
_NONE = "(none)"


@dataclass(frozen=True)
class Table:
    """A table that has been chosen: where it is and what to call it."""

    dataset: str
    name: str | None


def choose_sentences(source: str) -> DataChoice:
    """Ask for a table of sentences: the demo, an upload, or a file on this machine."""
    if source == "demo":
        return _demo()
    return _columns(_uploaded() if source == "upload" else _on_disk())


def _demo() -> DataChoice:
    data = choose_data(DEMO)
    st.markdown(
        "240 sentences in 24 passages, written for this project, with three **simulated** "
        "responses of known ground truth: one driven by meaning (noise ceiling 0.75), one by "
        "sentence length alone (0.60), one by nothing. Nothing is downloaded."
    )
    return data


def _uploaded() -> Table:
    upload = st.file_uploader(
        f"CSV or TSV, one row per sentence in the order of presentation, up to "
        f"{MAX_BYTES / 1e6:.0f} MB",
        type=["csv", "tsv"],
        key="run_upload",
    )
    if upload is None:
        raise Waiting(
            "Upload a table with a column of sentences and one or more columns of responses "
            "(numbers). A column of passages or stories lets whole passages be held out."
        )
    return Table(str(keep_upload(upload)), Path(upload.name).stem)


def _on_disk() -> Table:
    path = st.text_input("Path of a CSV or TSV file", key="run_path", placeholder="data/FILE.csv")
    if not path:
        raise Waiting("Give the path of a table on the machine that runs the app.")
    typed_path(path)
    return Table(path, None)


def _columns(table: Table) -> DataChoice:
    names = column_names(user_path(table.dataset))
    known = _known_columns(table)
    sentence = st.selectbox(
        "Sentences", names, key="run_sentence",
        index=_index(names, known.sentence if known else "sentence"),
    )  # fmt: skip
    others = [name for name in names if name != sentence]
    responses = st.multiselect(
        "Responses", others, key="run_responses",
        default=list(known.responses) if known else [],
        help="One or more columns of numbers: a region, a parcel, a participant each.",
    )  # fmt: skip
    group = st.selectbox(
        "Passages or stories", [_NONE, *others], key="run_group",
        help="Whole groups are held out together. Without one, contiguous blocks are.",
    )  # fmt: skip
    if not responses:
        raise Waiting("Choose at least one column of responses.")
    return choose_data(
        table.dataset,
        sentence,
        responses,
        None if group == _NONE else group,
        known.name if known else table.name,
    )


def _known_columns(table: Table) -> DataChoice | None:
    """Look the content up in the catalogue."""
    try:
        data = choose_data(table.dataset)
    except InputError:
        return None
    return data if data.entry is not None else None


def _index(names: list[str], wanted: str) -> int:
    return names.index(wanted) if wanted in names else 0


def sentence_task(data: DataChoice, model: str, compression: str) -> tuple[Task, SentenceRecording]:
    """Ask for the folds, and build the task."""
    splits: list[Split] = ["contiguous", "shuffled"]
    if data.group is not None:
        splits.insert(0, "grouped")
    seed_one("run_split", splits)
    split = st.segmented_control(
        "Folds", splits, required=True, format_func=SPLIT_TITLES.__getitem__,
        key="run_split",
    )  # fmt: skip
    with st.expander("More"):
        pooling = st.segmented_control(
            "Pooling over a sentence's tokens", ["mean", "last"], default="mean", required=True,
            key="run_pooling",
        )  # fmt: skip
        seed = st.number_input("Seed of the shuffle", min_value=0, value=0, key="run_seed")
    return build_task(
        data, model, default_store(),
        compression=compression, split=split, pooling=pooling or "mean", seed=int(seed),
    )  # fmt: skip
