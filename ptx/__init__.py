"""From photographs of people to a trained human-pose-transfer model."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """`ptx.load`, imported when it is asked for: torch takes seconds."""
    if name == "load":
        from ptx.inference.model import load

        return load
    raise AttributeError(f"module 'ptx' has no attribute '{name}'")
