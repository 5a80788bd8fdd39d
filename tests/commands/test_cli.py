import os
import re
import subprocess
import sys

import pytest

from backend import __version__
from backend.paths import PROJECT
from backend.store.shards import write_run
from tests.helpers import make_config, make_tables, run_process

COMMANDS = ["encode", "results", "export", "jobs", "precompute", "simulate-demo", "work"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(cli, command):
    outcome = cli(command, "--help")
    assert outcome.code == 0
    assert f"usage: python -m backend {command}" in outcome.out


def test_help_lists_the_commands_with_a_first_session(cli):
    out = cli("--help").out
    for command in COMMANDS[:-1]:
        assert re.search(rf"\n    {command}\s", out)
    assert "python -m backend encode --dataset demo-sentences" in out


@pytest.mark.parametrize("command", ["encode", "results", "export"])
def test_help_shows_examples(cli, command):
    assert "examples:\n  " in cli(command, "--help").out


def test_version(cli):
    assert cli("--version").out.strip() == __version__


@pytest.mark.parametrize("argv", [[], ["decode"]])
def test_a_command_is_needed(cli, argv):
    outcome = cli(*argv)
    assert outcome.code == 2
    assert "usage: python -m backend" in outcome.err


def test_an_interrupt_is_told_and_not_traced(cli, monkeypatch, tmp_path):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("backend.commands.results.shipped_store", interrupt)
    outcome = cli("results", "--store", tmp_path)
    assert outcome.code == 130
    assert outcome.err == "interrupted: nothing half written is left in the store\n"


@pytest.mark.parametrize("command", ["results", "export"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_seen_enough_is_no_error(tmp_path, monkeypatch, command, unbuffered):
    config = make_config()
    write_run(tmp_path, config.run_id, make_tables(config))
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "backend", command, "--store", str(tmp_path)],
        cwd=PROJECT, stdout=write_end, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_module_runs():
    outcome = run_process("--version")
    assert (outcome.code, outcome.out.strip()) == (0, __version__)
