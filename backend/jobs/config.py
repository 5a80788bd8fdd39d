"""The request for one encoding run: what the CLI parses, the Run page builds and a worker gets."""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from backend import catalog
from backend.compression import Calibration

Split = Literal["contiguous", "grouped", "shuffled"]
# Fields that requests did not always have, and what their absence meant: at that value they are
# left out of the hash, so that a run keeps its name.
_ADDED_LATER = {"calibration": None, "targets": "all", "story_context": None}
ProbeSource = Literal["bundled", "holmes", "transcript", "pairs", "cloze"]
StorySplit = Literal["leave-story-out", "test-story", "contiguous", "shuffled"]


class Request(BaseModel):
    """What every encoding run states, whatever was presented.

    Attributes
    ----------
    dataset : str
        Catalogue name, or the name under which the user's data are filed.
    data_sha256 : str
        Hash of the data, so that edited data are another run.
    evidence : {"measured", "simulated"}
    citation : str
        Text of the data set's reference.
    subject, modality : str
        Whose responses, and how recorded.
    model : str
        Catalogue name, folder name or hub name.
    model_fingerprint : str or None
        Hash of a local model's files.
    trust_remote_code : bool
        Whether code that comes with the model might run; it was asked for of this model.
    compression : str
        A name in compressions.yaml.
    calibration : Calibration or None
        What a calibrated compression was shown; None for the others.
    layers : tuple of int or None
        None for all.
    seed : int
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    dataset: str = Field(min_length=1, max_length=120)
    data_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    evidence: Literal["measured", "simulated"] = "measured"
    citation: str
    subject: str = "not stated"
    modality: str = "not stated"
    model: str
    model_fingerprint: str | None = None
    trust_remote_code: bool = False
    compression: str = "none"
    calibration: Calibration | None = None
    layers: tuple[int, ...] | None = None
    seed: int = Field(default=0, ge=0, lt=2**32)

    @field_validator("compression")
    @classmethod
    def _known_compression(cls, value: str) -> str:
        if value not in catalog.compressions():
            known = ", ".join(catalog.compressions())
            raise ValueError(f"unknown compression {value!r}; accepted are {known}")
        return value

    @model_validator(mode="after")
    def _calibrated(self) -> Self:
        needed = catalog.compressions()[self.compression].needs_calibration
        if needed and self.calibration is None:
            raise ValueError(f"{self.compression} needs to be told its calibration text")
        return self

    @model_serializer(mode="wrap")
    def _said_where_it_holds(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what only few requests say, so that the others read as they always did."""
        stated: dict[str, Any] = handler(self)
        if not stated.get("trust_remote_code"):
            stated.pop("trust_remote_code", None)
        return stated

    @property
    def run_id(self) -> str:
        """Hash of the request: the run's name, cache key and file name."""
        stated = {
            name: value
            for name, value in self.model_dump(mode="json").items()
            if name not in _ADDED_LATER or value != _ADDED_LATER[name]
        }
        text = json.dumps(stated, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class EncodingConfig(Request):
    """Everything that decides the scores of a run on sentences.

    Attributes
    ----------
    sentence : str
        Column of the sentences.
    responses : tuple of str
        Columns of the responses.
    group : str or None
        Column of passages.
    ceilings : tuple of (float or None)
        Noise ceiling (r) of each response, None where unknown.
    hemisphere : {"left", "right", "both"}
        Where the responses come from.
    pooling : {"mean", "last"}
        Over a sentence's tokens.
    split : {"contiguous", "grouped", "shuffled"}
    n_folds, gap : int
        See :func:`backend.encoding.folds.make_folds`.
    """

    sentence: str
    responses: tuple[str, ...] = Field(min_length=1)
    group: str | None = None
    ceilings: tuple[float | None, ...]
    hemisphere: Literal["left", "right", "both"] = "both"
    pooling: Literal["mean", "last"] = "mean"
    split: Split = "contiguous"
    n_folds: int = Field(ge=2)
    gap: int = Field(ge=0)

    @model_validator(mode="after")
    def _ceilings_fit(self) -> "EncodingConfig":
        if len(self.ceilings) != len(self.responses):
            raise ValueError("ceilings needs one entry per response, None where it is unknown")
        if any(value is not None and not 0 < value <= 1 for value in self.ceilings):
            raise ValueError("a noise ceiling is a correlation above 0 and up to 1")
        return self


class StoryConfig(Request):
    """Everything that decides the scores of a run on stories.

    Attributes
    ----------
    kind : {"stories"}
        Tells this request from one on sentences.
    tr : float
        Seconds from a volume to the next.
    context : int
        Context length C, in tokens.
    context_mode : {"strided", "exact"}
        See :mod:`backend.features.contexts`.
    pooling : {"last", "mean"}
        Over a word's sub-words.
    downsampling : {"lanczos", "mean", "sum", "last"}
        From words to TRs; see :func:`backend.encoding.alignment.downsample`.
    delays : tuple of int
        FIR delays in TRs; empty when ``hrf`` names a response function instead.
    hrf : {"glover", "spm"} or None
    trim_head, trim_tail : int
        TRs left out at either edge of each story.
    split : {"leave-story-out", "test-story", "contiguous", "shuffled"}
    test_stories : tuple of str
        Held out by the split ``test-story``.
    n_folds : int or None
        None lets the split decide.
    gap : int
        TRs dropped beside a contiguous block.
    ceiling : {"given", "repeats", "subjects"} or None
        Where the noise ceiling comes from; None where there is none.
    ceiling_floor : float
        Targets with a lower ceiling are left out of normalized predictivity, and counted.
    permutations : int
        Of blocks of TRs, for p-values; 0 for none.
    targets : {"all", "regions"}
        Which are fitted: all, or those that lie in a region, which leaves no map.
    """

    kind: Literal["stories"] = "stories"
    tr: float = Field(gt=0)
    context: int = Field(default=128, ge=1)
    context_mode: Literal["strided", "exact"] = "strided"
    pooling: Literal["last", "mean"] = "last"
    downsampling: Literal["lanczos", "mean", "sum", "last"] = "lanczos"
    delays: tuple[int, ...] = (1, 2, 3, 4)
    hrf: Literal["glover", "spm"] | None = None
    trim_head: int = Field(default=5, ge=0)
    trim_tail: int = Field(default=5, ge=0)
    split: StorySplit = "leave-story-out"
    test_stories: tuple[str, ...] = ()
    n_folds: int | None = Field(default=None, ge=2)
    gap: int = Field(default=10, ge=0)
    ceiling: Literal["given", "repeats", "subjects"] | None = None
    ceiling_floor: float = Field(default=0.1, gt=0, lt=1)
    permutations: int = Field(default=1000, ge=0)
    targets: Literal["all", "regions"] = "all"

    @model_validator(mode="after")
    def _delays_or_hrf(self) -> "StoryConfig":
        if self.hrf is None and not self.delays:
            raise ValueError("give at least one delay, or the name of an HRF")
        if self.hrf is not None and self.delays:
            raise ValueError("FIR delays and an HRF are two ways to the same end; give one")
        if any(delay < 0 for delay in self.delays):
            raise ValueError("a response cannot come before its stimulus; delays are 0 or more")
        return self


class StoryContext(BaseModel):
    """How much of its story a model reads before a word; see :class:`StoryConfig`.

    Attributes
    ----------
    context : int
    mode : {"strided", "exact"}
    pooling : {"last", "mean"}
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    context: int = Field(default=128, ge=1)
    mode: Literal["strided", "exact"] = "strided"
    pooling: Literal["last", "mean"] = "last"


class ProbingConfig(Request):
    """Everything that decides the scores of a run of probes.

    Attributes
    ----------
    kind : {"probing"}
        Tells this request from the others.
    source : {"bundled", "holmes", "transcript", "pairs", "cloze"}
        What is asked: see :mod:`backend.probing.sources`. The last two score a causal model's
        probabilities, the others its states.
    tasks : tuple of str
        Tasks or phenomena; none means all.
    n_seeds : int
        Draws of training items, and of the control tasks' labels.
    story_context : StoryContext or None
        Of labels over a transcript: what of the story is read before a word, as encoding models
        read it; None where each sentence is read by itself.
    """

    kind: Literal["probing"] = "probing"
    source: ProbeSource = "bundled"
    tasks: tuple[str, ...] = ()
    n_seeds: int = Field(default=3, ge=1, le=20)
    story_context: StoryContext | None = None

    @model_validator(mode="after")
    def _context_of_a_story(self) -> "ProbingConfig":
        if self.story_context is not None and self.source != "transcript":
            raise ValueError("only the words of a transcript have a story to be read in")
        return self


class _Task(BaseModel):
    """A request and where, on this machine, its files are."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    data_path: Path
    model_name: str
    store: Path
    device: Literal["auto", "cpu", "cuda"] = "auto"
    calibration_path: Path | None = None
    cache: Path | None = None


class Task(_Task):
    """A request on sentences, and where on this machine its files are.

    Attributes
    ----------
    config : EncodingConfig
    data_path : Path
        The sentence table whose hash the request carries.
    model_name : str
        What :func:`backend.features.sources.resolve_model` is given: a name or a folder.
    store : Path
        Folder of the result store.
    device : {"auto", "cpu", "cuda"}
    calibration_path : Path or None
        The user's calibration text; None for one that ships with the project.
    cache : Path or None
        Folder of the feature cache; None for the usual one.
    """

    config: EncodingConfig


class StoryTask(_Task):
    """A request on stories, and where on this machine its files are.

    Attributes
    ----------
    config : StoryConfig
    data_path : Path
        Folder of transcripts and responses whose hash the request carries; for a data set that is
        simulated on first use, the folder it is kept in.
    model_name, store, device, calibration_path
        As in :class:`Task`.
    cache : Path
        Folder of the feature cache.
    """

    config: StoryConfig
    cache: Path


class ProbeTask(BaseModel):
    """A request for probes, and where on this machine its files are.

    Attributes
    ----------
    config : ProbingConfig
    probes_path : Path or None
        File or folder whose hash the request carries; None for what ships with the project.
    transcript_path : Path or None
        What word-level labels are held to.
    model_name, store, device, calibration_path
        As in :class:`Task`.
    cache : Path or None
        Folder of the feature cache, for texts that are read in their story; None for the usual one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    config: ProbingConfig
    probes_path: Path | None = None
    transcript_path: Path | None = None
    model_name: str
    store: Path
    device: Literal["auto", "cpu", "cuda"] = "auto"
    calibration_path: Path | None = None
    cache: Path | None = None


AnyTask = Task | StoryTask
"""What encodes; the two kinds share no set of fields, so the text of one is never taken for the
other."""
AnyJob = AnyTask | ProbeTask
"""What a worker may be given."""
