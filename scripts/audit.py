"""Look the locked packages up among known flaws, where these can be reached.

python -m scripts.audit

Exit codes: 0 nothing is known against them, or it could not be looked up (which is said); 1 a flaw
is known, and named.
"""

import subprocess
import sys
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
# In an environment of its own, so that the one that is looked at stays as it is.
TOOL = ROOT / ".venv" / "audit"
FOUND = ROOT / ".venv" / "audit.json"
WANTED = "pip-audit==2.10.1"
# A mirror of packages answers too, without a word on flaws: each is asked for something of its own.
SERVICES = {
    "pypi": ("https://pypi.org/pypi/pip/24.0/json", '"vulnerabilities"'),
    "osv": ("https://api.osv.dev/v1/vulns/PYSEC-2021-1", '"affected"'),
}
_SECONDS = 5.0


def reachable() -> str | None:
    """Name the first service of advisories that answers."""
    for service, (address, expected) in SERVICES.items():
        try:
            with urllib.request.urlopen(address, timeout=_SECONDS) as answer:
                if expected in answer.read().decode("utf-8", "replace"):
                    return service
        except OSError:
            continue
    return None


def installed() -> Path | None:
    """Install the tool, unless it is there; None where that fails."""
    program = TOOL / "bin" / "pip-audit"
    if program.exists():
        return program
    venv.create(TOOL, with_pip=True)
    words = [TOOL / "bin" / "python", "-m", "pip", "install", "--quiet", WANTED]
    return program if subprocess.run(words, check=False).returncode == 0 else None


def main() -> int:
    """Audit, or say why not."""
    n_packages = sum("==" in line for line in LOCK.read_text("utf-8").splitlines())
    pinned = f"the {n_packages} packages stay pinned in {LOCK.name}, and were not audited"
    service = reachable()
    if service is None:
        print(f"audit: no service of advisories (PyPI's, OSV's) answers here; {pinned}.")
        return 0
    program = installed()
    if program is None:
        print(f"audit: {WANTED} could not be installed; {pinned}.")
        return 0
    words = [program, "--no-deps", "--disable-pip", "-r", LOCK, "--vulnerability-service", service]
    code = subprocess.run([*words, "--format", "json", "--output", FOUND], check=False).returncode
    if not FOUND.exists():
        print(f"audit: {service} broke off; {pinned}.")
        return 0
    FOUND.unlink()
    print(f"audit: {n_packages} packages of {LOCK.name} looked up ({service})")
    return code


if __name__ == "__main__":
    sys.exit(main())
