"""The Claims page without its widgets: what is tested, and the table of verdicts."""

from backend.comparisons.claims import claims_table, judge
from backend.comparisons.claims_material import sized_models
from backend.comparisons.claims_verdict import MARGIN, OwnSizes, Settings, Verdict
from backend.figures.labels import SPLIT_TITLES, dataset_title
from backend.store.queries import runs
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.views.choose import Chosen
from backend.views.controls import MARGINS
from backend.views.narrow import Parameters
from backend.views.pick import FromParameters, Pick
from backend.views.sheet import Sheet

SIZES = ("published", "own")


def sheets(store: ResultStore, chosen: Chosen, parameters: Parameters) -> list[Sheet]:
    """Make the table of the page.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen
    parameters : mapping of str to sequence of str
        ``margin``, ``sizes``, ``small`` and ``large``.

    Returns
    -------
    list of Sheet
        One, without a figure.
    """
    selection = claims_selection(chosen)
    settings = choose_settings(store, selection, FromParameters(parameters))
    return [claims_sheet(store, judge(store, selection, settings), selection)]


def claims_selection(chosen: Chosen) -> Selection:
    """Take the data set, evidence and folds, and all its subjects and regions."""
    of = chosen.selection
    return Selection(dataset=of.dataset, evidence=of.evidence, split=chosen.split)


def choose_settings(store: ResultStore, selection: Selection, pick: Pick) -> Settings:
    """Choose the margin of equivalence, and of what sizes models are taken.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
    pick : Pick

    Returns
    -------
    Settings
    """
    margin = pick.number("margin", MARGIN, *MARGINS)
    if pick.one("sizes", SIZES) == "published":
        return Settings(margin, None)
    names = [str(name) for name in sized_models(store, selection)["model"]]
    if not names:
        return Settings(margin, OwnSizes())
    # The largest model is the one that others are held against.
    small, large = pick.one("small", names), pick.one("large", names[::-1])
    return Settings(margin, OwnSizes(small=small, large=large))


def claims_sheet(store: ResultStore, verdicts: tuple[Verdict, ...], selection: Selection) -> Sheet:
    """Put the verdicts into a table that leaves the app.

    Parameters
    ----------
    store : ResultStore
    verdicts : tuple of Verdict
    selection : Selection
        That they were made for.

    Returns
    -------
    Sheet
    """
    caption = (
        f"Published claims tested on {dataset_title(selection.dataset or '')}, "
        f"{SPLIT_TITLES[selection.split or '']}. Evidence: {selection.evidence}."
    )
    return Sheet(
        key="claims",
        build=None,
        draw=None,
        data=claims_table(verdicts, selection),
        caption=caption,
        alt=caption,
        run_ids=tuple(runs(store, selection)["run_id"]),
    )
