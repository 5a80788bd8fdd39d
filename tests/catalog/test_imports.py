"""Which part of the project may import which."""

import ast
import json

import pytest

from backend.paths import PROJECT
from tests.helpers import run_python

SOURCES = sorted((PROJECT / "backend").rglob("*.py"))
LIGHT = (
    "backend.store.queries",
    "backend.jobs.request",
    "backend.jobs.probing",
    "backend.jobs.planner",
    "backend.features.listing",
    "backend.jobs.local",
    "backend.features.sources",
    "backend.compression",
    "backend.cli",
    "backend.cortex.projection",
    "backend.figures.flatmap",
)


def imported(path) -> set[str]:
    """Modules that a source file imports anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def parts(package: str) -> set[str]:
    """Parts of the backend that any module of one part imports."""
    found: set[str] = set()
    for path in (PROJECT / "backend" / package).rglob("*.py"):
        found |= {name.split(".")[1] for name in imported(path) if name.startswith("backend.")}
    return found - {package}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_the_backend_never_imports_streamlit_nor_pages(path):
    tops = {name.split(".")[0] for name in imported(path)}
    assert not tops & {"streamlit", "pages", "app"}


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("catalog", set()),
        ("stimuli", {"catalog", "errors"}),
        ("datasets", {"catalog", "stimuli", "errors", "paths"}),
        ("compression", {"catalog", "errors", "paths"}),
        ("features", {"catalog", "compression", "stimuli", "errors", "paths"}),
        ("encoding", {"catalog", "stimuli", "errors"}),
        ("cortex", {"catalog", "datasets", "errors", "paths"}),
        ("probing", {"features", "stimuli", "statistics", "errors"}),
        ("statistics", {"errors"}),
        ("store", {"catalog", "errors", "paths", "statistics"}),
    ],
)
def test_arrows_point_one_way(package, allowed):
    assert parts(package) <= allowed


def test_figures_read_neither_models_nor_jobs():
    assert not parts("figures") & {"features", "encoding", "datasets", "jobs", "commands"}


@pytest.mark.parametrize("module", LIGHT)
def test_the_light_half_does_not_load_torch(module):
    code = (
        f"import json, sys, {module}; "
        "print(json.dumps([name for name in ('torch', 'transformers', 'streamlit') "
        "if name in sys.modules]))"
    )
    assert json.loads(run_python(code)) == []
