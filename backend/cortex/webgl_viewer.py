"""pycortex's viewer for the browser, written to a folder that needs no pycortex to be looked at."""

from pathlib import Path

from backend.cortex.pycortex_maps import BrainMap, dataview
from backend.cortex.pycortex_store import opened
from backend.errors import InputError

MARK = "cortexscale-viewer.txt"
"""Written into each viewer's folder: what the map is, and the sign that it may be written over."""

# The viewer has pictures of pycortex's own colours only.
_NEAREST = {"cividis": "viridis"}


def write_webgl(
    drawn: BrainMap,
    folder: Path,
    *,
    cmap: str,
    vmin: float,
    vmax: float,
    title: str,
    caption: str,
    evidence: str,
) -> Path:
    """Write a map as a static WebGL viewer.

    Parameters
    ----------
    drawn : BrainMap
    folder : Path
        Made if it is not there; it has to be empty, or to hold an earlier viewer of this function.
    cmap : str
        A colour map that matplotlib and pycortex share.
    vmin, vmax : float
    title : str
        Of the browser's window; a simulated map's begins with SIMULATED.
    caption : str
        Kept beside the viewer.
    evidence : str

    Returns
    -------
    Path
        Its page. A browser opens it through a server, such as
        ``python -m http.server --directory FOLDER``.

    Raises
    ------
    InputError
        If the folder holds anything else or cannot be written, or pycortex is not there.
    """
    check_folder(folder)
    simulated = evidence == "simulated"
    told = f"SIMULATED: {title}" if simulated else title
    name = "SIMULATED" if simulated else "map"
    with opened(drawn.brain.filestore) as cortex:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / MARK).write_text(f"{told}\n{caption}\n", encoding="utf-8")
            for earlier in folder.glob("data/*.png"):
                earlier.unlink()
        except OSError as error:
            raise InputError(
                f"{folder} cannot be written: {error.strerror}. Choose another folder."
            ) from error
        view = dataview(cortex, drawn, _NEAREST.get(cmap, cmap), vmin, vmax)
        # The name stands in the viewer itself.
        cortex.webgl.make_static(str(folder), {name: view}, title=told, html_embed=True)
    return folder / "index.html"


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds anything but an earlier viewer."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file. Give a folder for the viewer.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise InputError(
            f"{folder} is not empty, and holds no viewer written here: nothing in it is written "
            "over. Give an empty folder, or one that does not exist yet."
        )
