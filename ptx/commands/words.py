"""Words for people: durations, sizes and rates."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Write seconds as people say them: 42 s, 3 min 10 s, 2 h 5 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(count: float) -> str:
    """Write bytes as people say them: 12 B, 3.4 kB, 5.6 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def counted(number: int, noun: str) -> str:
    """Write a number of things whose plural ends in s: 1 row, 2 rows."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def rate(per_second: float) -> str:
    """Write a rate with three digits, whole from 100 on: 0.0141/s, 20.5/s, 1234/s."""
    return f"{per_second:.0f}/s" if per_second >= 100 else f"{per_second:.3g}/s"
