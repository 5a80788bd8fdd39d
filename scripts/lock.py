"""Write every package that the runtime installs, each at the version that is installed here.

python -m scripts.lock > requirements.lock
"""

import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements.txt"
_HEAD = """\
# Every package that requirements.txt installs on Linux with Python 3.11, for `pip install -c` and
# for the audit of known flaws (make audit). Made by: python -m scripts.lock > requirements.lock
"""


def named(path: Path) -> list[Requirement]:
    """Read the requirements of a file, without its comments."""
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def closure(wanted: list[Requirement]) -> dict[str, str]:
    """Find what these requirements install, by name, with the versions that are here."""
    found: dict[str, str] = {}
    asked: set[tuple[str, frozenset[str]]] = set()
    waiting = list(wanted)
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in asked:
            continue
        asked.add((name, extras))
        package = distribution(name)
        # Of torch the build without CUDA has a version of its own; either fits.
        found[name] = package.version.partition("+")[0]
        for line in package.requires or ():
            needed = Requirement(line)
            environments = [{"extra": extra} for extra in extras or {""}]
            marker = needed.marker
            if marker is None or any(marker.evaluate(each) for each in environments):
                waiting.append(needed)
    return found


def main() -> int:
    """Print the lock."""
    try:
        packages = closure(named(REQUIREMENTS))
    except PackageNotFoundError as error:
        print(f"{error.name} is not installed here; run: make setup", file=sys.stderr)
        return 1
    print(_HEAD + "\n".join(f"{name}=={packages[name]}" for name in sorted(packages)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
