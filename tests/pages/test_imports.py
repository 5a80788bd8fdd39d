"""The pages stay light: what takes seconds to import is the worker's alone."""

import ast
from pathlib import Path

import pytest

from backend.paths import PROJECT
from tests.helpers import run_python

SCRIPTS = [PROJECT / "app.py", *sorted((PROJECT / "pages").rglob("*.py"))]
HEAVY = {"torch", "transformers", "sklearn", "duckdb", "bitsandbytes", "accelerate"}


def imported(path: Path) -> set[str]:
    """Top-level packages that a script imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_page_goes_through_the_backend_to_models_fits_and_the_database(path: Path) -> None:
    assert len(SCRIPTS) >= 10
    assert not imported(path) & HEAVY


def test_drawing_every_page_loads_neither_torch_nor_transformers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORTEXSCALE_STORE", str(tmp_path))
    code = """
import sys
from streamlit.testing.v1 import AppTest

app = AppTest.from_file(sys.argv[1], default_timeout=60).run()
titles = [app.title[0].value]
for page in (
    "pages/layers.py", "pages/cortex.py", "pages/scale.py", "pages/compression.py",
    "pages/claims.py", "pages/run.py",
):
    app.switch_page(page).run()
    assert not app.exception
    titles.append(app.title[0].value)
heavy = sorted({"torch", "transformers"} & set(sys.modules))
assert titles == [
    "CortexScale", "Layers", "Cortex", "Scale", "Compression", "Claims", "Run"
], titles
assert not heavy, heavy
"""
    run_python(code, PROJECT / "app.py")
