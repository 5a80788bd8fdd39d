"""The built-in tour: the literature's story in six views, told by the store's own results."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from backend.catalog.twins import is_random
from backend.comparisons.claims import judge
from backend.comparisons.claims_material import default_selection
from backend.comparisons.claims_verdict import Settings, Verdict
from backend.comparisons.maps import Threshold, best_layer, layer_maps, shown_by
from backend.comparisons.minimal_model import MinimalModel
from backend.cortex.surfaces import N_TARGETS
from backend.errors import StoreError
from backend.figures.labels import BASELINE_TITLES, model_title, roi_title
from backend.store.map_queries import mapped_datasets
from backend.store.queries import choices, layer_curves
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.views.choose import choose
from backend.views.claims import choose_settings
from backend.views.cortex import WHERES, cortex_runs, map_choice
from backend.views.overview import Overview, overview
from backend.views.pick import FromParameters
from backend.views.scale import scale_results
from backend.views.scale_controls import choose_scale
from backend.views.tour_compression import competence_step, gptq_step, harmless_step
from backend.views.tour_data import ON_DEMO, Address, address_of, data_set
from backend.views.tour_words import (
    claim_line,
    evidence_line,
    finding_line,
    lacking,
)
from backend.views.view import View


def tour(store: ResultStore) -> list[View]:
    """Tell the story of scale and compression with what a store holds now.

    Parameters
    ----------
    store : ResultStore

    Returns
    -------
    list of View
        Six. A note's first lines say what the store shows, with its evidence; then comes what was
        published, with its citation. Where the store lacks something the note says what to run.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    compressed = data_set(store, compressed=True)
    claims = compressed or default_selection(store)
    published = _by_key(judge(store, claims))
    own = _by_key(judge(store, claims, _own_sizes(store, claims)))
    return [
        _predicted(store),
        _cortex(store),
        _scale(store, published),
        harmless_step(store, compressed, published, own),
        gptq_step(store, compressed, published, own),
        competence_step(compressed, published, own),
    ]


def _predicted(store: ResultStore) -> View:
    title, told = "What is predicted, and above what?", finding_line("shuffled-folds")
    known = choices(store)
    if known.empty:
        return lacking("layers", title, "This store holds no results yet.", told, ON_DEMO)
    address = address_of(default_selection(store))
    found = overview(store, choose(known, address))
    if found is None:
        return lacking("layers", title, "Nothing here has honest folds.", told, ON_DEMO)
    best = found.best
    said = [_reached(found), _added(store, best), evidence_line(str(best["evidence"]))]
    return View(
        page="layers",
        title=title,
        note="\n".join([" ".join(filter(None, said)), told]),
        parameters={
            **address,
            "subject": best["subject"],
            "roi": best["roi"],
            "hemisphere": best["hemisphere"],
            "models": best["model"],
            "compressions": best["compression"],
        },
    )


def _reached(found: Overview) -> str:
    """Set the best layer beside the strongest baseline, and mere order, on the same folds."""
    best = found.best
    response = roi_title(best["dataset"], best["roi"])
    text = (
        f"{model_title(best['model'])} predicts the {response[:1].lower()}{response[1:]} with "
        f"r = {best['mean']:.2f} at layer {best['layer']} of {best['n_layers']}"
    )
    floors = _of(found.baselines, best).set_index("baseline")["mean"]
    if floors.empty:
        return f"{text}; its run has no baselines."
    strongest = str(floors.idxmax())
    name = BASELINE_TITLES.get(strongest, strongest)
    text += f"; the strongest baseline ({name}) reaches {floors[strongest]:.2f}"
    if "oasm" in floors and strongest != "oasm":
        text += f", sample order alone {floors['oasm']:.2f}"
    leaked = _on_shuffled(found)
    return f"{text}{'' if leaked is None else f' (on shuffled folds {leaked:.2f})'}."


def _on_shuffled(found: Overview) -> float | None:
    """Say what sample order alone scores on shuffled folds, where that was measured."""
    if found.slopes is None:
        return None
    rows = found.slopes.data
    rows = rows[
        (rows["evidence"] == "measured")
        & (rows["split"] == "shuffled")
        & (rows["name"].str.contains("OASM|order", regex=True))
    ]
    return None if rows.empty else float(rows["mean"].iloc[0])


def _added(store: ResultStore, best: pd.Series) -> str:
    rows = _of(layer_curves(store, _selection_of(best), "unique_r2"), best)
    rows = rows[rows["layer"] == best["layer"]]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    interval = "" if pd.isna(row["low"]) else f" [{row['low']:+.2f}, {row['high']:+.2f}]"
    return f"The model adds unique R² {row['mean']:+.2f}{interval} to all baselines."


def _cortex(store: ResultStore) -> View:
    title, told = "Where on the cortex?", finding_line("left-right")
    absent = "No run in this store has a map of the cortex."
    mapped = mapped_datasets(store)
    if mapped.empty:
        return lacking("cortex", title, absent, told, ON_DEMO)
    address: Address = {key: (mapped[name].iloc[0],) for key, name in _DATA.items()}
    runs = cortex_runs(store, choose(choices(store), address))
    if runs.empty:
        return lacking("cortex", title, absent, told, ON_DEMO)
    trained = runs[~runs["model"].map(is_random).astype(bool)]
    run_id = map_choice(trained if len(trained) else runs, {}).run_id
    run = runs[runs["run_id"] == run_id].iloc[0]
    said = f"{_mapped(store, run)} {evidence_line(str(run['evidence']))}"
    parameters = {**address, "map_run": (run_id,)}
    return View(page="cortex", title=title, note=f"{said}\n{told}", parameters=parameters)


def _mapped(store: ResultStore, run: pd.Series) -> str:
    maps = layer_maps(store, run, "r")
    layer = best_layer(maps)
    values = maps.values[maps.layers.index(layer)]
    known = np.isfinite(values)
    text = f"{model_title(run['model'])} at layer {layer}, its best, in {run['subject']}"
    try:
        shown = shown_by(store, run, Threshold("q", WHERES["q"]))[maps.layers.index(layer)]
        share = float(shown[known].mean())
        text += f": {share:.0%} of {int(known.sum()):,} vertices are predicted (q ≤ {WHERES['q']})"
    except StoreError:
        text += f": mean r = {values[known].mean():.3f} over {int(known.sum()):,} vertices"
    sides = [values[part][known[part]] for part in _halves()]
    if all(side.size for side in sides):
        text += f"; mean r left {sides[0].mean():.3f}, right {sides[1].mean():.3f}"
    return f"{text}."


def _halves() -> tuple[slice, slice]:
    return slice(0, N_TARGETS // 2), slice(N_TARGETS // 2, N_TARGETS)


def _scale(store: ResultStore, published: Mapping[str, Verdict]) -> View:
    title, verdict = "How large must a model be?", published["small-equals-large"]
    told = claim_line(verdict)
    selection = data_set(store, compressed=False)
    if selection is None:
        return lacking("scale", title, "Scale takes models of two sizes on one data set.", told,
                       ON_DEMO.replace("minilm-l6", "cortexscale-1m"))  # fmt: skip
    address = address_of(selection)
    chosen = choose(choices(store), address).of_first_response()
    results = scale_results(store, chosen, choose_scale(store, chosen, FromParameters(address)))
    if results is None:
        return lacking("scale", title, "The sizes of these models are not known.", told, ON_DEMO)
    scaling = results.scalings[0]
    said = (
        f"No answer about a minimal model: {scaling.undecidable}."
        if scaling.minimal is None
        else _minimal(scaling.minimal)
    )
    said = f"{said} {evidence_line(str(selection.evidence))}"
    return View(page="scale", title=title, note=f"{said}\n{told}", parameters=address)


def _minimal(minimal: MinimalModel) -> str:
    within = f"within ±{minimal.margin:g} r (n = {minimal.n_units} folds)"
    largest = model_title(minimal.largest)
    if minimal.model is not None:
        test = minimal.of(minimal.model).test
        return (
            f"The smallest model that equals the largest, {largest}, {within} is "
            f"{model_title(minimal.model)}: {test.mean:+.3f} r [{test.low:+.3f}, {test.high:+.3f}]."
        )
    nearest = minimal.comparisons[-1]
    test = nearest.test
    return (
        f"No smaller model is shown to equal the largest, {largest}, {within}; the next size, "
        f"{model_title(nearest.model)}: {test.mean:+.3f} r [{test.low:+.3f}, {test.high:+.3f}]."
    )


_DATA = {"data": "dataset", "evidence": "evidence"}


def _selection_of(row: pd.Series) -> Selection:
    return Selection(
        dataset=row["dataset"], evidence=row["evidence"], split=row["split"],
        models=(row["model"],), compressions=(row["compression"],),
    )  # fmt: skip


def _of(frame: pd.DataFrame, row: pd.Series) -> pd.DataFrame:
    keys = ["run_id", "roi", "hemisphere"]
    return frame[(frame[keys] == row[keys]).all(axis=1)]


def _own_sizes(store: ResultStore, selection: Selection) -> Settings:
    return choose_settings(store, selection, FromParameters({"sizes": ("own",)}))


def _by_key(verdicts: tuple[Verdict, ...]) -> Mapping[str, Verdict]:
    return {verdict.key: verdict for verdict in verdicts}
