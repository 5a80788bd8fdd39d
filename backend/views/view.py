"""One view of the app: a page and everything that is chosen on it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from backend.errors import InputError, first_problem

Page = Literal[
    "overview", "cortex", "layers", "scale", "compression", "probing", "dissociation", "claims",
    "run",
]  # fmt: skip
PAGES: tuple[Page, ...] = get_args(Page)
# The address of the first page has no name in it.
_HOME: Page = "overview"
_MOST_PARAMETERS = 64
_MOST_VALUES = 256


def _printable(text: str) -> str:
    if any(ord(character) < 32 and character not in "\n\t" for character in text):
        raise ValueError("control characters are not accepted")
    return text


Key = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")]
Value = Annotated[str, Field(max_length=4000), AfterValidator(_printable)]


class View(BaseModel):
    """What a link, a saved view, an undo step, a step of a talk and an exported figure are.

    Attributes
    ----------
    page : str
        One of ``PAGES``.
    parameters : dict of str to tuple of str
        The query parameters of the page's address: the sidebar's selection and the page's own
        controls. A parameter without a value is left out.
    title, note : str
        Plain text, shown as it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    page: Page
    parameters: Annotated[
        dict[Key, Annotated[tuple[Value, ...], Field(max_length=_MOST_VALUES)]],
        Field(max_length=_MOST_PARAMETERS),
    ] = {}
    title: Annotated[str, Field(max_length=200), AfterValidator(_printable)] = ""
    note: Annotated[str, Field(max_length=4000), AfterValidator(_printable)] = ""

    @field_validator("parameters", mode="before")
    @classmethod
    def _as_written(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        values = {key: _values(value) for key, value in given.items()}
        return {key: value for key, value in values.items() if value != ()}

    def __hash__(self) -> int:
        """Let views be kept in sets and as keys of caches."""
        return hash((self.page, tuple(sorted(self.parameters.items())), self.title, self.note))

    def link(self) -> str:
        """Write the address that opens this view, below the address of the app.

        Returns
        -------
        str
            For example ``/layers?data=demo-cortex&models=minilm-l6``.
        """
        query = urlencode(self.parameters, doseq=True)
        path = "/" if self.page == _HOME else f"/{self.page}"
        return f"{path}?{query}" if query else path

    @classmethod
    def from_link(cls, url: str) -> Self:
        """Read the view that an address opens.

        Parameters
        ----------
        url : str
            Whole, or from its path on.

        Returns
        -------
        View

        Raises
        ------
        InputError
            If it is not the address of a page, or its query is not one that a page writes.
        """
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise InputError(f"{_short(url)} is no address of a page ({error}).") from error
        page = parts.path.rstrip("/").rsplit("/", 1)[-1]
        if page not in PAGES and (not page or parts.path.endswith("/")):
            # A server may have the app below an address of its own.
            page = _HOME
        if page not in PAGES:
            raise InputError(
                f"{_short(url)} leads to no page; accepted are {', '.join(PAGES)}, for example "
                "/layers?data=demo-cortex"
            )
        parameters: dict[str, list[str]] = {}
        for key, value in parse_qsl(parts.query):
            parameters.setdefault(key, []).append(value)
        try:
            return cls.model_validate({"page": page, "parameters": parameters})
        except ValidationError as error:
            raise InputError(f"{_short(url)} is no view: {first_fault(error)}.") from error


def first_fault(error: ValidationError) -> str:
    """Say in one line what is wrong first, where, and what was given.

    Parameters
    ----------
    error : pydantic.ValidationError

    Returns
    -------
    str
    """
    fault = error.errors()[0]
    given = _short(fault["input"]) if fault["type"] != "missing" else "nothing"
    return f"{first_problem(error)} ({given} was given)"


def _values(value: Any) -> Any:
    """Take one value for a list of one, and numbers and truths for what an address says."""
    if isinstance(value, list | tuple):
        return tuple(_word(item) for item in value if item not in (None, ""))
    return () if value in (None, "") else (_word(value),)


def _word(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _short(value: object) -> str:
    return repr(value)[:80]
