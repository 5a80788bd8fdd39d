"""The types that the catalogue's YAML files are read into."""

from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

Evidence = Literal["measured", "simulated", "published"]
Point = tuple[float, float, float]


class Entry(BaseModel):
    """A catalogue entry: immutable, and closed to keys that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Reference(Entry):
    """The fields of a bibliography's entry.

    Attributes
    ----------
    kind : {"article", "inproceedings", "misc"}
    authors : tuple of str
        ``Family, Given`` each; a group's name in braces; ``others`` at the end of a list that goes
        on.
    title : str
    year : int
    venue : str or None
        The journal, or the proceedings; none for ``misc``.
    volume, number, pages : str or None
    doi, arxiv : str or None
    note : str or None
    """

    kind: Literal["article", "inproceedings", "misc"]
    authors: tuple[str, ...] = Field(min_length=1)
    title: str
    year: int
    venue: str | None = None
    volume: str | None = None
    number: str | None = None
    pages: str | None = None
    doi: str | None = None
    arxiv: str | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _check_venue(self) -> Self:
        if (self.venue is None) != (self.kind == "misc"):
            raise ValueError("an article and a paper in proceedings need a venue, misc has none")
        return self


class Citation(Entry):
    """A reference, in the words that a caption uses.

    Attributes
    ----------
    short : str
        Author and year, for labels.
    text : str
        The full reference.
    url : str
        Where it can be read.
    reference : Reference
        The same, field by field.
    """

    short: str
    text: str
    url: str
    reference: Reference


class Family(Entry):
    """A family of language models.

    Attributes
    ----------
    citations : tuple of str
        Keys in citations.yaml, of the papers behind it.
    hue : str
        Its colour on figures, by name; see :mod:`backend.figures.palette`.
    symbol : str
        Tells families that share a hue apart.
    """

    citations: tuple[str, ...] = Field(min_length=1)
    hue: Literal["blue", "green", "magenta", "olive", "red", "teal"]
    symbol: Literal[
        "circle", "square", "diamond", "triangle-up", "cross", "x", "triangle-down", "star"
    ]


class Weights(Entry):
    """Weights that are read when a model is loaded for its hidden states, without a head.

    Attributes
    ----------
    embeddings : int
        In tables of words, positions and types, which no compression touches.
    linear : int
        In the matrices of linear layers, which compressions touch.
    rows : int
        Rows of those matrices: each has a scale of its own in 8 bits.
    other : int
        Biases and norms.
    """

    embeddings: NonNegativeInt
    linear: NonNegativeInt
    rows: NonNegativeInt
    other: NonNegativeInt

    @property
    def total(self) -> int:
        """Number of weights."""
        return self.embeddings + self.linear + self.other


class ModelEntry(Entry):
    """A language model that can be chosen by name.

    Attributes
    ----------
    title : str
        Name on the screen.
    family : str
        Models of one family share a colour and a line.
    n_parameters : int
        Exact number of weights, the head of a decoder included, tied weights once.
    n_layers : int
        Transformer blocks; the states have one layer more, layer 0 being the embedding output.
    width : int
        Dimensions of a hidden state.
    context : int
        Longest input in tokens.
    licence : str
        SPDX name, or the licence's own.
    gated : bool
        The hub asks for an account that has accepted the licence.
    instruct : bool
        Tuned to follow instructions, rather than the base model.
    stored : {"float32", "float16", "bfloat16"}
        Type of the weights as they are published.
    package : str or None
        Python package that carries the weights, in its folder ``model``.
    folder : str or None
        Path inside ``assets/`` of a model that ships with the project.
    hub : str or None
        Name on the Hugging Face hub.
    architecture : dict
        What config.json says of the shapes; empty where the model's files are here to be read.
    weights : Weights or None
        Counted from the architecture; None where the model's files are here to be read.
    """

    title: str
    family: str
    n_parameters: int
    n_layers: int
    width: int
    context: int
    licence: str
    gated: bool = False
    instruct: bool = False
    stored: Literal["float32", "float16", "bfloat16"] = "float32"
    package: str | None = None
    folder: str | None = None
    hub: str | None = None
    architecture: dict[str, bool | int | str] = {}
    weights: Weights | None = None

    @model_validator(mode="after")
    def _check_place(self) -> Self:
        if not (self.package or self.folder or self.hub):
            raise ValueError("a model needs a package, a folder in assets/ or a hub name")
        return self


class Compression(Entry):
    """A transformation of a model's weights.

    Attributes
    ----------
    title : str
        Name on the screen.
    method : str or None
        Its plugin in :mod:`backend.compression`; None for full precision.
    group : {"precision", "quantization", "pruning"}
        Fewer bits for every weight, no data needed; fewer bits with care for what calibration text
        shows; weights set to zero.
    settings : dict
        What the plugin is told.
    needs_calibration : bool
        Whether the method looks at the model while it reads text.
    nominal_bits : float
        Bits that the method stores for a quantised weight. What a model really takes, embeddings
        and scales included, is measured at each run.
    summary : str
        What it does, in a sentence.
    citation : str or None
        Key in citations.yaml.
    """

    title: str
    method: str | None = None
    group: Literal["precision", "quantization", "pruning"]
    settings: dict[str, bool | float | int | str] = {}
    needs_calibration: bool = False
    nominal_bits: float
    summary: str
    citation: str | None = None


class DatasetEntry(Entry):
    """A sentence data set that is recognised by name or by its content.

    Attributes
    ----------
    title, modality, subject : str
        Names on the screen. ``subject`` says whose responses they are, or over whom averaged.
    sha256 : str
        Of the file's bytes: a file with this content is this data set, whatever it is called.
    sentence : str
        Column of the sentences.
    responses : dict of str to str
        Response columns, and the name of the region behind each.
    hemisphere : {"left", "right", "both"}
        Where the responses come from.
    group : str or None
        Column of passages or stories.
    ceilings : dict of str to float
        Noise ceiling (r) of each response, where one is known.
    evidence : {"measured", "simulated"}
        Real recordings, or responses made by a program.
    citation : str
        Key in citations.yaml.
    file : str or None
        Path inside ``assets/`` of a data set that ships with the project.
    """

    title: str
    modality: str
    subject: str
    sha256: str
    sentence: str
    responses: dict[str, str]
    hemisphere: Literal["left", "right", "both"] = "both"
    group: str | None = None
    ceilings: dict[str, float] = {}
    evidence: Literal["measured", "simulated"]
    citation: str
    file: str | None = None


class StoryDatasetEntry(Entry):
    """A data set of stories that can be chosen by name.

    Attributes
    ----------
    title, modality : str
        Names on the screen.
    subjects : tuple of str
    tr : float
        Seconds from a volume to the next.
    evidence : {"measured", "simulated"}
    citation : str
        Key in citations.yaml.
    """

    title: str
    modality: str
    subjects: tuple[str, ...]
    tr: float
    evidence: Literal["measured", "simulated"]
    citation: str


class Finding(Entry):
    """A published finding, shown beside the user's own results.

    Attributes
    ----------
    claim : str
        What was found, in a sentence or two.
    scope : str
        On what: recordings, models, subjects.
    citation : str
        Key in citations.yaml.
    reviewed : bool
        False for a preprint or a replication that nobody has reviewed.
    """

    claim: str
    scope: str
    citation: str
    reviewed: bool = True


class RoiEntry(Entry):
    """A region of interest: a sphere about a published coordinate, in each hemisphere.

    Attributes
    ----------
    title : str
        Its full name; its key is the short one.
    left : tuple of float
        Centre in the left hemisphere: x, y, z in MNI152, millimetres.
    right : tuple of float or "mirrored"
        Centre in the right hemisphere; mirrored where the paper gives only the left one, which is
        a convention and no finding about the right hemisphere.
    radius : float
        Millimetres.
    citation : str
        Key in citations.yaml, of the paper that gives the coordinate.
    """

    title: str
    left: Point
    right: Point | Literal["mirrored"]
    radius: PositiveFloat
    citation: str

    @model_validator(mode="after")
    def _check_sides(self) -> Self:
        if not self.left[0] < 0 < self.centre("right")[0]:
            raise ValueError("x is negative in the left hemisphere and positive in the right one")
        return self

    def centre(self, side: Literal["left", "right"]) -> Point:
        """Return the centre in one hemisphere: x, y, z in MNI152, millimetres."""
        if side == "left":
            return self.left
        if self.right == "mirrored":
            return (-self.left[0], self.left[1], self.left[2])
        return self.right


class Stage(Entry):
    """A stage of the order in which regions work on speech.

    Attributes
    ----------
    title : str
        What the stage works on.
    place : int
        From 1, the earliest.
    rois : tuple of str
        Keys in rois.yaml; those of one stage are not ordered among themselves.
    reason : str
        Why they stand here, in a sentence.
    citation : str
        Key in citations.yaml, of the paper that the reason comes from.
    contested : str or None
        Key in citations.yaml, of a paper that found no such step.
    """

    title: str
    place: PositiveInt
    rois: tuple[str, ...]
    reason: str
    citation: str
    contested: str | None = None
