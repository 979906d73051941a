"""The one exception that stands for a user's mistake."""

from __future__ import annotations


class PtxError(Exception):
    """A mistake a user can mend: one clear line saying what, where and how. The CLI prints it and exits with 2."""


def one_line(error: Exception, most: int = 120) -> str:
    """An error's own words on one line of at most so many characters; its name where it has none."""
    return " ".join(str(error).split())[:most] or type(error).__name__
