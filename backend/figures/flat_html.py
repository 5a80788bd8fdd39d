"""Flat maps as one self-contained page that answers like the app's own."""

import html
import json
from typing import Any

from backend.figures.flat_payload import atlas_payload
from backend.paths import ASSETS

_FOLDER = ASSETS / "flatmap"
ATLAS_JS, MAPS_JS, MAPS_CSS = (
    (_FOLDER / name).read_text(encoding="utf-8")
    for name in ("atlas.js", "component.js", "component.css")
)
_STYLE = """
body { font-family: "Source Sans", Helvetica, Arial, sans-serif; margin: 1.5rem auto;
       max-width: 1400px; padding: 0 1rem; color: #1A1D21; background: #FFFFFF;
       --st-text-color: #1A1D21; --st-background-color: #FFFFFF; --st-primary-color: #0072B2;
       --st-secondary-background-color: #F4F6F9; --st-font: inherit; }
h1 { font-size: 1.3rem; } p { font-size: 0.9rem; line-height: 1.4; }
"""


def flatmap_html(payload: dict[str, Any], title: str, caption: str) -> bytes:
    """Write maps as one page: hover, keyboard and film work without a server.

    Parameters
    ----------
    payload : dict
        From :func:`backend.figures.flat_payload.maps_payload`, in light mode.
    title : str
    caption : str

    Returns
    -------
    bytes
        UTF-8.
    """
    scripts = [
        f"const {name} = (() => {{ {_function(source)}; return run; }})();"
        for name, source in (("atlas", ATLAS_JS), ("maps", MAPS_JS))
    ]
    calls = (
        f"atlas({{data: {_json(atlas_payload())}}});"
        f"maps({{data: {_json(payload)}, parentElement: document.getElementById('maps'),"
        " setTriggerValue: () => {}, setStateValue: () => {}});"
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}{MAPS_CSS}</style></head>"
        f'<body><h1>{html.escape(title)}</h1><div id="maps"></div>'
        f"<p>{html.escape(caption)}</p><script>{''.join(scripts)}{calls}</script></body></html>"
    )
    return page.encode("utf-8")


def _function(source: str) -> str:
    """Make a module's default export a function named run, which a plain script can hold."""
    return source.replace("export default async function ", "async function run").replace(
        "export default function ", "function run"
    )


def _json(value: object) -> str:
    """Write JSON that cannot end the script it stands in."""
    return json.dumps(value).replace("<", "\\u003c")
