"""The Run page's list of background runs, redrawn each second while one is at work."""

import time

import streamlit as st

from backend.errors import CortexScaleError
from backend.figures.labels import (
    SPLIT_TITLES,
    compression_title,
    dataset_title,
    model_title,
)
from backend.jobs.config import EncodingConfig, ProbingConfig
from backend.jobs.local import Job, cancel_job, list_jobs, log_tail, start_job
from backend.paths import default_store
from pages.shared.navigation import LAYERS, PROBING
from pages.shared.selection import choose_in_sidebar

_ICONS = {
    "queued": ":material/hourglass_top:",
    "running": ":material/autorenew:",
    "done": ":material/check_circle:",
    "failed": ":material/error:",
    "cancelled": ":material/cancel:",
    "lost": ":material/power_off:",
}
_SHOWN = 8


def show_jobs() -> None:
    """Draw the runs, the latest first."""
    st.subheader("Runs")
    active = any(job.active for job in list_jobs(default_store()))
    st.fragment(_jobs, run_every=1 if active else None)()


def _jobs() -> None:
    jobs = list_jobs(default_store())
    if not jobs:
        st.info("No runs were started from this page yet.", icon=":material/inbox:")
    for job in jobs[:_SHOWN]:
        _show(job)
    finished = {job.run_id for job in jobs if not job.active}
    # A run that has just ended brings new results: the sidebar and the store must see them.
    if st.session_state.get("_active_jobs", set()) & finished:
        st.session_state["_active_jobs"] = {job.run_id for job in jobs if job.active}
        st.rerun()
    st.session_state["_active_jobs"] = {job.run_id for job in jobs if job.active}


def _show(job: Job) -> None:
    config, status = job.task.config, job.status
    with st.container(border=True, key=f"job-{job.run_id}"):
        head, action = st.columns([5, 1], vertical_alignment="center")
        head.markdown(
            f"{_ICONS[status.state]} **{status.state}** · {dataset_title(config.dataset)} · "
            f"{model_title(config.model)}, {compression_title(config.compression)} · "
            f"{_how(job)} · `{job.run_id[:8]}`"
        )
        with action:
            _action(job)
        if job.active:
            share = min(1.0, status.done / status.total) if status.total else 0.0
            elapsed = time.time() - status.started
            part = f" ({status.note})" if status.note else ""
            st.progress(
                share,
                f"{status.stage}{part}: {status.done} of {status.total}, {elapsed:.0f} s so far",
            )
        elif status.message:
            st.caption(status.message)
        if status.state == "failed":
            with st.expander("Log"):
                st.code(log_tail(job), language=None)


def _action(job: Job) -> None:
    try:
        if job.active:
            if st.button("Cancel", key=f"cancel-{job.run_id}", icon=":material/stop:"):
                cancel_job(job)
                st.rerun()
        elif job.status.state == "done" and isinstance(job.task.config, ProbingConfig):
            if st.button("See on Probing", key=f"see-{job.run_id}", icon=":material/psychology:"):
                st.switch_page(PROBING)
        elif job.status.state == "done":
            if st.button(
                "See on Layers", key=f"see-{job.run_id}", icon=":material/stacked_line_chart:",
                on_click=_select, args=(job,),
            ):  # fmt: skip
                st.switch_page(LAYERS)
        elif st.button("Start again", key=f"again-{job.run_id}", icon=":material/replay:"):
            start_job(job.task)
            st.rerun()
    except CortexScaleError as error:
        st.error(str(error))


def _how(job: Job) -> str:
    config = job.task.config
    return "probes" if isinstance(config, ProbingConfig) else SPLIT_TITLES[config.split]


def _select(job: Job) -> None:
    """Point the sidebar, and with it the URL, at a run's result."""
    config = job.task.config
    choose_in_sidebar(
        {
            "data": (config.dataset,),
            "evidence": (config.evidence,),
            "subject": (config.subject,),
            "roi": config.responses[:1] if isinstance(config, EncodingConfig) else (),
            "models": (config.model,),
            "compressions": (config.compression,),
            "shuffled": ("true" if config.split == "shuffled" else "false",),
            "folds": () if config.split == "shuffled" else (config.split,),
        }
    )
