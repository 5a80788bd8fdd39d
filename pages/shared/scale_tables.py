"""The Scale page's tables: models, fits, responses."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from backend.catalog.twins import RANDOM_TWIN
from backend.comparisons.scale import Axis, Scaling
from backend.comparisons.scaling_fits import ScalingFit
from backend.figures.labels import model_title
from backend.figures.scale_marks import FORM_TITLES
from backend.figures.scale_words import layers_text, short_number
from backend.statistics import Interval
from backend.views.choose import Chosen
from backend.views.scale_controls import ScaleView
from pages.shared.scale_words import p_text, place_words

VERDICTS: Mapping[str, str] = {
    "largest": "the largest",
    "equivalent": "equivalent",
    "lower": "lower by more than the margin",
    "higher": "higher by more than the margin",
    "undecided": "undecided",
    "": "not compared",
}
_LETTERS = {"r": "r", "r_normalized": "r/ceiling", "unique_r2": "unique R²"}
# More are scrolled.
_ROWS = 24
_NUMBER = st.column_config.NumberColumn


def show_models(points: pd.DataFrame, chosen: ScaleView, several: bool) -> None:
    """Draw a row per model, with how it differs from the largest; random twins last."""
    points = points.sort_values(["roi", "hemisphere", "random"], kind="stable")
    table = pd.DataFrame(
        {
            # Their family says that twins are random.
            "Model": points["model"].str.removesuffix(RANDOM_TWIN).map(model_title),
            "Family": points["model_family"],
            "Parameters": points["n_parameters"],
            "Layer": [
                layers_text(first, last).split(" ", 1)[1]
                for first, last in zip(points["first_layer"], points["last_layer"], strict=True)
            ],
            "Score": points["mean"],
            "95% interval": _intervals(points["low"], points["high"], ".3f"),
            "From largest": points["difference"],
            "90% interval": _intervals(points["difference_low"], points["difference_high"], "+.3f"),
            "TOST p": [p_text(p) if pd.notna(p) else "" for p in points["p"]],
            "Verdict": points["verdict"].map(VERDICTS),
        }
    )
    if several:
        table.insert(0, "Response", _responses(points))
    if chosen.axis == "perplexity":
        table.insert(table.columns.get_loc("Layer"), "Perplexity", points["perplexity"])
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(table) <= _ROWS else "auto",
        column_config={
            "Parameters": _NUMBER(format="localized"),
            "Perplexity": _NUMBER(format="%.1f"),
            "Score": _NUMBER(format="%.3f"),
            "From largest": _NUMBER(format="%+.3f"),
        },
    )
    st.caption(
        "TOST: two one-sided t tests of the paired differences from the largest trained model, at "
        f"5%; the 90% interval lies inside ±{chosen.margin:g} just where a model is equivalent. "
        "Sizes are tested from the largest downwards and the minimal model is the last before the "
        "first that fails, which needs no correction; below such a gap Holm's correction holds. "
        "“Undecided” shows nothing, neither that models are equal nor that they differ."
    )


def _responses(points: pd.DataFrame) -> list[str]:
    return [
        roi if side == "both" else f"{roi}, {side}"
        for roi, side in zip(points["roi"], points["hemisphere"], strict=True)
    ]


def _intervals(low: pd.Series, high: pd.Series, form: str) -> list[str]:
    return [
        "" if pd.isna(lower) else f"[{lower:{form}}, {upper:{form}}]"
        for lower, upper in zip(low, high, strict=True)
    ]


def show_fits(scalings: Sequence[Scaling], chosen: ScaleView, view: Chosen) -> None:
    """Draw a row per fitted form, and say which could not be fitted."""
    rows = [
        {
            **({"Response": place_words(scaling)} if len(scalings) > 1 else {}),
            "Fit": FORM_TITLES[fit.form].removesuffix(" fit"),
            "Equation": equation(fit, chosen.axis, _LETTERS[view.metric]),
            "Estimate with 95% interval": estimate(fit, chosen.axis),
            "AICc": fit.aicc,
            "Weight": fit.weight,
            "Models": fit.n_models,
        }
        for scaling in scalings
        for fit in scaling.fits.fits
    ]
    if rows:
        table = pd.DataFrame(rows).dropna(axis="columns", how="all")
        st.dataframe(
            table,
            hide_index=True,
            column_config={"AICc": _NUMBER(format="%.1f"), "Weight": _NUMBER(format="%.2f")},
        )
    for form, reason in scalings[0].fits.refused.items():
        st.caption(f"No {FORM_TITLES[form]}: AICc {reason}.")
    if any(fit.at_bound for scaling in scalings for fit in scaling.fits.fits):
        st.caption(
            "A saturating fit ran to its bounds: these sizes show no bend from which a roof could "
            "be read."
        )
    if rows:
        st.caption(
            "Fitted to mean scores of trained models, never to random twins. The lower AICc, the "
            "better; weights are Akaike's. Intervals are over units for these very models: they do "
            "not say what other models would have shown."
        )


def equation(fit: ScalingFit, axis: Axis, letter: str) -> str:
    """Write a fit's equation with its numbers."""
    values = {name: interval.mean for name, interval in fit.coefficients.items()}
    if fit.form == "log-linear":
        # What rises with one over perplexity falls with perplexity.
        slope = values["slope"] if axis == "n_parameters" else -values["slope"]
        size = "N" if axis == "n_parameters" else "perplexity"
        sign = "+" if slope >= 0 else "−"
        return f"{letter} = {values['intercept']:.3f} {sign} {abs(slope):.4f} log₁₀({size})"
    if axis == "n_parameters":
        ratio = f"(N / {short_number(fit.reference)})^−{values['exponent']:.2f}"
    else:
        ratio = f"(perplexity / {1 / fit.reference:.3g})^{values['exponent']:.2f}"
    return f"{letter} = {values['roof']:.3f} − {values['gap']:.3f} {ratio}"


def estimate(fit: ScalingFit, axis: Axis) -> str:
    """Say what a fit estimates of interest: the slope, or the roof."""
    if fit.form == "log-linear":
        step = "tenfold size" if axis == "n_parameters" else "tenth of the perplexity"
        return f"{_interval(fit.coefficients['slope'], '+.4f')} per {step}"
    return f"roof {_interval(fit.coefficients['roof'], '.3f')}"


def _interval(interval: Interval, form: str) -> str:
    if pd.isna(interval.low):
        return f"{interval.mean:{form}} (an interval takes 3 units)"
    return f"{interval.mean:{form}} [{interval.low:{form}}, {interval.high:{form}}]"


def show_responses(scalings: Sequence[Scaling], chosen: ScaleView) -> None:
    """Draw a row per response: its minimal model, and how it rises."""
    rows = []
    for scaling in scalings:
        model = scaling.minimal.model if scaling.minimal else None
        linear = next((fit for fit in scaling.fits.fits if fit.form == "log-linear"), None)
        rows.append(
            {
                "Response": place_words(scaling),
                "Minimal model": model_title(model) if model else "none shown",
                "Log-linear slope with 95% interval": (
                    estimate(linear, chosen.axis) if linear else "too few models"
                ),
                "Lower AICc": FORM_TITLES[scaling.fits.fits[0].form] if linear else "",
                "n": int(scaling.points["n_units"].max()),
            }
        )
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    st.caption("Each response is judged by itself, without a correction for their number.")
