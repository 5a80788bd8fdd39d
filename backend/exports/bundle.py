"""All of a view in one zip: figures, numbers, words, and what it takes to make them again."""

import io
import json
import platform
import zipfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import NamedTuple

from backend import __version__
from backend.comparisons.compression import MARGIN
from backend.exports.asked import Asked, asked_command, read_asked
from backend.exports.bibtex import bibtex, cited_in
from backend.exports.files import Choice, sheet_files
from backend.exports.methods import SIMULATED, cited_keys, methods_text
from backend.exports.runs import Run, encode_command, read_runs
from backend.store.reader import ResultStore
from backend.views.files import write_views
from backend.views.sheet import Sheet
from backend.views.view import View

PACKAGES = (
    "torch", "transformers", "bitsandbytes", "llmcompressor", "himalaya", "scikit-learn", "scipy",
    "numpy", "pandas", "duckdb", "pyarrow", "nilearn", "plotly", "kaleido", "matplotlib",
    "pycortex",
)  # fmt: skip
# The earliest that a zip can say: the same view gives the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)


def view_files(
    view: View, sheets: Sequence[Sheet], store: ResultStore, choice: Choice
) -> dict[str, bytes]:
    """Make the files of a view.

    Parameters
    ----------
    view : View
    sheets : sequence of Sheet
        Of the view.
    store : ResultStore
        That they were made from.
    choice : Choice

    Returns
    -------
    dict of str to bytes
        By path: the figures and their data, ``caption.txt``, ``methods.md``, ``references.bib``,
        ``view.yaml``, ``configs/RUN_ID.json``, ``versions.json`` and ``README.txt``.

    Raises
    ------
    ExportError
        If pictures are asked for and cannot be rendered.
    StoreError
        If a run cannot be read.
    """
    files = sheet_files(sheets, choice)
    return {**files, **_words(view, sheets, read_shown(sheets, store), list(files), choice)}


class Shown(NamedTuple):
    """What stands behind some sheets: runs on recordings, and runs of probes and removals."""

    runs: list[Run]
    asked: list[Asked]

    @property
    def all(self) -> list[Run | Asked]:
        """Both."""
        return [*self.runs, *self.asked]


def read_shown(sheets: Sequence[Sheet], store: ResultStore) -> Shown:
    """Read the runs behind some sheets.

    Parameters
    ----------
    sheets : sequence of Sheet
    store : ResultStore

    Returns
    -------
    Shown
    """
    run_ids = {run_id for sheet in sheets for run_id in sheet.run_ids}
    asked = read_asked(store, run_ids)
    return Shown(read_runs(store, run_ids - {each.run_id for each in asked}), asked)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Put files into a zip, always the same for the same files.

    Parameters
    ----------
    files : mapping of str to bytes

    Returns
    -------
    bytes
    """
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # Readable by everybody, whatever machine wrote it.
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)
    return target.getvalue()


def _words(
    view: View,
    sheets: Sequence[Sheet],
    shown: Shown,
    names: Sequence[str],
    choice: Choice,
) -> dict[str, bytes]:
    methods = methods_text(shown.runs, view.page, _margin(view), shown.asked)
    captions = [sheet.caption for sheet in sheets]
    keys = cited_keys(methods) | cited_in(captions) | {"cortexscale"}
    texts = {
        "caption.txt": _captions(sheets, shown.all),
        "methods.md": methods,
        "references.bib": bibtex(keys),
        "view.yaml": _yaml(view),
        **{f"configs/{run.run_id}.json": _config(run) for run in shown.all},
        "versions.json": _json(versions(shown.all)),
        "README.txt": _readme(view, shown, names, choice),
    }
    return {name: text.encode("utf-8") for name, text in texts.items()}


def _margin(view: View) -> float:
    """Return the margin of equivalence that a page has chosen, else the pages' own default."""
    try:
        return float(view.parameters.get("margin", ("",))[0])
    except ValueError:
        return MARGIN


def _captions(sheets: Sequence[Sheet], runs: Sequence[Run | Asked]) -> str:
    head = [f"{SIMULATED.replace('**', '')}\n"] if _simulated(runs) else []
    return "\n".join([*head, *(f"{sheet.key}: {sheet.caption}\n" for sheet in sheets)])


def _simulated(runs: Sequence[Run | Asked]) -> bool:
    return any(run.config.evidence == "simulated" for run in runs)


def _yaml(view: View) -> str:
    text = io.StringIO()
    write_views(text, view.title, [view])
    return text.getvalue()


def _config(run: Run | Asked) -> str:
    return _json(json.loads(str(run.row["config"])))


def _json(content: object) -> str:
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def versions(runs: Sequence[Run | Asked]) -> dict[str, object]:
    """Name the versions that made some runs, and those that draw them here.

    Parameters
    ----------
    runs : sequence of Run or Asked

    Returns
    -------
    dict
        Without anything that tells of a machine.
    """
    return {
        "cortexscale": __version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "runs": {run.run_id: str(run.row["code_version"]) for run in runs},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _readme(view: View, shown: Shown, names: Sequence[str], choice: Choice) -> str:
    title = view.title or f"{view.page.capitalize()} of CortexScale"
    parts = [title, "=" * len(title), ""]
    parts += [SIMULATED.replace("**", ""), ""] if _simulated(shown.all) else []
    parts += [view.note, ""] if view.note else []
    parts += ["In the app, this view is", f"  {view.link()}", ""]
    parts += ["Files:", *(f"  {name}" for name in names), ""]
    parts += [
        "  caption.txt     data set, n, split, evidence and citation of each figure",
        "  methods.md      methods in words, from the requests of the runs; cites references.bib",
        "  references.bib  BibTeX of the data sets, models and methods",
        "  view.yaml       what was chosen",
        "  configs/        the request of each run, by its id",
        "  versions.json   versions that made and drew them",
        "",
        "To make the figures again from a store that holds the runs:",
        f"  {_figure_command(choice)}",
        "",
    ]
    commands = [encode_command(run.config) for run in shown.runs]
    commands += [asked_command(each.config) for each in shown.asked]
    commands = list(dict.fromkeys(commands))
    if commands:
        parts += [
            "To compute the runs again (FILE_OR_FOLDER: data that do not ship with CortexScale):",
            *(f"  {command}" for command in commands),
            "",
        ]
    return "\n".join(parts)


def _figure_command(choice: Choice) -> str:
    words = ["python", "-m", "backend", "figure", "view.yaml", "--out", "figures"]
    words += ["--format", ",".join(choice.formats), "--width", choice.size.name]
    words += ["--dpi", str(choice.size.dpi)]
    words += ["--dark"] if choice.mode == "dark" else []
    words += [] if choice.caption else ["--no-caption"]
    return " ".join(words)
