"""Mistakes of users, samples that cannot be used, and names of files in words."""

from __future__ import annotations

import re
from dataclasses import dataclass

OBJECT = re.compile(r" ?<[^<>]* object at 0x[0-9a-fA-F]+>")
"""How Python writes an object that has no name, in messages of libraries."""


def name_bytes(name: str) -> bytes:
    """Encode a name as it is on disk; Python keeps its bytes that are no UTF-8 as surrogates."""
    return name.encode("utf-8", "surrogateescape")


def printable(text: str) -> str:
    """Return a text that can be printed and encoded everywhere: bytes of file names that are no UTF-8 become \\xe9 and the like."""
    try:
        text.encode()
    except UnicodeEncodeError:
        try:
            return name_bytes(text).decode("utf-8", "backslashreplace")
        except UnicodeEncodeError:  # surrogates that stand for no byte, such as those of a JSON file
            return text.encode("utf-8", "backslashreplace").decode()
    return text


class PtxError(Exception):
    """A mistake a user can mend: one clear line saying what, where and how. The CLI prints it and exits with 2."""

    def __str__(self) -> str:
        return printable(super().__str__())


@dataclass(frozen=True)
class Problem:
    """The reason why a sample cannot be used."""

    code: str
    """One word to count and to select by, such as `no_person`."""
    text: str
    """The reason in plain words."""

    @classmethod
    def parse(cls, stored: str) -> Problem:
        """Read the form in which records keep a problem, `code: text`."""
        code, _, text = stored.partition(": ")
        return cls(code, text)

    @property
    def stored(self) -> str:
        """The form in which records keep it, `code: text`."""
        return f"{self.code}: {self.text}"


class BadSample(Exception):
    """A sample that cannot be used: stages quarantine it and go on. Any other exception is a defect of the program."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.problem = Problem(code, printable(text))

    def __str__(self) -> str:
        return self.problem.text


class StageError(Exception):
    """A defect of a stage, raised from the exception that showed it; says on which sample it shows again."""

    def __init__(self, stage: str, where: str, sample: int | None = None) -> None:
        super().__init__(stage, where, sample)
        self.stage = stage
        self.where = where
        """The sample or samples, such as "pair 17"."""
        self.sample = sample
        """Number of the sample that fails by itself; None where only the whole block fails."""

    def __str__(self) -> str:
        return f"{self.stage} failed on {self.where}"


def one_line(error: BaseException, most: int = 120) -> str:
    """Return an error's message on one line of at most `most` characters, without addresses of objects, or its class where it has none."""
    words = OBJECT.sub("", f"no {error}" if isinstance(error, KeyError) else str(error))
    return " ".join(words.split())[:most] or type(error).__name__
