"""A small store and a view of it, for tests of what leaves the app."""

from pathlib import Path

from backend.figures.layers import layer_figure
from backend.store.queries import baseline_scores, layer_curves
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.store.shards import write_run
from backend.views.sheet import Sheet
from backend.views.view import View
from tests.helpers import make_config, make_tables

VIEW = View(page="layers", parameters={"data": ("toy",)}, title="A toy", note="A note.")
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000002000000010802000000"
    "7b40e8dd0000000b49444154789c6360400000000500010d26e5ef0000000049454e44ae426082"
)


def toy_store(folder: Path, **changes: str) -> ResultStore:
    """Two compressions of one model, simulated or not."""
    for seed, compression in enumerate(("none", "bnb-nf4")):
        config = make_config(compression=compression, model="minilm-l6", **changes)
        write_run(folder, config.run_id, make_tables(config, seed))
    return ResultStore(folder)


def toy_sheets(store: ResultStore) -> list[Sheet]:
    """A figure, a picture and a table."""
    selection = Selection(dataset="toy", rois=("left_ifg",))
    curves, floors = layer_curves(store, selection), baseline_scores(store, selection)
    caption = f"A figure. Evidence: {curves['evidence'].iloc[0]}. Source: Toy et al. 2026."
    run_ids = tuple(curves["run_id"].unique())
    return [
        Sheet("curves", lambda mode: layer_figure(curves, floors, "r", mode), None, curves,
              caption, "alt", run_ids),
        Sheet("picture", None, lambda mode, kind, size: PNG, curves, caption, "alt", run_ids),
        Sheet("table", None, None, floors, caption, "alt", run_ids[:1]),
    ]  # fmt: skip
