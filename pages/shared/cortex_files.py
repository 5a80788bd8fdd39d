"""The Cortex page's files: figures, films, tables; and a map that a user brings along."""

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from backend.cortex.map_files import ENDINGS, read_map
from backend.cortex.outlines import region_outlines
from backend.errors import InputError
from backend.exports.files import IMAGE_FORMATS
from backend.figures.export import export_csv
from backend.figures.flat_film import FilmFormat, film_available, film_bytes
from backend.figures.flat_html import flatmap_html
from backend.figures.flat_payload import LivePanel, maps_payload
from backend.figures.map_scale import MapKind, scale_of
from backend.views.cortex import frame_panels, frame_title, map_bytes, map_table
from backend.views.cortex_maps import CortexMaps
from pages.shared.export import download_row
from pages.shared.flatmap import flatmaps

_DPIS = [160, 300, 600]
_NO_PYAV = "MP4 needs PyAV on the machine that runs the app: pip install av. GIF works without it."
_OWN_HELP = (
    "NIfTI in MNI152 (projected), GIFTI of one or both hemispheres, CIFTI, or .npy, .npz, .csv, "
    ".txt with a value for each vertex. It is shown here and kept nowhere."
)
_MOST_BYTES = 64_000_000


def show_files(maps: CortexMaps, frame: int) -> None:
    """Draw the download buttons of the maps."""
    payload = partial(maps_payload, maps.panels, maps.scale, maps.short, "light", maps.film)
    files = {
        kind: partial(map_bytes, maps, frame, "light", kind, st.session_state.get("map_dpi"))
        for kind in IMAGE_FORMATS
    }
    files["html"] = lambda: flatmap_html(payload(), maps.title, maps.caption)
    files["csv"] = lambda: export_csv(map_table(maps), maps.caption)
    disabled = {}
    if maps.film is not None:
        files |= {kind: partial(_film, maps, kind) for kind in ("gif", "mp4")}
        disabled = {} if film_available("mp4") else {"mp4": _NO_PYAV}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        download_row("flatmap", files, disabled)
        st.selectbox("PNG dots per inch", _DPIS, key="map_dpi", width=150)


def _film(maps: CortexMaps, kind: FilmFormat) -> bytes:
    labels = maps.film.labels if maps.film else ()
    places = range(len(labels))
    return film_bytes(
        [frame_panels(maps, place) for place in places],
        [frame_title(maps, place) for place in places],
        maps.scale,
        kind,
        maps.caption,
        outlines=region_outlines(),
    )


def show_own_map() -> None:
    """Let a user look at a map of their own beside those of the store."""
    with st.expander("A map of your own", icon=":material/upload_file:"):
        uploads = st.file_uploader(
            "One file, or a GIFTI file for each hemisphere",
            type=[ending.removeprefix(".") for ending in ENDINGS if ending != ".nii.gz"] + ["gz"],
            accept_multiple_files=True,
            key="own_map",
            help=_OWN_HELP,
        )
        if not uploads:
            return
        try:
            values = _read([(upload.name, upload.getvalue()) for upload in uploads[:3]])
            names = ", ".join(upload.name for upload in uploads)
            _draw_own(values, names)
        except InputError as error:
            st.error(str(error), icon=":material/error:")


@st.cache_data(max_entries=4, show_spinner="Reading the map")
def _read(files: list[tuple[str, bytes]]) -> np.ndarray:
    if sum(len(content) for _, content in files) > _MOST_BYTES:
        raise InputError(f"a map of more than {_MOST_BYTES // 10**6} MB is not read here.")
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for place, (name, content) in enumerate(files):
            # Readers go by the name, of which only the last part is trusted.
            path = Path(folder) / str(place) / Path(name.replace("\\", "/")).name
            path.parent.mkdir()
            path.write_bytes(content)
            paths.append(path)
        return read_map(paths)


def _draw_own(values: np.ndarray, names: str) -> None:
    scale = scale_of(MapKind("value", "Value in the file's own unit"), [values])
    caption = (
        f"{names} on fsaverage5, flat: {int(np.isfinite(values).sum())} vertices have a value. "
        "Uploaded file, evidence unknown."
    )
    flatmaps(
        "own-flatmap", [LivePanel("own", "", caption, "unknown", values[None])], scale, "value"
    )
    # A file's name may hold anything: it is written as text, not as Markdown.
    st.text(caption)
