"""A map on a subject of the user's own pycortex filestore, drawn when it is asked for."""

import shlex
import tempfile
from dataclasses import replace
from pathlib import Path

import streamlit as st

from backend.cortex.pycortex_store import (
    Brain,
    available,
    default_filestore,
    find_brain,
    subjects,
    transforms,
)
from backend.errors import InputError, StoreError
from backend.figures.map_scale import MAP_KINDS
from backend.figures.render import ImageFormat
from backend.figures.sizes import PageSize
from backend.figures.theme import Mode
from backend.paths import confined_to
from backend.store.map_queries import MAPS
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.map_names import short_names
from backend.views.pycortex import (
    FILE,
    KEYS,
    VERTICES,
    BrainPicture,
    file_picture,
    pycortex_runs,
    run_picture,
)
from pages.shared.panel import evidence_badge, mode, sheet_panel
from pages.shared.typed_paths import typed_path
from pages.shared.url import seed_number, seed_one, write_url

_MOST_BYTES = 256_000_000
_HELP = (
    "Any subject of your pycortex filestore, by its vertices or by a volume and a transform: a "
    "quickflat figure here and in the export, and a WebGL viewer."
)
_SLOW = "pycortex draws; a subject's first map takes some 10 seconds, later ones less than one"


def show_pycortex(store: ResultStore, chosen: Chosen | None) -> None:
    """Draw a run's map, or a file's, on a subject of pycortex; or say how to get it."""
    if "brain_on" not in st.session_state:
        st.session_state["brain_on"] = "brain" in st.query_params
    if not st.toggle("A subject of pycortex", key="brain_on", help=_HELP):
        _write_url(None)
        return
    problem = available()
    if problem is not None:
        st.info(problem, icon=":material/download:")
        return
    found = None
    try:
        found = _choose(store, chosen)
        if found is not None:
            _show(*found)
    except (InputError, StoreError) as error:
        st.error("This map cannot be drawn.", icon=":material/error:")
        # It may quote a file's name or a link, of which nothing is to act as Markdown.
        st.text(str(error))
    _write_url(found[0] if found else None)


def _write_url(picture: BrainPicture | None) -> None:
    """Let the address name a run's map that is drawn, which the export then has too."""
    if picture is None or not picture.run_id:
        write_url(dict.fromkeys(KEYS, ()))
        return
    held = {key: st.session_state.get(key) for key in KEYS}
    write_url({key: () if value is None else str(value) for key, value in held.items()})


def _choose(store: ResultStore, chosen: Chosen | None) -> tuple[BrainPicture, bytes] | None:
    brain = _choose_brain()
    runs = None if chosen is None else pycortex_runs(store, chosen.selection, chosen.split)
    names = {} if runs is None or runs.empty else short_names(runs)
    left, middle, right = st.columns([3, 3, 2], vertical_alignment="bottom")
    with left:
        seed_one("brain_run", [*names, FILE])
        run_id = st.selectbox(
            "Map of", [*names, FILE], key="brain_run",
            format_func=lambda each: names.get(each, "A file of your own"),
        )  # fmt: skip
    with right:
        if "brain_at" in st.query_params:
            seed_number("brain_at", 0.0, -1e9, 1e9)
        threshold = st.number_input(
            "Threshold", value=None, key="brain_at", format="%.3g", placeholder="none",
            help="Values below it are left out; of p and q, those above it.",
        )  # fmt: skip
    if run_id == FILE:
        with middle:
            label = st.text_input("What the colours mean", "value", key="brain_label")
        return _of_upload(brain, label or "value", threshold)
    with middle:
        seed_one("brain_map", list(MAPS))
        what = st.selectbox(
            "Shown", list(MAPS), key="brain_map", format_func=lambda key: MAP_KINDS[key].label
        )
    return _of_run(store, run_id, what, brain, threshold, mode())


def _choose_brain() -> Brain:
    left, middle, right = st.columns([3, 3, 2], vertical_alignment="bottom")
    with left:
        typed = st.text_input(
            "Filestore", str(default_filestore()), key="brain_store",
            help="A folder of subjects on the machine that runs the app.",
        )  # fmt: skip
    own = str(default_filestore())
    filestore = typed_path(typed) if typed and typed != own else default_filestore()
    with middle:
        known = subjects(filestore)
        seed_one("brain", known)
        subject = st.selectbox("Subject", known, key="brain")
    with right:
        ways = [VERTICES, *transforms(filestore, subject)]
        seed_one("brain_transform", ways)
        way = st.selectbox(
            "Transform", ways, key="brain_transform",
            format_func=lambda each: "None: vertices" if each == VERTICES else each,
        )  # fmt: skip
    return find_brain(filestore, subject, None if way == VERTICES else way)


def _of_upload(
    brain: Brain, label: str, threshold: float | None
) -> tuple[BrainPicture, bytes] | None:
    upload = st.file_uploader(
        "A value for each vertex, or for each voxel of a mask; or a volume",
        type=["npy", "npz", "csv", "txt", "nii", "gz"],
        key="brain_file",
        help="The left hemisphere's vertices first. A volume is NIfTI on the transform's grid.",
    )
    if upload is None:
        st.caption(
            f"A file with a map on {_plain(brain.subject)} draws it here. A run is offered above "
            "where its targets are no vertices of fsaverage5; the README shows how a data set "
            "names its subject."
        )
        return None
    if upload.size > _MOST_BYTES:
        raise InputError(f"a map of more than {_MOST_BYTES // 10**6} MB is not read here.")
    return _of_file(upload.name, upload.getvalue(), brain, label, threshold, mode())


@st.cache_data(max_entries=4, show_spinner=_SLOW)
def _of_run(
    _store: ResultStore,
    run_id: str,
    what: str,
    brain: Brain,
    threshold: float | None,
    ground: Mode,
) -> tuple[BrainPicture, bytes]:
    picture = run_picture(_store, run_id, None, what, brain, threshold)
    return picture, picture.image(ground, "png")


@st.cache_data(max_entries=4, show_spinner=_SLOW)
def _of_file(
    name: str, content: bytes, brain: Brain, label: str, threshold: float | None, ground: Mode
) -> tuple[BrainPicture, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        # Readers go by the name, of which only the last part is trusted.
        path = Path(folder) / Path(name.replace("\\", "/")).name
        path.write_bytes(content)
        picture = file_picture(path, brain, label=label, threshold=threshold, evidence="unknown")
    return picture, picture.image(ground, "png")


def _show(picture: BrainPicture, png: bytes) -> None:
    evidence_badge(picture.evidence)
    shown = mode()

    def draw(ground: Mode, kind: ImageFormat, size: PageSize | None) -> bytes:
        is_shown = kind == "png" and ground == shown and size is None
        return png if is_shown else picture.image(ground, kind, size)

    sheet_panel(replace(picture.sheet(), draw=draw))
    _offer_viewer(picture)


def _offer_viewer(picture: BrainPicture) -> None:
    left, right = st.columns([5, 2], vertical_alignment="bottom")
    suggested = (confined_to() or Path.home()) / f"cortexscale-{picture.drawn.brain.subject}"
    with left:
        typed = st.text_input(
            "Folder for a WebGL viewer", str(suggested), key="brain_viewer",
            help="Empty, or not there yet; an earlier viewer is written over.",
        )  # fmt: skip
    if not right.button("Write the viewer", key="brain_write", icon=":material/view_in_ar:"):
        return
    with st.spinner("pycortex writes the viewer; a subject's first takes some 20 seconds"):
        page = picture.viewer(typed_path(typed))
    st.success("The viewer is written. Open it through a server:", icon=":material/check:")
    st.code(f"python -m http.server --directory {shlex.quote(str(page.parent))}", language="sh")


def _plain(name: str) -> str:
    return f"`{name.replace('`', '')}`"
