"""The Run page's questions about the model."""

import streamlit as st

from backend import catalog
from backend.errors import ModelError
from backend.figures.labels import compression_title, model_title
from backend.jobs.request import user_path
from pages.shared.waiting import Waiting

_MODEL_SOURCES = {"catalogue": "Catalogue", "folder": "Local folder", "hub": "Hugging Face hub"}


def choose_model() -> str:
    """Ask for a model by catalogue name, folder or hub name."""
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
            raise Waiting("Give the folder of a saved model.")
        if not user_path(folder).is_dir():
            raise ModelError(
                f"there is no folder {folder} on the machine that runs the app; give the one that "
                "model.save_pretrained(FOLDER) and tokenizer.save_pretrained(FOLDER) wrote."
            )
        return folder
    name = st.text_input("Hub name", key="run_hub", placeholder="organisation/model")
    if not name:
        raise Waiting("Give the model's name on the Hugging Face hub.")
    return name


def choose_compression() -> str:
    """Ask for what is done to the weights."""
    compression = st.selectbox(
        "Compression", list(catalog.compressions()), format_func=compression_title,
        key="run_compression",
    )  # fmt: skip
    st.caption(catalog.compressions()[compression].summary)
    return compression
