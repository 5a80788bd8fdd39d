"""Fill in the Run page's form from another page."""

import streamlit as st

from backend import catalog
from backend.comparisons.claims_verdict import MissingRun


def fill_run_form(run: MissingRun) -> None:
    """Set the form's widgets to a run; the Run page, opened next, shows them.

    What the form cannot know, such as the path of a table on this machine, is left to the user.

    Parameters
    ----------
    run : MissingRun
    """
    stories = run.dataset in catalog.story_datasets() or run.subject is not None
    shipped = catalog.datasets().get(run.dataset)
    by_name = run.dataset in catalog.story_datasets() or bool(shipped and shipped.file)
    wanted: dict[str, str | bool] = {
        "run_kind": "stories" if stories else "sentences",
        "run_compression": run.compression,
    }
    if run.model in catalog.models():
        wanted |= {"run_model_source": "catalogue", "run_model": run.model, "run_random": False}
    if stories:
        wanted["run_story_data"] = run.dataset if by_name else "folder"
        if by_name and run.subject is not None:
            wanted["run_demo_subject"] = run.subject
    else:
        wanted["run_data"] = "demo" if by_name else "path"
    if by_name:
        wanted["run_story_split" if stories else "run_split"] = run.split
    st.session_state.update(wanted)
