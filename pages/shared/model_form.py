"""The Run page's questions about the model."""

import streamlit as st

from backend import catalog
from backend.catalog.twins import RANDOM_TWIN
from backend.errors import ModelError
from backend.features.listing import Listed, list_models
from backend.features.memory import choose_device_kind, free_memory
from backend.figures.labels import compression_title
from pages.shared.typed_paths import require_typed, typed_path
from pages.shared.url import seed_one
from pages.shared.waiting import Waiting

_MODEL_SOURCES = {"catalogue": "Catalogue", "folder": "Local folder", "hub": "Hugging Face hub"}


def choose_model() -> str:
    """Ask for a model by catalogue name, folder or hub name, trained or with random weights."""
    seed_one("run_model_source", list(_MODEL_SOURCES))
    source = st.segmented_control(
        "Model", list(_MODEL_SOURCES), required=True,
        format_func=_MODEL_SOURCES.__getitem__, key="run_model_source",
    )  # fmt: skip
    name = _choose_name(source)
    random = st.toggle(
        "Random weights", key="run_random",
        help="The same architecture and tokenizer with weights freshly drawn: what a model that "
        "has learned nothing predicts.",
    )  # fmt: skip
    return name + RANDOM_TWIN if random else name


def _choose_name(source: str | None) -> str:
    if source == "catalogue":
        return _from_catalogue()
    if source == "folder":
        folder = st.text_input("Folder that save_pretrained wrote", key="run_folder")
        if not folder:
            raise Waiting("Give the folder of a saved model.")
        if not typed_path(folder).is_dir():
            raise ModelError(
                f"there is no folder {folder} on the machine that runs the app; give the one that "
                "model.save_pretrained(FOLDER) and tokenizer.save_pretrained(FOLDER) wrote."
            )
        return folder
    name = st.text_input("Hub name", key="run_hub", placeholder="organisation/model")
    if not name:
        raise Waiting("Give the model's name on the Hugging Face hub.")
    require_typed([name])
    return name


def _from_catalogue() -> str:
    """Ask for one of many models, by typing a part of its name, family or size."""
    free = free_memory(choose_device_kind("auto"))
    listed = {model.name: model for model in list_models("none", free)}
    name = st.selectbox(
        "Model from the catalogue", list(listed), format_func=lambda key: _label(listed[key]),
        key="run_model", label_visibility="collapsed",
    )  # fmt: skip
    entry = catalog.models()[name]
    st.caption(
        f"{entry.family}: {entry.n_layers} blocks, width {entry.width}, context {entry.context} "
        f"tokens, {entry.licence}{', gated' if entry.gated else ''}"
    )
    return name


def _label(model: Listed) -> str:
    """Name a model with its size, and whether it fits here uncompressed."""
    size = model.parameters
    short = f"{size / 1e9:.1f}B" if size >= 1e9 else f"{size / 1e6:.1f}M"
    if model.fits or model.needed is None:
        return f"{model.title} · {short} · fits"
    return f"{model.title} · {short} · needs {model.needed / 1e9:.0f} GB"


def choose_compression() -> str:
    """Ask for what is done to the weights."""
    compression = st.selectbox(
        "Compression", list(catalog.compressions()), format_func=compression_title,
        key="run_compression",
    )  # fmt: skip
    st.caption(catalog.compressions()[compression].summary)
    return compression
