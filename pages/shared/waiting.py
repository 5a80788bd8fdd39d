"""What the Run page's form does while something is still to be chosen."""


class Waiting(Exception):  # noqa: N818
    """Something is still to be chosen; the text says what."""
