"""How a sweep stands, in words."""

from backend.sweeps.folder import SweepFolder, SweepStatus


def sweep_lines(folder: SweepFolder, status: SweepStatus) -> list[str]:
    """Say how a sweep stands, a line for each thing there is to say.

    Parameters
    ----------
    folder : SweepFolder
    status : SweepStatus

    Returns
    -------
    list of str
    """
    lines = [f"{folder.name}: {progress_line(status)}"]
    if status.message:
        lines.append(status.message)
    if status.active:
        lines += [status.place, memory_line(status)]
    lines += [
        f"at work: {each['message']}: {each['stage']} {each['done']}/{each['total']} {each['note']}"
        for each in (folder.running() if status.active else [])
    ]
    return [line for line in lines if line]


def progress_line(status: SweepStatus) -> str:
    """Say how far a sweep is, how fast it goes and how long it may take."""
    if not status.total and status.state == "done":
        return "done: the store had everything"
    parts = [f"{status.state}, {status.done} of {status.total} pieces done"]
    if status.failed:
        parts.append(f"{status.failed} failed")
    if status.active:
        parts.append(f"{status.waiting} in the queue")
        if status.rate is not None:
            parts.append(f"{status.rate:.0f} an hour")
        if status.seconds_left is not None:
            parts.append(f"about {duration(status.seconds_left)} left")
    return f"{', '.join(parts)}, {duration(status.seconds)} so far"


def memory_line(status: SweepStatus) -> str:
    """Say what the workers hold."""
    limit = f" of {gigabytes(status.memory_limit)}" if status.memory_limit else ""
    return f"{status.workers} worker(s), {gigabytes(status.memory)}{limit} of memory"


def duration(seconds: float) -> str:
    """Write seconds in the unit that a person would use."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def gigabytes(n_bytes: float) -> str:
    """Write bytes as gigabytes, or megabytes where they are few."""
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.0f} MB"
