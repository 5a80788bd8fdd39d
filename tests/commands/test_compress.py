import pytest

from backend.store.queries import compression_changes, runs
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from tests.compression.conftest import (  # noqa: F401
    tiny_folder,
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))


def test_what_applies_is_listed_with_the_reasons(cli):
    out = cli("compress", "--model", "minilm-l6", "--list").out
    assert "rtn-w4a16        applies (precision)" in out
    assert "gptq-w4a16       no: it is calibrated on a decoder" in out


def test_a_table_is_printed_and_the_copy_is_found_again(cli, tiny_folder):  # noqa: F811
    command = ("compress", "--model", tiny_folder, "--compression", "none", "wanda-50",
               "--samples", 4, "--length", 32)  # fmt: skip
    first, second = cli(*command), cli(*command)
    assert (first.code, second.code) == (0, 0)
    assert "calibrated on demo-sentences: 4 windows of 32 tokens" in first.out
    header, *rows = first.out.strip().splitlines()[-3:]
    for column in ("bits/weight", "sparsity", "MB on disk", "MB in memory", "seconds"):
        assert column in header
    assert rows[1].split()[:2] == ["wanda-50", "32.000"]
    assert second.out.splitlines()[-1].split()[:5] == rows[1].split()[:5]


def test_a_user_s_text_that_is_too_short_is_refused(cli, tiny_folder, tmp_path):  # noqa: F811
    (tmp_path / "short.txt").write_text("Too few words.")
    done = cli("compress", "--model", tiny_folder, "--compression", "wanda-50",
               "--calibration", tmp_path / "short.txt")  # fmt: skip
    assert done.code == 2
    assert "2,048 are needed (32 windows of 64)" in done.errors[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--compression", "wanda-50"), "wanda-50 cannot be used on minilm-l6"),
        ((), "name at least one --compression"),
    ],
)
def test_what_cannot_be_done_is_refused(cli, options, message):
    done = cli("compress", "--model", "minilm-l6", *options)
    assert done.code == 2
    assert message in done.errors[0]


def test_windows_of_no_text_are_refused(cli, tiny_folder):  # noqa: F811
    done = cli("compress", "--model", tiny_folder, "--compression", "wanda-50", "--samples", 0)
    assert done.code == 2
    assert "n_samples" in done.errors[0]


def test_encode_pairs_a_calibrated_model_with_its_full_precision(
    cli, tiny_folder, table, store  # noqa: F811
):  # fmt: skip
    for name in ("none", "wanda-2of4"):
        done = cli("encode", "--dataset", table, "--sentence", "sentence", "--response", "left_ifg",
                   "--model", tiny_folder, "--compression", name, "--out", store)  # fmt: skip
        assert done.code == 0, done.err
    kept = ResultStore(store)
    found = runs(kept).set_index("compression")
    assert found.loc["wanda-2of4", "sparsity"] > 0.3
    assert '"text":"demo-sentences"' in found.loc["wanda-2of4", "config"]
    selection = Selection(dataset=found["dataset"].iloc[0], rois=("left_ifg",))
    pairs = compression_changes(kept, selection, str(found["split"].iloc[0]))
    assert list(pairs["compression"]) == ["wanda-2of4"]
