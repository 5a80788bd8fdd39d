import numpy as np
import pandas as pd
import pytest
from PIL import Image

from backend.cortex.pycortex_store import default_filestore, subjects
from backend.cortex.webgl_viewer import MARK
from tests.cortex.pycortex_subject import needs_pycortex, without_pycortex

N_VERTICES = 304_380
STARTS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


def test_without_pycortex_it_says_how_to_get_it(cli, monkeypatch):
    without_pycortex(monkeypatch)
    outcome = cli("pycortex", "map.npy", "--subject", "S1", "--out", "figures")
    assert outcome.code == 2
    assert "apt-get install build-essential" in outcome.err
    assert "pip install pycortex==1.4.0" in outcome.err


def test_the_help_needs_no_pycortex(cli, monkeypatch):
    without_pycortex(monkeypatch)
    outcome = cli("pycortex", "--help")
    assert outcome.code == 0
    assert "python -m http.server" in outcome.out


@needs_pycortex()
def test_the_filestore_is_listed(cli):
    outcome = cli("pycortex", "--list")
    assert outcome.code == 0
    assert "S1: transforms fullhead, retinotopy" in outcome.out


@needs_pycortex()
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either a MAP_FILE or --run RUN_ID"),
        (["map.npy", "--run", "x"], "give either a MAP_FILE or --run RUN_ID"),
        (["map.npy", "--out", "o"], "--subject is missing"),
        (["map.npy", "--subject", "S1"], "--out is missing"),
        (["map.npy", "--subject", "S9", "--out", "o"], "its subjects are: S1"),
        (["map.npy", "--subject", "S1", "--out", "o"], "there is no file map.npy"),
    ],
)
def test_what_cannot_be_used_is_said(cli, arguments, message):
    outcome = cli("pycortex", *arguments)
    assert outcome.code == 2
    assert message in outcome.err


@needs_pycortex()
@pytest.mark.timeout(600)
def test_a_map_of_vertices_becomes_figures_and_a_viewer(cli, tmp_path):
    values = np.full(N_VERTICES, 0.2, dtype=np.float32)
    values[::2] = np.nan
    values[1] = 0.05
    np.save(tmp_path / "map.npy", values)
    out = tmp_path / "out"
    outcome = cli(
        "pycortex", tmp_path / "map.npy", "--subject", subjects(default_filestore())[0],
        "--out", out, "--threshold", "0.1", "--simulated", "--webgl",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    for kind, start in STARTS.items():
        assert (out / f"pycortex-S1.{kind}").read_bytes().startswith(start)
    assert Image.open(out / "pycortex-S1.png").size[0] == 1920
    svg = (out / "pycortex-S1.svg").read_text()
    for word in ("shown where value", "Evidence: simulated", "Gao et al. 2015"):
        assert word in svg
    table = pd.read_csv(out / "pycortex-S1.csv")
    assert table["vertex"].tolist() == list(range(3, N_VERTICES, 2))
    assert (out / "viewer" / "index.html").stat().st_size > 100_000
    assert "SIMULATED" in (out / "viewer" / MARK).read_text()
    (out / "viewer" / MARK).unlink()
    again = cli("pycortex", tmp_path / "map.npy", "--subject", "S1", "--out", out, "--webgl")
    assert again.code == 2
    assert "is not empty" in again.err
