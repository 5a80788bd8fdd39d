"""Every page over the results that ship, all of them."""

import pytest

from backend.family.sizes import SIZES
from backend.paths import PROJECT
from backend.store.queries import model_quality, runs
from backend.store.reader import ResultStore
from tests.pages.conftest import LAYERS, RUN, Open, is_well

SHIPPED = PROJECT / "precomputed" / "results.duckdb"
PAGES = (None, LAYERS, "pages/scale.py", "pages/compression.py", "pages/claims.py", RUN)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("dataset", ["pereira2018-language-network", "demo-cortex"])
def test_every_page_draws_them(
    open_app: Open, monkeypatch: pytest.MonkeyPatch, page: str | None, dataset: str
) -> None:
    monkeypatch.setattr("pages.shared.store.PRECOMPUTED", SHIPPED)
    assert is_well(open_app(page, data=dataset))


def test_they_hold_the_family_and_its_twins_on_both_recordings(tmp_path) -> None:
    table = runs(ResultStore(tmp_path / "none", SHIPPED))
    full = table[table["compression"] == "none"]
    wanted = {*SIZES, *(f"{name}:random" for name in SIZES), "minilm-l6"}
    for dataset in ("pereira2018-language-network", "demo-cortex"):
        assert set(full[full["dataset"] == dataset]["model"]) == wanted
    assert table.groupby("dataset")["evidence"].nunique().max() == 1


def test_perplexity_falls_with_size(tmp_path) -> None:
    table = model_quality(ResultStore(tmp_path / "none", SHIPPED)).query("compression == 'none'")
    values = table.set_index("model")["perplexity"].loc[list(SIZES)].tolist()
    assert values == sorted(values, reverse=True)
