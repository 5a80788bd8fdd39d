"""The Run page's sweeps: how each stands, what failed, and what can be done about it."""

import streamlit as st

from backend.errors import CortexScaleError
from backend.paths import default_store
from backend.sweeps.background import start_sweep
from backend.sweeps.config import parse_sweep
from backend.sweeps.engine import Computers
from backend.sweeps.folder import CANCEL, PAUSE, SweepFolder, SweepStatus, list_sweeps
from backend.sweeps.plan import cost_of, lay_against
from backend.sweeps.words import duration, gigabytes, progress_line, sweep_lines
from pages.shared.sweep_builder import TEXT, build_sweep
from pages.shared.typed_paths import require_typed

_ICONS = {
    "starting": ":material/hourglass_top:",
    "running": ":material/autorenew:",
    "paused": ":material/pause:",
    "done": ":material/check_circle:",
    "failed": ":material/error:",
    "cancelled": ":material/cancel:",
    "lost": ":material/power_off:",
}
_SHOWN = 5
_EXAMPLE = """\
name: first
models: [cortexscale-0.1m, cortexscale-1m]
compressions: [none, bnb-nf4]
datasets: [demo-sentences]
"""


def show_sweeps() -> None:
    """Draw the sweeps, the latest first, and where a new one is asked for."""
    st.subheader("Sweeps")
    active = any(status.active for _, status in list_sweeps(default_store()))
    st.fragment(_sweeps, run_every=2 if active else None)()
    with st.expander("A sweep of many runs", icon=":material/add:"):
        _new()


def _sweeps() -> None:
    sweeps = list_sweeps(default_store())
    for folder, status in sweeps[:_SHOWN]:
        _show(folder, status)
    active = {folder.name for folder, status in sweeps if status.active}
    # A sweep that has just ended brings new results: the sidebar and the store must see them.
    if st.session_state.get("_active_sweeps", active) - active:
        st.session_state["_active_sweeps"] = active
        st.rerun()
    st.session_state["_active_sweeps"] = active


def _show(folder: SweepFolder, status: SweepStatus) -> None:
    with st.container(border=True, key=f"sweep-{folder.name}"):
        head, action = st.columns([4, 2], vertical_alignment="center")
        head.markdown(f"{_ICONS[status.state]} **{status.state}** · `{folder.name}`")
        with action:
            _actions(folder, status)
        if status.active:
            ended = status.done + status.failed
            st.progress(ended / status.total if status.total else 0.0, progress_line(status))
            st.code("\n".join(sweep_lines(folder, status)[1:]), language=None)
        else:
            st.text("\n".join([progress_line(status), *filter(None, [status.message])]))
        failed = [each for each in folder.results().values() if each.end == "failed"]
        if failed:
            with st.expander(f"{len(failed)} failed"):
                st.code("\n".join(f"{each.name}: {each.reason}" for each in failed), language=None)
        with st.expander("Log"):
            st.code(folder.log_tail(), language=None)


def _actions(folder: SweepFolder, status: SweepStatus) -> None:
    name = folder.name
    try:
        if status.active:
            paused = folder.wishes(PAUSE)
            with st.container(horizontal=True):
                if st.button("Resume" if paused else "Pause", key=f"pause-{name}"):
                    folder.ask(PAUSE, not paused)
                    st.rerun()
                if st.button("Cancel", key=f"cancel-sweep-{name}", icon=":material/stop:"):
                    folder.ask(CANCEL, True)
                    st.rerun()
        elif status.state != "done" and st.button("Go on", key=f"go-{name}"):
            start_sweep(folder.request(), folder.store)
            st.rerun()
    except CortexScaleError as error:
        st.error(str(error))


def _new() -> None:
    build_sweep()
    st.session_state.setdefault(TEXT, _EXAMPLE)
    text = st.text_area(
        "Models, compressions, data sets, contexts and seeds, as YAML", height=200, key=TEXT
    )
    plan, start = st.columns(2)
    try:
        if plan.button("Plan", key="sweep_plan", icon=":material/checklist:"):
            st.text(_plan(text))
        if start.button("Start sweep", key="sweep_start", icon=":material/play_arrow:"):
            _plan(text)
            folder, _ = start_sweep(parse_sweep(text), default_store())
            st.toast(f"Started {folder.name}. It goes on when the app is closed.")
            st.rerun()
    except CortexScaleError as error:
        st.error("The sweep cannot be started.")
        st.code(str(error), language=None)


def _plan(text: str) -> str:
    """Say what a sweep would do; refuse one that is larger than the disk."""
    sweep, store = parse_sweep(text), default_store()
    require_typed([*sweep.models, *(data.dataset for data in sweep.datasets)])
    layout, tasks = lay_against(sweep, store, Computers().n_workers())
    cost = cost_of(layout, tasks, store)
    cost.require(sweep.name)
    unknown = f" and {cost.n_unknown} runs of unknown length" if cost.n_unknown else ""
    return (
        f"{layout.n_cells} runs: {len(layout.there)} in the store, {len(layout.wanted)} to do, "
        f"{len(layout.left_out)} that do not apply, {len(layout.wrong)} that cannot be asked for\n"
        f"{len(layout.pieces)} pieces of work, about {duration(cost.seconds)} of one worker"
        f"{unknown}\n"
        f"download {gigabytes(cost.download)}, disk {gigabytes(cost.disk)} of "
        f"{gigabytes(cost.free)} free"
    )
