import pandas as pd
import pytest

from backend.figures.dissociation import interaction_figure
from backend.figures.region_panels import region_panels


@pytest.mark.parametrize(("n", "rows", "across"), [(1, 1, 1), (6, 1, 6), (7, 2, 4), (13, 3, 5)])
def test_every_region_has_a_panel_and_no_axes_are_left_empty(
    n: int, rows: int, across: int
) -> None:
    figure, panels = region_panels([f"region {number}" for number in range(n)])
    assert len(panels) == len(list(figure.select_xaxes())) == n
    assert panels[-1]["row"] == rows
    assert max(each["col"] for each in panels) == across


def test_simulated_averages_say_so() -> None:
    averaged = pd.DataFrame(
        {
            "place": [f"region {n}" for n in range(8)], "phenomenon": "syntax", "mean": -1.0,
            "low": -2.0, "high": 0.5, "n_models": 3, "verdict": "undecided",
            "evidence": "simulated",
        }
    )  # fmt: skip
    texts = [note.text for note in interaction_figure(averaged).layout.annotations]
    assert len(texts) == 9
    assert any("SIMULATED" in text for text in texts)
