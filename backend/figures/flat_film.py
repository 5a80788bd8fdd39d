"""Films of flat maps: GIF by Pillow, MP4 by PyAV."""

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from backend.cortex.outlines import Outline
from backend.errors import InputError
from backend.figures.flatmap import Panel, flatmap_bytes, flatmap_figure
from backend.figures.map_scale import MapScale
from backend.figures.theme import Mode

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FilmFormat = Literal["gif", "mp4"]
SECONDS = 0.8
"""How long a frame stays."""
# 1,296 pixels wide, and even in both directions, as H.264 has it.
_DPI = 108


def film_available(kind: FilmFormat) -> bool:
    """Whether films of a kind can be written here.

    Parameters
    ----------
    kind : {"gif", "mp4"}

    Returns
    -------
    bool
        False where MP4 is asked for and PyAV is not installed.
    """
    if kind == "gif":
        return True
    try:
        import av  # noqa: F401
    except ImportError:
        return False
    return True


def film_bytes(
    frames: Sequence[Sequence[Panel]],
    titles: Sequence[str],
    scale: MapScale,
    kind: FilmFormat,
    caption: str = "",
    mode: Mode = "light",
    outlines: Sequence[Outline] = (),
) -> bytes:
    """Write a film, each frame a figure of its own with title, scale and caption.

    Parameters
    ----------
    frames : sequence of sequence of Panel
    titles : sequence of str
        Of the frames.
    scale : MapScale
        One for all frames.
    kind : {"gif", "mp4"}
    caption : str
        Under every frame.
    mode : {"light", "dark"}
    outlines : sequence of Outline

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        If there is no frame, or MP4 is asked for and PyAV is not installed.
    """
    from PIL import Image

    if not frames:
        raise InputError("a film takes at least one frame.")
    if not film_available(kind):
        raise InputError("MP4 takes PyAV: pip install av. A GIF needs nothing more.")
    pictures = []
    for panels, title in zip(frames, titles, strict=True):
        figure = flatmap_figure(panels, scale, mode, title=title, outlines=outlines)
        content = flatmap_bytes(figure, "png", caption, dpi=_DPI)
        pictures.append(Image.open(io.BytesIO(content)).convert("RGB"))
    return _gif(pictures) if kind == "gif" else _mp4([np.asarray(each) for each in pictures])


def _gif(pictures: "Sequence[Picture]") -> bytes:
    from PIL import Image

    # One palette for the whole film, so that colours mean the same in every frame.
    middle = pictures[len(pictures) // 2].quantize(256)
    first, *others = (
        picture.quantize(palette=middle, dither=Image.Dither.NONE) for picture in pictures
    )
    buffer = io.BytesIO()
    first.save(
        buffer, "gif", save_all=True, append_images=others, duration=int(1000 * SECONDS), loop=0,
        disposal=1,
    )  # fmt: skip
    return buffer.getvalue()


def _mp4(pictures: Sequence[NDArray[np.uint8]]) -> bytes:
    import av

    rate = 10
    height, width = (size - size % 2 for size in pictures[0].shape[:2])
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, rate)
        shown = 0
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(picture[:height, :width]), format="rgb24"
            )
            # Players expect a steady rate; the last frame stays twice as long.
            last = picture is pictures[-1]
            for _ in range(round(rate * SECONDS * (2 if last else 1))):
                frame.pts, shown = shown, shown + 1
                container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()
