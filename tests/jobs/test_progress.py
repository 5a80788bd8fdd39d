import sys

from backend.jobs.progress import Silent, Terminal


def test_terminal_shows_each_stage_and_its_steps(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    progress = Terminal()
    progress.stage("reading", 4)
    progress.advance(3)
    progress.stage("fitting", 2)
    progress.advance()
    progress.advance()
    progress.close()
    shown = capsys.readouterr().err.replace("\r", "\n")
    assert "3/4" in shown
    assert "2/2" in shown
    assert shown.index("reading") < shown.index("fitting")


def test_a_log_is_not_filled_with_bars(capsys):
    progress = Terminal()
    progress.stage("reading", 4)
    progress.advance(3)
    progress.note("layer 1")
    progress.close()
    assert capsys.readouterr().err == ""


def test_terminal_can_be_closed_before_it_has_begun(capsys):
    progress = Terminal()
    progress.advance()
    progress.close()
    assert capsys.readouterr().err == ""


def test_silent_says_nothing(capsys):
    progress = Silent()
    progress.stage("reading", 4)
    progress.advance()
    assert capsys.readouterr() == ("", "")
