"""Published claims against the store: what decides each, what the store says, what to run next."""

import streamlit as st

from backend import catalog
from backend.catalog import ClaimEntry, published_claims
from backend.comparisons.claims import decided_by, judge, summary
from backend.comparisons.claims_material import default_selection, sized_models
from backend.comparisons.claims_verdict import MARGIN, OwnSizes, Settings, Verdict
from backend.comparisons.claims_words import effect_line, size
from backend.figures.labels import SPLIT_TITLES, dataset_title, model_title
from backend.store.queries import choices
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.views.choose import Chosen
from backend.views.claims import claims_sheet
from pages.shared.entry import require_app
from pages.shared.export import export_control, export_page
from pages.shared.navigation import COMPRESSION, DISSOCIATION, RUN, SCALE
from pages.shared.panel import evidence_badge
from pages.shared.prefill import fill_run_form
from pages.shared.selection import current_choice
from pages.shared.store import open_store
from pages.shared.url import seed_number, seed_one, shown_view, write_url

FIGURES = {"scale": SCALE, "compression": COMPRESSION, "dissociation": DISSOCIATION}
SIZES = {"published": "As published", "own": "My own"}
MARGINS = (0.001, 1.0)
LOOKS = {
    "supported": ("green", ":material/check_circle:"),
    "contradicted": ("red", ":material/cancel:"),
    "undecided": ("gray", ":material/help:"),
}
N_COMMANDS = 3
MARGIN_HELP = (
    "The smallest difference in r that would matter to you. Choose it before you look: with a "
    "margin that is chosen afterwards, any two models can be made equal."
)
SIZES_HELP = (
    "As published: only models of the sizes that the papers speak of. My own: the same tests on "
    "models of this store, whatever their size. That is another scale, and no evidence on the "
    "published claim."
)


def show(store: ResultStore, view: Chosen | None) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="claims-controls"):
        if view is not None:
            choose_dataset(store, view.selection.dataset or "")
        settings = choose_settings(store, selection_of(store, view))
    selection = selection_of(store, view)
    verdicts = verdicts_of(store, store.version, *named(selection), settings.margin, settings.own)
    show_summary(store, verdicts, selection, settings)
    for pair in _in_rows(list(verdicts), 2):
        for column, verdict in zip(st.columns(2), pair, strict=False):
            with column.container(border=True, height="stretch", key=f"claim-{verdict.key}"):
                show_card(verdict, published_claims()[verdict.key])
    export_control(claims_sheet(store, verdicts, selection))
    export_page(shown_view("claims"), store)


def selection_of(store: ResultStore, view: Chosen | None) -> Selection:
    """Take the sidebar's data set, evidence and folds, and all its subjects and regions."""
    if view is None:
        return default_selection(store)
    chosen = view.selection
    return Selection(dataset=chosen.dataset, evidence=chosen.evidence, split=view.split)


def named(selection: Selection) -> tuple[str, str, str]:
    return selection.dataset or "", selection.split or "", selection.evidence or ""


@st.cache_data(max_entries=64, show_spinner="Testing the claims")
def verdicts_of(
    _store: ResultStore,
    version: str,
    dataset: str,
    split: str,
    evidence: str,
    margin: float,
    own: OwnSizes | None,
) -> tuple[Verdict, ...]:
    selection = Selection(dataset=dataset, split=split, evidence=evidence)
    return judge(_store, selection, Settings(margin, own))


def choose_dataset(store: ResultStore, current: str) -> None:
    """Offer the sidebar's data sets here as well; the sidebar follows."""
    datasets = list(choices(store)["dataset"].unique())
    st.session_state["claims_data"] = current
    st.selectbox(
        "Data set", datasets, format_func=dataset_title, key="claims_data", width=320,
        on_change=lambda: st.session_state.update(data=st.session_state["claims_data"]),
    )  # fmt: skip


def choose_settings(store: ResultStore, selection: Selection) -> Settings:
    seed_number("margin", MARGIN, *MARGINS)
    margin = st.number_input(
        "Margin (r)", *MARGINS, step=0.005, format="%.3f", key="margin", help=MARGIN_HELP, width=140
    )  # fmt: skip
    seed_one("sizes", list(SIZES))
    sizes = st.segmented_control(
        "Sizes", list(SIZES), required=True, format_func=SIZES.__getitem__, key="sizes",
        help=SIZES_HELP,
    )  # fmt: skip
    write_url({"margin": f"{margin:g}", "sizes": sizes})
    return Settings(margin, choose_own(store, selection) if sizes == "own" else None)


def choose_own(store: ResultStore, selection: Selection) -> OwnSizes:
    models = sized_models(store, selection)
    if models.empty:
        return OwnSizes()
    sizes = dict(zip(models["model"], models["n_parameters"], strict=True))
    names = list(sizes)
    picked = {}
    # The largest model is the one that others are held against.
    for label, key, options in (("Small", "small", names), ("Large", "large", names[::-1])):
        seed_one(key, options)
        picked[key] = st.selectbox(
            label, options, key=key, width=240,
            format_func=lambda name: f"{model_title(name)} ({size(sizes[name])})",
        )  # fmt: skip
    write_url(picked)
    return OwnSizes(**picked)


def show_summary(
    store: ResultStore, verdicts: tuple[Verdict, ...], selection: Selection, settings: Settings
) -> None:
    st.markdown(
        f"**{summary(verdicts)}** {dataset_title(selection.dataset or '')}, "
        f"{SPLIT_TITLES[selection.split or '']}, {selection.evidence}."
    )
    st.caption(
        "All models, compressions, subjects and regions of this data set are tested: what the "
        "sidebar narrows beyond data set, evidence and folds does not apply here."
    )
    if settings.own is not None:
        st.info(
            "Tested at sizes of your own: the same tests at another scale. Nothing here supports "
            "or contradicts the published claims themselves.",
            icon=":material/straighten:",
        )
    elif all(verdict.status == "no data" for verdict in verdicts):
        models = sized_models(store, selection)
        if len(models):
            low, high = size(models["n_parameters"].min()), size(models["n_parameters"].max())
            here = low if low == high else f"{low} to {high}"
            st.info(
                f"The models of this data set have {here} parameters; the published claims speak "
                "of larger ones. Choose *My own* sizes to try the same tests on these.",
                icon=":material/straighten:",
            )


def show_card(verdict: Verdict, entry: ClaimEntry) -> None:
    citation = catalog.citations()[entry.citation]
    st.markdown(f"##### {entry.title}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        status_badge(verdict)
        if verdict.status != "no data":
            evidence_badge(verdict.evidence)
    reviewed = "" if entry.reviewed else ", **not peer-reviewed**"
    st.markdown(entry.claim)
    st.caption(f"{entry.scope}. [{citation.short}]({citation.url}){reviewed}")
    line = effect_line(verdict)
    if line:
        st.markdown(f"**{line}**")
    st.markdown(verdict.sentence)
    where = "the published test, on models of your own sizes: " if verdict.own_sizes else ""
    st.caption(f"**Decided by:** {where}{decided_by(entry, verdict.margin)}")
    figure = FIGURES[entry.figure]
    st.page_link(figure, label=f"The figure: {figure.title}", icon=figure.icon)
    show_missing(verdict)


def status_badge(verdict: Verdict) -> None:
    """Say the status in a word, with an icon; green is for measured data at published sizes."""
    if verdict.status == "no data":
        st.markdown(":gray[:material/radio_button_unchecked: no data]", width="content")
        return
    colour, icon = LOOKS[verdict.status]
    word = verdict.status
    if verdict.own_sizes:
        colour, word = "violet", f"{word} at your sizes"
    if verdict.evidence == "simulated":
        colour, word = "orange", f"{word} on simulated data"
    st.badge(word, icon=icon, color=colour)


def show_missing(verdict: Verdict) -> None:
    if not verdict.missing:
        if verdict.status in ("undecided", "no data"):
            st.caption(
                "The runs that this version can plan for it are in the store; more subjects or "
                "stories narrow the interval."
            )
        return
    decided = verdict.status in ("supported", "contradicted")
    with st.expander("A run that would test it further" if decided else "The run to do next"):
        commands = [run.command for run in verdict.missing[:N_COMMANDS]]
        st.code("\n".join(commands), language="bash", wrap_lines=True)
        if "PATH/" in commands[0]:
            st.caption("Put the folder of your copy of the data in place of PATH.")
        more = len(verdict.missing) - len(commands)
        if more > 0:
            st.caption(f"and {more} more after these.")
        if verdict.missing[0].on_run_page and st.button(
            "Open in the Run page", key=f"run-{verdict.key}", icon=":material/play_circle:",
            help=f"{model_title(verdict.missing[0].model)}, the first of these",
        ):  # fmt: skip
            fill_run_form(verdict.missing[0])
            st.switch_page(RUN)


def _in_rows(items: list, n: int) -> list[list]:
    return [items[start : start + n] for start in range(0, len(items), n)]


require_app()
st.title("Claims")
show(open_store(), current_choice())
