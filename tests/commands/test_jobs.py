import pytest

from backend.jobs.local import JobStatus, start_job, write_status
from backend.jobs.request import build_task, choose_data


@pytest.fixture
def job(table, gpt2_folder, store, monkeypatch):
    """A failed job with a log."""
    data = choose_data(str(table), "sentence", ["left_ifg"])
    task, _ = build_task(data, str(gpt2_folder), store)
    with monkeypatch.context() as patch:
        patch.setattr("backend.jobs.local.subprocess.Popen", lambda *a, **o: None)
        job = start_job(task)
    write_status(job.folder, JobStatus("failed", "reading sentences", 3, 40, "it broke", 1.0))
    (job.folder / "log.txt").write_text("first\nlast line\n")
    return job


def test_jobs_lists_each_with_its_state(cli, job):
    out = cli("jobs", "--store", job.task.store).out
    for part in (job.run_id, "failed", "reading sentences 3/40", "toy, tiny-gpt2", "it broke"):
        assert part in out


def test_no_jobs_says_where_they_come_from(cli, tmp_path):
    assert "the app's Run page, starts them" in cli("jobs", "--store", tmp_path).out


def test_jobs_prints_a_log(cli, job):
    assert cli("jobs", "--store", job.task.store, "--log", job.run_id).out == "first\nlast line\n"


def test_cancelling_an_ended_job_tells_its_state(cli, job):
    outcome = cli("jobs", "--store", job.task.store, "--cancel", job.run_id)
    assert (outcome.code, outcome.out) == (0, f"{job.run_id}: failed\n")


@pytest.mark.parametrize("option", ["--cancel", "--log"])
def test_an_unknown_job_is_refused_with_those_there_are(cli, job, option):
    outcome = cli("jobs", "--store", job.task.store, option, "0123")
    assert outcome.code == 2
    assert f"no job '0123'; jobs of this store: {job.run_id}" in outcome.errors[0]


def test_work_computes_a_job(cli, job, monkeypatch):
    seen = []
    monkeypatch.setattr("backend.jobs.worker.work", lambda folder: seen.append(folder) or 0)
    assert cli("work", job.folder).code == 0
    assert seen == [job.folder]


def test_work_on_a_folder_without_a_job(cli, tmp_path):
    outcome = cli("work", tmp_path)
    assert outcome.code == 2
    assert "no readable job" in outcome.errors[0]
