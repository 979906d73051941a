"""Survivors: faults that no test can notice, since they change nothing, each with the reason why."""

from __future__ import annotations

REASONS: tuple[tuple[str, str], ...] = ()
"""(pattern of the faults' names, why they change no result)."""
