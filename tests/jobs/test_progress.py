from backend.jobs.progress import Silent, Terminal


def test_terminal_shows_each_stage_and_its_steps(capsys):
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
