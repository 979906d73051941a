"""The one exception that stands for a user's mistake."""

from __future__ import annotations


class PtxError(Exception):
    """A mistake a user can mend: one clear line saying what, where and how. The CLI prints it and exits with 2."""
