"""No progress bars from libraries that have no way to turn them off."""

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

from tqdm import tqdm


@contextlib.contextmanager
def no_bars() -> Iterator[None]:
    """Silence the bars that llm-compressor and compressed-tensors draw for every layer.

    Bars that are drawn already, such as a command's own, go on.
    """
    begin = tqdm.__init__

    def begin_silently(self: Any, *args: Any, **options: Any) -> None:
        begin(self, *args, **{**options, "disable": True})

    with mock.patch.object(tqdm, "__init__", begin_silently):
        yield
