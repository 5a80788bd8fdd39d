"""Holmes from an archive on this machine, and what the probes read of it."""

import io
import zipfile
from pathlib import Path

import pytest

from backend.datasets.fetch import SOURCES, Wanted, fetch_source
from backend.datasets.fetch.holmes import _COMMIT
from backend.errors import InputError
from backend.probing.holmes import read_holmes
from tests.conftest import Cli
from tests.datasets.fetch.server import serve
from tests.probing.test_holmes import write_dataset

TABLE = f"Holmes-Benchmark/holmes-evaluation/{_COMMIT}/data/leaderboards/flash-holmes.csv"
SUBFIELDS = b",probing dataset,linguistic subfield\n0,blimp-island,syntax\n"


def zipped(folder: Path) -> bytes:
    write_dataset(folder, "blimp-island")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(folder))
        archive.writestr("../../outside.txt", "x")
    return buffer.getvalue()


def test_the_zip_is_unpacked_where_the_probes_read_it_with_its_subfields(
    cli: Cli, tmp_path: Path
) -> None:
    content = zipped(tmp_path / "made")
    with serve({"download": content, TABLE: SUBFIELDS}) as (_, address):
        outcome = cli("fetch", "flash-holmes", "--data", tmp_path / "data", "--archive", address)
    assert outcome.code == 0, outcome.err
    home = tmp_path / "data" / "flash-holmes"
    assert f"--holmes {home}" in outcome.out
    (task,), _, _ = read_holmes(home)
    assert (task.name, task.phenomenon, len(task.items)) == ("blimp-island", "syntax", 40)
    assert not (tmp_path / "outside.txt").exists()


def test_a_page_in_place_of_the_zip_says_what_to_do(tmp_path: Path) -> None:
    with (
        serve({"download": b"<html>Are you a person?</html>", TABLE: SUBFIELDS}) as (_, address),
        pytest.raises(InputError, match="is no whole zip.*Download it by hand"),
    ):
        fetch_source(SOURCES["flash-holmes"], tmp_path, Wanted(archive=address))
    assert not (tmp_path / "flash-holmes" / "flash-holmes.zip").exists()
