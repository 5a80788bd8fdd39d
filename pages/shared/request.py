"""The Run page's form: data, model, folds; what it will cost; and the start button."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from backend import catalog
from backend.datasets import MAX_BYTES, SentenceRecording, column_names
from backend.encoding.folds import Split
from backend.errors import CortexScaleError, InputError, ModelError
from backend.figures.labels import SPLIT_TITLES, compression_title, model_title
from backend.jobs.config import Task
from backend.jobs.cost import CostEstimate, estimate_cost
from backend.jobs.local import start_job
from backend.jobs.request import DataChoice, build_task, check_folds, choose_data
from backend.paths import default_store
from backend.store.queries import has_run
from pages.shared.cards import Card, metric_cards
from pages.shared.store import open_store
from pages.shared.uploads import keep_upload

DEMO = "demo-sentences"
_SOURCES = {"demo": "Demo (simulated)", "upload": "Upload a table", "path": "File on this machine"}
_MODEL_SOURCES = {"catalogue": "Catalogue", "folder": "Local folder", "hub": "Hugging Face hub"}
_NONE = "(none)"


@dataclass(frozen=True)
class Table:
    """A table that has been chosen: where it is and what to call it."""

    dataset: str
    name: str | None


def show_request() -> None:
    """Draw the form; start the run when the user says so."""
    try:
        left, right = st.columns(2, gap="large")
        with left:
            st.subheader("Sentences and responses")
            data = _data()
        with right:
            st.subheader("Model and folds")
            task, recording = _task(data)
        _confirm(task, recording)
    except _Waiting as waiting:
        st.info(str(waiting), icon=":material/upload_file:")
    except CortexScaleError as error:
        st.error(str(error), icon=":material/error:")


class _Waiting(Exception):  # noqa: N818
    """Something is still to be chosen; the text says what."""


def _data() -> DataChoice:
    source = st.segmented_control(
        "Data", list(_SOURCES), default="demo", required=True, format_func=_SOURCES.__getitem__,
        key="run_data", label_visibility="collapsed",
    )  # fmt: skip
    if source == "demo":
        return _demo()
    table = _uploaded() if source == "upload" else _on_disk()
    return _columns(table)


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
        raise _Waiting(
            "Upload a table with a column of sentences and one or more columns of responses "
            "(numbers). A column of passages or stories lets whole passages be held out."
        )
    return Table(str(keep_upload(upload)), Path(upload.name).stem)


def _on_disk() -> Table:
    path = st.text_input("Path of a CSV or TSV file", key="run_path", placeholder="data/FILE.csv")
    if not path:
        raise _Waiting("Give the path of a table on the machine that runs the app.")
    return Table(path, None)


def _columns(table: Table) -> DataChoice:
    names = column_names(_local(table.dataset))
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
        raise _Waiting("Choose at least one column of responses.")
    return choose_data(
        table.dataset,
        sentence,
        responses,
        None if group == _NONE else group,
        known.name if known else table.name,
    )


def _local(typed: str) -> Path:
    """Turn what was typed into a path; refuse what no file can be called."""
    try:
        path = Path(typed).expanduser()
        path.exists()
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"no such file or folder: {typed[:200]}. Give a path on the machine that runs the app."
        ) from error
    return path


def _known_columns(table: Table) -> DataChoice | None:
    """Look the content up in the catalogue."""
    try:
        data = choose_data(table.dataset)
    except InputError:
        return None
    return data if data.entry is not None else None


def _index(names: list[str], wanted: str) -> int:
    return names.index(wanted) if wanted in names else 0


def _task(data: DataChoice) -> tuple[Task, SentenceRecording]:
    model = _model()
    compression = st.selectbox(
        "Compression", list(catalog.compressions()), format_func=compression_title,
        key="run_compression",
    )  # fmt: skip
    st.caption(catalog.compressions()[compression].summary)
    splits: list[Split] = ["contiguous", "shuffled"]
    if data.group is not None:
        splits.insert(0, "grouped")
    split = st.segmented_control(
        "Folds", splits, default=splits[0], required=True, format_func=SPLIT_TITLES.__getitem__,
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


def _model() -> str:
    source = st.segmented_control(
        "Model", list(_MODEL_SOURCES), default="catalogue", required=True,
        format_func=_MODEL_SOURCES.__getitem__, key="run_model_source",
    )  # fmt: skip
    if source == "catalogue":
        name = st.selectbox(
            "Model from the catalogue", list(catalog.models()), format_func=model_title,
            key="run_model", label_visibility="collapsed",
        )  # fmt: skip
        entry = catalog.models()[name]
        st.caption(
            f"{entry.n_parameters / 1e6:.1f}M parameters, {entry.n_layers} blocks, width "
            f"{entry.width}, {entry.licence}"
        )
        return name
    if source == "folder":
        folder = st.text_input("Folder that save_pretrained wrote", key="run_folder")
        if not folder:
            raise _Waiting("Give the folder of a saved model.")
        if not _local(folder).is_dir():
            raise ModelError(
                f"there is no folder {folder} on the machine that runs the app; give the one that "
                "model.save_pretrained(FOLDER) and tokenizer.save_pretrained(FOLDER) wrote."
            )
        return folder
    name = st.text_input("Hub name", key="run_hub", placeholder="organisation/model")
    if not name:
        raise _Waiting("Give the model's name on the Hugging Face hub.")
    return name


def _confirm(task: Task, recording: SentenceRecording) -> None:
    store = open_store()
    cost = estimate_cost(task, recording, store)
    _show_cost(task, recording, cost)
    for warning in check_folds(task.config, recording):
        st.warning(warning, icon=":material/warning:")
    if has_run(store, task.config.run_id):
        st.success(
            "This very run is in the store: it is on the Layers page. Starting it again computes "
            "the same scores.",
            icon=":material/check_circle:",
        )
    if st.button(
        "Start run", type="primary", icon=":material/play_arrow:", key="run_start",
        disabled=not cost.fits_in_memory,
    ):  # fmt: skip
        start_job(task)
        st.toast("Started. It goes on when this tab is closed.", icon=":material/rocket_launch:")


def _show_cost(task: Task, recording: SentenceRecording, cost: CostEstimate) -> None:
    config = task.config
    cards = [
        Card("Time", _time(cost.seconds), cost.basis),
        Card("Memory", _memory(cost.memory_bytes), "peak of the run's process"),
        Card(
            "Fits",
            "?" if cost.n_fits is None else f"{cost.n_fits}",
            f"layers and baselines × {config.n_folds} folds, {len(recording.sentences)} sentences, "
            f"{len(config.responses)} response(s)",
        ),
        Card(
            "Download",
            "maybe" if cost.download else "none",
            "unless the hub's cache holds it" if cost.download else "everything is on this machine",
        ),
    ]
    st.subheader("What it will cost")
    metric_cards(cards)
    if not cost.fits_in_memory:
        st.error(
            "This needs more memory than is free. Choose a smaller model, a stronger compression, "
            "or fewer sentences.",
            icon=":material/memory:",
        )


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    return f"about {seconds:.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"


def _memory(n_bytes: float | None) -> str:
    return "unknown" if n_bytes is None else f"{n_bytes / 1e9:.1f} GB"
