"""The one requirement that may fail to build: make setup says so and goes on."""

import subprocess
import sys

import pytest

from backend.paths import PROJECT

SCRIPT = PROJECT / "scripts" / "install-pycortex.sh"


@pytest.fixture
def python(tmp_path):
    """An environment without pycortex, whose pip does what a test says."""
    folder = tmp_path / "venv" / "bin"
    folder.mkdir(parents=True)

    def make(pip: str):
        path = folder / "python"
        path.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exit 1\necho "$@" > {tmp_path}/args\n{pip}\n')
        path.chmod(0o755)
        return path

    return make


def install(python):
    return subprocess.run(
        ["sh", SCRIPT, python], cwd=PROJECT, capture_output=True, text=True, timeout=60
    )


def test_a_build_that_fails_is_told_and_does_not_stop_the_setup(python, tmp_path):
    outcome = install(python('echo "error: command gcc failed: No such file"; exit 1'))
    assert outcome.returncode == 0
    assert "could not be installed; everything but its maps works" in outcome.stdout
    assert "error: command gcc failed" in outcome.stdout
    assert "apt-get install build-essential" in outcome.stdout
    log = tmp_path / "venv" / "pycortex-build.log"
    assert str(log) in outcome.stdout
    assert "gcc failed" in log.read_text()


def test_the_pins_constrain_what_it_brings_along(python, tmp_path):
    outcome = install(python("exit 0"))
    assert outcome.returncode == 0
    assert "could not" not in outcome.stdout
    *_, option, pins, wanted = (tmp_path / "args").read_text().split()
    assert (option, wanted) == ("--constraint", "pycortex==1.4.0")
    # pip refuses constraints that name an extra.
    packages = [line for line in (PROJECT / pins).read_text().splitlines() if line[:1] != "#"]
    assert packages
    assert not any("[" in line for line in packages)


def test_nothing_is_built_where_it_is_there(python, tmp_path):
    path = python("exit 1")
    path.write_text(path.read_text().replace("exit 1\n", "exit 0\n", 1))
    outcome = install(path)
    assert (outcome.returncode, outcome.stdout) == (0, "")
    assert not (tmp_path / "args").exists()


def test_make_installs_everything_else_first():
    dry = subprocess.run(
        ["make", "--dry-run", "--always-make", f"PYTHON={sys.executable}", "setup"],
        cwd=PROJECT, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    rest = dry.index("without-pycortex.txt\n.venv/bin/python -m pip install")
    assert rest < dry.index("scripts/install-pycortex.sh")
