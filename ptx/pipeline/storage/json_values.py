"""JSON values, and their narrowing to the types that a reader expects."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
"""A value that JSON can hold."""

MOST_SHOWN = 60
"""Characters of a value that a message shows."""


def encode_json(value: Json) -> bytes:
    """Encode with sorted keys and one newline at the end: the same value gives the same bytes."""
    return (json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n").encode()


def decode_json(data: bytes | None) -> Json:
    """Decode the contents of a file; None where there is none or it does not parse (a torn write of an older tool)."""
    if data is None:
        return None
    try:
        value: Json = json.loads(data)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    return value


def as_object(value: Json) -> Mapping[str, Json]:
    """Return an object (JSON's mapping); raises TypeError for any other value."""
    if isinstance(value, (dict, Mapping)):  # dict first: asking an abstract class takes long
        return value
    raise TypeError(f"an object is expected, not {_shown(value)}")


def as_list(value: Json) -> Sequence[Json]:
    """Return a list; raises TypeError for any other value."""
    if isinstance(value, (list, Sequence)) and not isinstance(value, str):
        return value
    raise TypeError(f"a list is expected, not {_shown(value)}")


def as_int(value: Json) -> int:
    """Return an integer; raises TypeError for any other value."""
    if isinstance(value, int):
        return value
    raise TypeError(f"an integer is expected, not {_shown(value)}")


def as_float(value: Json) -> float:
    """Return a number; raises TypeError for any other value."""
    if isinstance(value, (int, float)):
        return value
    raise TypeError(f"a number is expected, not {_shown(value)}")


def as_str(value: Json) -> str:
    """Return a string; raises TypeError for any other value."""
    if isinstance(value, str):
        return value
    raise TypeError(f"a string is expected, not {_shown(value)}")


def _shown(value: Json) -> str:
    """Return a value as a file has it, the beginning of a long one."""
    text = json.dumps(value, default=str)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."
