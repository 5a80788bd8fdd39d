"""How long work says where it is, and how it is told to stop."""

from __future__ import annotations

from typing import Never, Protocol

from tqdm import tqdm


class Progress(Protocol):
    """What a task reports to: a terminal, a status file, or nothing."""

    def stage(self, name: str, total: int) -> None:
        """Begin a stage of ``total`` steps."""

    def advance(self, n: int = 1) -> None:
        """Say that ``n`` more steps are done; may raise :class:`~backend.errors.CancelledError`."""

    def note(self, text: str) -> None:
        """Say which part of the stage is at work, such as a layer or a story."""


class Silent:
    """Progress that nobody watches."""

    def stage(self, name: str, total: int) -> None:
        """Ignore the stage."""

    def advance(self, n: int = 1) -> None:
        """Ignore the step."""

    def note(self, text: str) -> None:
        """Ignore the note."""


class Terminal:
    """A progress bar on standard error, one per stage; none where that is a log."""

    def __init__(self) -> None:
        self._bar: tqdm[Never] | None = None

    def stage(self, name: str, total: int) -> None:
        """Close the last bar and open one named ``name``."""
        self.close()
        # None: no bar where standard error is no terminal, whose log it would fill.
        bar: tqdm[Never] = tqdm(
            total=total, desc=f"{name:<22}", unit="step", leave=True, disable=None
        )
        self._bar = bar

    def advance(self, n: int = 1) -> None:
        """Move the bar by ``n``."""
        if self._bar is not None:
            self._bar.update(n)

    def note(self, text: str) -> None:
        """Write ``text`` behind the bar."""
        if self._bar is not None:
            self._bar.set_postfix_str(text)

    def close(self) -> None:
        """Leave the last bar as it stands."""
        if self._bar is not None:
            self._bar.close()
