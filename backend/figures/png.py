"""The physical size of a picture made of pixels, written into the file."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = len(SIGNATURE) + 4 + 4 + 13 + 4
_METRES_PER_INCH = 0.0254


def with_density(png: bytes, dpi: float) -> bytes:
    """Say how many pixels of a PNG make an inch, so that programs place it at its size.

    Parameters
    ----------
    png : bytes
    dpi : float

    Returns
    -------
    bytes
        With a chunk ``pHYs`` (pixels per metre) behind the header.

    Raises
    ------
    ValueError
        If it is no PNG.
    """
    if not png.startswith(SIGNATURE) or png[12:16] != b"IHDR":
        raise ValueError("this is not a PNG")
    per_metre = round(dpi / _METRES_PER_INCH)
    body = b"pHYs" + struct.pack(">IIB", per_metre, per_metre, 1)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:_HEADER_END] + chunk + png[_HEADER_END:]


def pixels_across(png: bytes) -> int:
    """Read the width of a PNG from its header.

    Parameters
    ----------
    png : bytes

    Returns
    -------
    int
        Pixels.
    """
    (width,) = struct.unpack(">I", png[16:20])
    return int(width)
