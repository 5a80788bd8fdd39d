"""What can be wrong between a story's words and its responses."""

from collections.abc import Sequence

from backend.datasets.findings import Findings
from backend.datasets.response_files import RunFile
from backend.datasets.response_formats import CIFTI
from backend.datasets.story_layout import RESPONSES
from backend.datasets.story_recording import StoryRun
from backend.datasets.story_settings import NAME, StorySettings
from backend.datasets.volumes import header_tr
from backend.stimuli import Words

_LONG_TAIL = 60.0


def check_story_names(
    settings: StorySettings | None, stories: Sequence[str], findings: Findings
) -> None:
    """Note stories that the description names and that there are not.

    Parameters
    ----------
    settings : StorySettings or None
    stories : sequence of str
        Of the transcripts.
    findings : Findings
        Gains a problem for each key.
    """
    if settings is None or not stories:
        return
    starts = settings.start if isinstance(settings.start, dict) else {}
    for key, names in (("test_stories", settings.test_stories), ("start", tuple(starts))):
        unknown = [name for name in names if name not in stories]
        if unknown:
            findings.problems.append(
                f"{NAME}: {key} names {', '.join(map(repr, unknown))}; the transcripts are of "
                f"{', '.join(stories)}."
            )


def check_names(
    subject: str, files: Sequence[RunFile], stories: Sequence[str], findings: Findings
) -> None:
    """Compare the stories of the transcripts with those of the responses.

    Parameters
    ----------
    subject : str
    files : sequence of RunFile
    stories : sequence of str
        Of the transcripts.
    findings : Findings
        Gains a problem for responses without words or none at all, a warning for words without
        responses.
    """
    heard = list(dict.fromkeys(file.story for file in files))
    if not heard:
        findings.problems.append(
            f"{RESPONSES}/{subject}/ holds no responses; STORY.npy, .npz or .nii.gz is accepted."
        )
        return
    if not stories:
        return
    both = f"transcripts: {', '.join(stories)}; responses of {subject}: {', '.join(heard)}"
    unknown = [story for story in heard if story not in stories]
    unheard = [story for story in stories if story not in heard]
    if unknown:
        findings.problems.append(
            f"{subject}: {', '.join(map(repr, unknown))} has responses and no transcript ({both}). "
            "A story has the same name on both sides; repeats end in .run-1, .run-2."
        )
    elif unheard:
        findings.warnings.append(
            f"{subject}: {', '.join(map(repr, unheard))} has a transcript and no responses, and is "
            f"left out ({both})."
        )


def check_header(file: RunFile, settings: StorySettings, findings: Findings) -> None:
    """Compare the TR that a NIfTI file states with the one that counts.

    Parameters
    ----------
    file : RunFile
    settings : StorySettings
    findings : Findings
        Gains a warning where they differ.
    """
    name = file.path.name.lower()
    if not name.endswith((".nii", ".nii.gz")) or name.endswith(CIFTI):
        return
    stated = header_tr(file.path)
    if stated is not None and abs(stated - settings.tr) > 0.01 * settings.tr:
        findings.warnings.append(
            f"{file.label} states a TR of {stated:g} s, and {NAME} {settings.tr:g} s; the latter "
            "is used."
        )


def check_length(run: StoryRun, file: RunFile, tr: float, words: Words, findings: Findings) -> None:
    """Compare a run's time with its story's.

    Parameters
    ----------
    run : StoryRun
    file : RunFile
    tr : float
        Seconds.
    words : Words
    findings : Findings
        Gains a problem where less than half of the story was recorded, a warning where some of
        it was not or the recording goes on for long.
    """
    n_trs, n_targets = run.responses.shape
    end = run.start + n_trs * tr
    recorded = (words.midpoints >= run.start) & (words.midpoints < end)
    times = (
        f"the recording runs from {run.start:.1f} to {end:.1f} s ({n_trs:,} TRs of {tr:g} s) and "
        f"the words to {words.seconds:.1f} s"
    )
    hint = f"Check tr and start in {NAME}, and that this is the story's own recording."
    if abs(run.start + n_targets * tr - words.seconds) < _LONG_TAIL < abs(end - words.seconds):
        hint = f"Its shape is ({n_trs}, {n_targets}): are TRs and targets interchanged?"
    if recorded.mean() < 0.5:
        findings.problems.append(
            f"{file.label}: only {int(recorded.sum()):,} of the story's {len(words):,} words were "
            f"recorded: {times}. {hint}"
        )
        return
    if not recorded.all():
        findings.warnings.append(
            f"{file.label}: {int((~recorded).sum()):,} of {len(words):,} words lie outside the "
            f"recording and are left out: {times}."
        )
    if end - words.seconds > _LONG_TAIL:
        findings.warnings.append(
            f"{file.label} goes on for {end - words.seconds:.0f} s after the last word: {times}. "
            f"{hint}"
        )
