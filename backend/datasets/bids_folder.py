"""A folder of BIDS derivatives as a data set of stories: what fMRIPrep writes, and its like.

``sub-XX/[ses-YY/]func/`` holds ``..._task-NAME[_run-N]_space-MNI152NLin2009cAsym_desc-preproc_bold
.nii.gz`` with its ``desc-brain_mask``, ``..._hemi-L_space-fsaverage5_bold.func.gii`` with the right
hemisphere beside it, or ``..._space-fsLR_den-91k_bold.dtseries.nii``. The TR is that of the JSON
file beside a recording, or of its header. Words come from ``transcripts/STORY.*`` in the folder,
or from a run's ``events.tsv``, here or in the raw data set.

References
----------
The Brain Imaging Data Structure 1.10, "Derivatives" and "Task events" (onsets count from the first
volume that is stored; ``stim_file``; ``StartTime`` and ``SliceTimingCorrected``). fMRIPrep,
"Outputs of fMRIPrep".
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.datasets.bids_events import Events, read_events
from backend.datasets.bids_facts import (
    citation,
    off_middle,
    other_side,
    sidecar_of,
    stated_tr,
)
from backend.datasets.bids_masks import common_mask
from backend.datasets.bids_names import BidsFile, drop_runs, functional, read_json, recordings
from backend.datasets.findings import Findings
from backend.datasets.response_files import RunFile
from backend.datasets.story_layout import RESPONSES, TRANSCRIPTS, read_transcripts
from backend.datasets.story_settings import (
    NAME,
    BidsSettings,
    StorySettings,
    check_settings,
    load_settings,
)
from backend.datasets.story_space import resolve
from backend.datasets.volumes import Mask, read_mask
from backend.errors import InputError
from backend.stimuli import Words

DESCRIPTION = "dataset_description.json"
_BRAIN_MASK = "desc-brain_mask"
_SAME_TIME = 0.05


def is_bids(folder: Path) -> bool:
    """Whether a folder is one of BIDS derivatives, rather than of transcripts and responses.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    bool
    """
    return not (folder / RESPONSES).is_dir() and any(folder.glob("sub-*"))


class BidsFolder:
    """Recordings that fMRIPrep, or software like it, has preprocessed.

    ``dataset.yaml`` is needed only for what the files do not tell: which space, where there are
    several (``bids: {space: fsaverage5}``), the citation, regions, ceilings, test stories.

    Parameters
    ----------
    folder : Path
    findings : Findings
        Gains what is wrong with the description, the words and the names.
    """

    def __init__(self, folder: Path, findings: Findings) -> None:
        self._folder = folder
        written = load_settings(folder / NAME, findings) if (folder / NAME).exists() else {}
        chosen = _choice(written or {})
        self._files = list(functional(folder / (chosen.derivatives or "")))
        self._found = self._choose(chosen, findings)
        self.settings = self._describe(written, findings)
        has_folder = (folder / TRANSCRIPTS).is_dir()
        stimuli, self.unread = read_transcripts(folder, findings) if has_folder else ({}, ())
        self.stimuli: dict[str, Words] = dict(stimuli)
        self._has_start = "start" in (written or {})
        self._events = self._find_events(chosen, findings)
        self._runs = self._name_runs(findings)
        self.subjects: Sequence[str] = sorted(self._runs)
        if self._found and not self._runs:
            findings.problems.append(
                "no run has words: give transcripts/TASK.TextGrid (or .csv, .tsv, .json), or "
                "events.tsv files with a column 'word'. The tasks are "
                f"{', '.join(sorted({file.entities['task'] for file in self._found}))}."
            )

    def runs(self, subject: str, findings: Findings) -> list[RunFile]:
        """List a subject's runs that have words; each subject was looked at beforehand."""
        return self._runs.get(subject, [])

    def mask(self, subject: str) -> Mask | None:
        """Read the mask that the description names, or the voxels that are brain in every run."""
        if self.settings is None or self.settings.space.kind != "volume":
            return None
        if self.settings.space.mask and self.settings.space.mask != _BRAIN_MASK:
            return read_mask(resolve(self._folder, self.settings.space.mask, subject))
        return common_mask(self._masks(subject), subject)

    def files(self, subject: str) -> Iterator[Path]:
        """Give the files on which a subject's results depend, in order."""
        for name in (NAME, DESCRIPTION):
            if (self._folder / name).is_file():
                yield self._folder / name
        yield from sorted(path for path in self._folder.glob(f"{TRANSCRIPTS}/*") if path.is_file())
        own = [file for file in self._found if file.path in self._paths(subject)]
        for file in own:
            events = self._events_of(file)
            beside = [other_side(file), sidecar_of(file), None if events is None else events.path]
            for path in (file.path, *beside):
                if path is not None and path.is_file():
                    yield path
        if self.settings is not None and self.settings.space.kind == "volume":
            yield from self._masks(subject)

    def _choose(self, chosen: BidsSettings, findings: Findings) -> list[BidsFile]:
        """Take the recordings of one space and one kind of processing."""
        found, dropped = drop_runs(recordings(self._files), chosen.leave_out)
        if dropped:
            findings.warnings.append(
                f"{len(dropped)} runs are left out, as {NAME} says (bids.leave_out): "
                f"{', '.join(dropped)}"
            )
        wanted = {"space": chosen.space, "res": chosen.res, "desc": chosen.desc}
        fitting = [
            file
            for file in found
            if all(
                value is None or value in (file.entities.get(key), key == "space" and file.space)
                for key, value in wanted.items()
            )
            and (chosen.tasks is None or file.entities["task"] in chosen.tasks)
        ]
        there = ", ".join(sorted({file.variant for file in found})) or "none"
        variants = sorted({file.variant for file in fitting})
        if not fitting:
            asked = {key: value for key, value in chosen.model_dump().items() if value}
            findings.problems.append(
                f"there is no preprocessed recording {asked or ''} in sub-*/func/; there are: "
                f"{there}. Files such as sub-01_task-story_space-fsaverage5_hemi-L_bold.func.gii "
                "or ..._desc-preproc_bold.nii.gz are accepted."
            )
        elif len(variants) > 1:
            findings.problems.append(
                f"there are recordings of {len(variants)} kinds: {', '.join(variants)}. Say which "
                f"one in {NAME}: bids: {{space: ..., desc: ...}} (res: and tasks: too)."
            )
            return []
        return fitting

    def _describe(
        self, written: Mapping[str, Any] | None, findings: Findings
    ) -> StorySettings | None:
        """Add to what is written what the files say themselves."""
        if written is None or not self._found:
            return None
        description = read_json(self._folder / DESCRIPTION)
        # fMRIPrep names its output after itself; the data have the name of the raw data set.
        raw = self._raw(_choice(written), Findings())
        told = description if raw is None else read_json(raw / DESCRIPTION)
        name = str(told.get("Name") or (raw or self._folder).resolve().name)
        first = self._found[0]
        space = {"name": first.space, "kind": first.kind}
        if first.kind == "volume":
            space["mask"] = _BRAIN_MASK
        known: dict[str, Any] = {
            "name": name, "evidence": "measured", "modality": "fMRI",
            "citation": citation(description, name), **written,
        }  # fmt: skip
        given = written.get("space")
        known["space"] = {**space, **given} if isinstance(given, dict) else given or space
        if "tr" not in known:
            tr = self._tr(findings)
            if tr is None:
                return None
            known["tr"] = tr
        return check_settings(known, findings)

    def _tr(self, findings: Findings) -> float | None:
        stated = {file.path.name: stated_tr(file) for file in self._found}
        known = sorted({round(tr, 4) for tr in stated.values() if tr is not None})
        if len(known) == 1:
            return known[0]
        if known:
            findings.problems.append(
                f"runs have TRs of {', '.join(f'{tr:g}' for tr in known)} s; choose runs of one TR "
                f"in {NAME}: bids: {{tasks: [...]}}."
            )
        else:
            findings.problems.append(
                f"no file states the TR (RepetitionTime in a run's JSON file); write tr in {NAME}."
            )
        return None

    def _find_events(self, chosen: BidsSettings, findings: Findings) -> list[tuple[BidsFile, Path]]:
        """Find tables of events, here and in the raw data set, without reading them."""
        beside = [file for file in self._files if file.suffix == "events"]
        raw = self._raw(chosen, findings)
        elsewhere = [] if raw is None else functional(raw)
        return [
            (file, file.path)
            for file in (*beside, *elsewhere)
            if file.suffix == "events" and file.ending == ".tsv"
        ]

    def _raw(self, chosen: BidsSettings, findings: Findings) -> Path | None:
        """Find the raw data set: as named, or where BIDS keeps it, ``RAW/derivatives/THIS``."""
        if chosen.raw:
            raw = self._folder / chosen.raw
            if not raw.is_dir():
                findings.problems.append(f"{NAME}: bids.raw: there is no folder {raw}.")
            return raw
        if chosen.derivatives:
            return self._folder
        above = self._folder.resolve().parent
        return above.parent if above.name == "derivatives" else None

    def _events_of(self, file: BidsFile) -> Events | None:
        path = next((path for other, path in self._events if other.same_run(file)), None)
        return None if path is None else read_events(path)

    def _name_runs(self, findings: Findings) -> dict[str, list[RunFile]]:
        """Find the story of each run, and when it began; runs without words are left aside."""
        runs: dict[str, list[RunFile]] = {}
        aside: list[str] = []
        for file in self._found:
            subject = f"sub-{file.entities['sub']}"
            with findings.collected(file.path.name):
                run = self._run(file, findings)
                if run is None:
                    aside.append(file.path.name)
                    continue
                before = [each for each in runs.get(subject, []) if each.story == run[0]]
                found = RunFile(file.path, run[0], len(before) + 1, run[1])
                runs.setdefault(subject, []).append(found)
        if aside and runs:
            findings.warnings.append(
                f"{len(aside)} runs have no words and are left aside: {', '.join(aside[:5])}"
                f"{', ...' if len(aside) > 5 else ''}"
            )
        return runs

    def _run(self, file: BidsFile, findings: Findings) -> tuple[str, float | None] | None:
        """Name a run's story, and say how long after its start the first volume was."""
        events = self._events_of(file)
        story = self._transcript(file, events)
        if story is None:
            if events is None or not events.has_words:
                return None
            words, first = events.words()
            return self._add(file, words, findings), -first + off_middle(file)
        if self._has_start:
            return story, None
        onset = None if events is None else events.onset(story)
        if onset is None:
            findings.warnings.append(
                f"{file.path.name}: no events.tsv says when {story} began; it is taken to begin "
                f"with the first volume. Write start in {NAME} where it does not."
            )
        return story, -(onset or 0.0) + off_middle(file)

    def _transcript(self, file: BidsFile, events: Events | None) -> str | None:
        """Find the transcript of a run: by its own name, by its stimulus, by its task."""
        task, run = file.entities["task"], file.entities.get("run")
        names = [] if run is None else [f"{task}_run-{run}", f"{task}_run-{run.lstrip('0')}"]
        names += [] if events is None else [story for story, _ in events.stimuli]
        known = {*self.stimuli, *self.unread}
        return next((name for name in (*names, task) if name in known), None)

    def _add(self, file: BidsFile, words: Words, findings: Findings) -> str:
        """File the words of a run's events under its task; other words get the run's number."""
        task, run = file.entities["task"], file.entities.get("run", "1")
        for name in (task, f"{task}_run-{run}"):
            known = self.stimuli.setdefault(name, words)
            if known.words == words.words:
                if abs(known.onsets - words.onsets).max() > _SAME_TIME:
                    findings.warnings.append(
                        f"{file.path.name}: the words of {name} have other times than in the first "
                        "run with them, whose times are used."
                    )
                return name
        raise InputError(
            f"other words than in other runs with the number {run} of {task}; a run's number "
            "stands for the same words in every subject. Give transcripts/ by stimulus instead."
        )

    def _paths(self, subject: str) -> set[Path]:
        return {run.path for run in self._runs.get(subject, [])}

    def _masks(self, subject: str) -> list[Path]:
        """Find the brain masks of a subject's runs, on their grid."""
        paths = []
        for file in self._found:
            if file.path in self._paths(subject):
                paths += [
                    other.path
                    for other in self._files
                    if other.suffix == "mask"
                    and other.entities.get("desc") == "brain"
                    and other.same_run(file)
                    and all(
                        other.entities.get(key) == file.entities.get(key)
                        for key in ("space", "res")
                    )
                ]
        return paths


def _choice(written: Mapping[str, Any]) -> BidsSettings:
    """Read the choice of recordings; what is wrong with it is said with all settings."""
    try:
        return BidsSettings.model_validate(written.get("bids") or {})
    except ValueError:
        return BidsSettings()
