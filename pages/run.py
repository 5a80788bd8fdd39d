"""Start an encoding run, watch it, cancel it, find its result."""

import streamlit as st

from pages.shared.entry import require_app
from pages.shared.jobs import show_jobs
from pages.shared.request import show_request
from pages.shared.sweeps import show_sweeps

require_app()
st.title("Run")
st.markdown(
    "Fit an encoding model from every layer of a language model to your own sentences or "
    "stories. A run goes on when this tab, or the app, is closed."
)
show_request()
show_jobs()
show_sweeps()
