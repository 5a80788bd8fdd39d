"""``fetch`` and ``check``: public data sets brought here, and folders looked at."""

import argparse
from pathlib import Path

from tqdm import tqdm

from backend.datasets.archives import missing_bytes
from backend.datasets.fetch import SOURCES, Wanted, fetch_source
from backend.datasets.fetch.source import describe
from backend.datasets.story_folder import check_story_folder
from backend.errors import InputError
from backend.paths import DATA_VARIABLE, data_folder
from backend.sweeps.config import nearest
from backend.sweeps.words import gigabytes


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both subcommands."""
    fetch = commands.add_parser(
        "fetch",
        help="download a public data set, or list those there are",
        description="Download a public data set from its own archive. What is interrupted goes on "
        "when the command is given again. Without a name: those there are, with their size, "
        "licence and citation.",
    )
    fetch.add_argument("name", nargs="?", help=", ".join(SOURCES))
    fetch.add_argument("--subject", action="append", default=[], help="may be repeated")
    fetch.add_argument("--story", action="append", default=[], help="may be repeated")
    fetch.add_argument(
        "--data", type=Path, metavar="FOLDER",
        help=f"of all data sets (default: ${DATA_VARIABLE} or data/)",
    )  # fmt: skip
    fetch.add_argument("--archive", metavar="URL", help="a mirror, in place of the usual archive")
    fetch.add_argument("--list", action="store_true", help="say what would come, and stop")
    fetch.set_defaults(run=run_fetch)
    check = commands.add_parser(
        "check",
        help="look at a folder of stories, and list everything that is wrong with it",
        description="Look at a folder that dataset.yaml describes (transcripts, responses), and "
        "list everything that is wrong with it at once.",
    )
    check.add_argument("folder", type=Path)
    check.set_defaults(run=run_check)


def run_fetch(arguments: argparse.Namespace) -> int:
    """Fetch a data set, or list them."""
    if arguments.name is None:
        for each in SOURCES.values():
            print(f"{each.name}: {describe(each)}\n    {each.size}; {each.page}")
        return 0
    source = SOURCES.get(arguments.name)
    if source is None:
        raise InputError(f"no data set {arguments.name!r}{nearest(arguments.name, list(SOURCES))}")
    folder = arguments.data or data_folder()
    wanted = Wanted(tuple(arguments.subject), tuple(arguments.story), arguments.archive)
    print(f"{describe(source)}\n{source.page}")
    files = source.list_files(wanted)
    missing = missing_bytes(files, folder / source.name)
    unknown = sum(file.size is None for file in files)
    print(
        f"{len(files)} files, {gigabytes(missing)} to download to {folder / source.name}"
        + (f", and {unknown} files of a size that the archive does not state" if unknown else "")
    )
    if arguments.list:
        for file in files:
            print(f"    {file.path}  {'?' if file.size is None else gigabytes(file.size)}")
        return 0
    total = sum(file.size or 0 for file in files) or None
    with tqdm(total=total, unit="B", unit_scale=True, unit_divisor=1000) as bar:

        def advance(n: int) -> None:
            bar.update(n)

        fetched = fetch_source(source, folder, wanted, advance)
    print(f"{fetched.path}\nnext: {source.after.format(path=fetched.path)}")
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Print what is in a folder, and what is wrong with it."""
    report = check_story_folder(arguments.folder)
    for story in report.stories:
        print(f"story    {story.name}: {story.n_words:,} words, {story.seconds:.0f} s")
    for subject in report.subjects:
        print(
            f"subject  {subject.name}: {len(subject.runs)} runs, {subject.n_trs:,} TRs, "
            f"{subject.n_targets:,} targets, {subject.n_region_targets:,} in regions"
        )
    for warning in report.warnings:
        print(f"note     {warning}")
    if report.problems:
        listed = "\n".join(f"- {problem}" for problem in report.problems)
        raise InputError(f"{len(report.problems)} thing(s) to put right:\n{listed}")
    print("nothing is wrong with it")
    return 0
