"""``cache``: models' states of text, and models' copies, on disk: listed and pruned."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.compression.copies import StoredCopy, list_copies, remove_copies
from backend.errors import InputError
from backend.features.cache import FORMAT_VERSION, Entry, list_entries, remove_entries
from backend.paths import cache_folder

_COLUMNS = (
    "model", "compression", "mode", "context", "pooling", "story", "words", "layers", "size",
    "last used", "state",
)  # fmt: skip
_COPY_COLUMNS = ("model", "compression", "size", "made", "state")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "cache",
        help="list and prune the states of text, and the models, that runs keep on disk",
        description="Reading a story is the slow part of a run, so every layer's states are kept: "
        "the next run of the same model, compression, context and story begins at the regression. "
        "So are the models that were compressed, and random twins (--copies). "
        "Everything here can be computed again; pruning loses nothing but time.",
        epilog="examples:\n"
        "  python -m backend cache\n"
        "  python -m backend cache --model minilm-l6\n"
        "  python -m backend cache --prune --older-than 30\n"
        "  python -m backend cache --prune --incomplete\n"
        "  python -m backend cache --prune --all\n"
        "  python -m backend cache --copies --prune --model cortexscale-1m\n\n"
        "Filters given together must all fit. An entry that a run is writing is never removed; an\n"
        "interrupted one is taken up where it stopped by the run that wants it.\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--prune", action="store_true", help="remove what fits; needs a filter, or --all"
    )
    parser.add_argument(
        "--copies", action="store_true", help="models' copies on disk, instead of states"
    )
    filters = parser.add_argument_group("filters")
    filters.add_argument("--model", metavar="NAME", help="entries of this model")
    filters.add_argument(
        "--older-than", type=_days, metavar="DAYS", help="entries not used for so many days"
    )
    filters.add_argument(
        "--incomplete",
        action="store_true",
        help="entries that are interrupted, damaged or written by another version",
    )
    filters.add_argument("--all", action="store_true", help="every entry")
    parser.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="default: $CORTEXSCALE_CACHE or cache/"
    )
    parser.set_defaults(run=run_cache)


def run_cache(arguments: argparse.Namespace) -> int:
    """List the entries that fit, or remove them."""
    filtered = bool(arguments.model or arguments.incomplete or arguments.older_than is not None)
    if arguments.all and filtered:
        raise InputError("--all goes with no other filter; leave it or the others out.")
    if arguments.prune and not (filtered or arguments.all):
        raise InputError(
            "--prune does not say what to remove; add --older-than DAYS, --model NAME, "
            "--incomplete or --all."
        )
    folder = arguments.cache or cache_folder()
    if arguments.copies:
        return _run_copies(folder / "models", arguments)
    every = list_entries(folder)
    _require_known_model(arguments.model, every)
    chosen = [entry for entry in every if _fits(entry, arguments)]
    if arguments.prune:
        return _prune(folder, chosen)
    if not chosen:
        print(f"no entry fits in {folder}" if every else f"the cache {folder} is empty")
    else:
        _print_table([_COLUMNS, *(_row(entry) for entry in chosen)])
        print(f"\n{_total(chosen)} in {folder}")
    copies = list_copies(folder / "models")
    if copies:
        print(f"{_total(copies, 'copy', 'copies')} of models: python -m backend cache --copies")
    return 0


def _prune(folder: Path, chosen: Sequence[Entry]) -> int:
    removed, kept = remove_entries(folder, chosen)
    if removed:
        _print_table([_COLUMNS, *(_row(entry) for entry in removed)])
        print()
    print(f"removed {_total(removed)} from {folder}")
    for entry in kept:
        print(f"kept {_story(entry)} ({entry.folder.name}): a run is writing it")
    return 0


def _run_copies(folder: Path, arguments: argparse.Namespace) -> int:
    every = list_copies(folder)
    known = sorted({copy.model for copy in every if copy.state == "complete"})
    if arguments.model and arguments.model not in known:
        raise InputError(
            f"the cache has no copy of a model {arguments.model!r}; it has those of "
            f"{', '.join(known) or 'none'}."
        )
    chosen = [copy for copy in every if _copy_fits(copy, arguments)]
    kept: list[StoredCopy] = []
    if arguments.prune:
        chosen, kept = remove_copies(chosen)
    if chosen:
        _print_table([_COPY_COLUMNS, *(_copy_row(copy) for copy in chosen)])
        print()
    total = _total(chosen, "copy", "copies")
    print(f"removed {total} from {folder}" if arguments.prune else f"{total} in {folder}")
    for copy in kept:
        print(f"kept {copy.folder.name}: a process is writing it")
    return 0


def _copy_fits(copy: StoredCopy, arguments: argparse.Namespace) -> bool:
    if arguments.model and copy.model != arguments.model:
        return False
    if arguments.incomplete and copy.state == "complete":
        return False
    if arguments.older_than is not None:
        return datetime.now(UTC) - copy.created > timedelta(days=arguments.older_than)
    return True


def _copy_row(copy: StoredCopy) -> tuple[str, ...]:
    created = copy.created.astimezone().strftime("%Y-%m-%d %H:%M")
    return (copy.model, copy.compression, _size(copy.n_bytes), created, copy.state)


def _fits(entry: Entry, arguments: argparse.Namespace) -> bool:
    if arguments.model and (entry.meta is None or entry.meta.request.model != arguments.model):
        return False
    if arguments.incomplete and entry.state in ("complete", "being written"):
        return False
    if arguments.older_than is not None:
        return datetime.now(UTC) - entry.used > timedelta(days=arguments.older_than)
    return True


def _require_known_model(name: str | None, entries: Sequence[Entry]) -> None:
    known = sorted({entry.meta.request.model for entry in entries if entry.meta})
    if name and name not in known:
        raise InputError(
            f"the cache has no states of a model {name!r}; it has those of "
            f"{', '.join(known) or 'none'}."
        )


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(line.rstrip())


def _row(entry: Entry) -> tuple[str, ...]:
    used = entry.used.astimezone().strftime("%Y-%m-%d %H:%M")
    if entry.meta is None:
        unknown = ("-",) * 7
        return ("?", *unknown, _size(entry.n_bytes), used, _state(entry))
    request = entry.meta.request
    return (
        request.model, request.compression, request.mode, str(request.context), request.pooling,
        request.story, str(request.n_words), str(entry.meta.n_layers), _size(entry.n_bytes), used,
        _state(entry),
    )  # fmt: skip


def _state(entry: Entry) -> str:
    if entry.state == "another version":
        return f"another version (this is {FORMAT_VERSION}): {entry.folder.name}"
    if entry.meta is None:
        return f"{entry.state}: {entry.folder.name}"
    if entry.state == "complete":
        return entry.state
    return f"{entry.state} ({entry.meta.windows_done} of {entry.meta.n_windows} windows)"


def _story(entry: Entry) -> str:
    return entry.meta.request.story if entry.meta else "an entry"


def _total(
    entries: Sequence[Entry] | Sequence[StoredCopy], one: str = "entry", several: str = "entries"
) -> str:
    n_bytes = sum(entry.n_bytes for entry in entries)
    return f"{len(entries)} {one if len(entries) == 1 else several}, {_size(n_bytes)}"


def _size(n_bytes: int) -> str:
    """Bytes in the unit of a thousand that suits them."""
    if n_bytes < 1000:
        return f"{n_bytes} B"
    size = float(n_bytes)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 1000:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.1f} TB"


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = -1
    if not 0 <= days < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days, such as 30")
    return days
