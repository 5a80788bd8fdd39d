"""Sweeps on the Run page: how they stand, pause and cancel, and a new one."""

from pathlib import Path

import pytest

from backend.sweeps.config import parse_sweep
from backend.sweeps.folder import SweepFolder, SweepStatus, sweep_folder
from backend.sweeps.piece_work import Result
from tests.pages.conftest import RUN, Open, is_well, words


@pytest.fixture
def folder(store: Path) -> SweepFolder:
    folder = sweep_folder(store, "night")
    folder.path.mkdir(parents=True)
    folder.write(SweepStatus("running", 10, 3, 1, 6, 120.0, 60.0, 90.0, 2, 10**9, 4 * 10**9))
    folder.add(Result("run-a", "failed", "the disk is **full**"))
    folder.log("one line")
    return folder


def test_a_sweep_at_work_is_shown_paused_and_cancelled(open_app: Open, folder: SweepFolder) -> None:
    with folder.lock():
        app = open_app(RUN)
        assert is_well(app)
        (bar,) = app.get("progress")
        assert "6 in the queue, 120 an hour, about 2 min left" in bar.text
        shown = "\n".join(block.value for block in app.code)
        for part in ("2 worker(s), 1.0 GB of 4.0 GB", "run-a: the disk is **full**", "one line"):
            assert part in shown
        app.button(key="pause-night").click().run()
        assert folder.wishes("pause")
        app.button(key="cancel-sweep-night").click().run()
        assert folder.wishes("cancel")


def test_a_sweep_whose_process_is_gone_can_go_on(open_app: Open, folder: SweepFolder) -> None:
    app = open_app(RUN)
    assert "**lost** · `night`" in words(app)
    assert app.button(key="go-night")


def test_a_new_sweep_is_planned_and_started(
    open_app: Open, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    monkeypatch.setattr(
        "pages.shared.sweeps.start_sweep",
        lambda sweep, folder: started.append(sweep) or (sweep_folder(folder, sweep.name), 1),
    )
    app = open_app(RUN)
    app.button(key="sweep_plan").click().run()
    assert any("4 runs: 0 in the store, 4 to do" in text.value for text in app.text)
    app.text_area(key="sweep_text").set_value("name: a\nmodles: [b]\n")
    app.button(key="sweep_start").click().run()
    assert started == []
    assert any("did you mean 'models'?" in block.value for block in app.code)


def test_a_sweep_is_put_together_from_lists(open_app: Open) -> None:
    app = open_app(RUN)
    app.multiselect(key="sweep_models").set_value(["cortexscale-0.1m", "minilm-l6"])
    app.multiselect(key="sweep_data").set_value(["demo-sentences", "demo-cortex"]).run()
    app.multiselect(key="sweep_subjects").set_value(["sub-02"])
    app.multiselect(key="sweep_compressions").set_value(["none", "bnb-nf4"])
    app.multiselect(key="sweep_contexts").set_value([64, 128])
    app.number_input(key="sweep_seeds").set_value(2)
    app.text_input(key="sweep_name").set_value("night")
    app.button(key="sweep_write").click().run()
    assert is_well(app)
    sweep = parse_sweep(app.text_area(key="sweep_text").value)
    assert sweep.name == "night"
    assert sweep.models == ("cortexscale-0.1m", "minilm-l6")
    assert sweep.compressions == ("none", "bnb-nf4")
    assert [(data.dataset, data.subjects) for data in sweep.datasets] == [
        ("demo-sentences", None),
        ("demo-cortex", ("sub-02",)),
    ]
    assert (sweep.contexts, sweep.seeds) == ((64, 128), (0, 1))
    # Nothing chosen is told as it is of a file.
    app.multiselect(key="sweep_models").set_value([])
    app.button(key="sweep_write").click().run()
    app.button(key="sweep_plan").click().run()
    assert any("models" in block.value for block in app.code)
