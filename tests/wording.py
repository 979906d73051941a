"""Rules of what is said to users: one line a mistake, in no words of the program's inside."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[1] / "ptx"

SPOKEN = {"DataSetKind", "TensorBoard"}
"""Words in the form of class names that users know: those of plug-ins, which their authors write."""

INSIDE = re.compile(
    r"\bNone\b|NoneType|Traceback|<class |<function | object at 0x|\bptx\.[a-z]\w*\.\w+|\bself\b|__\w+__"
)
"""Words that only who reads the source understands."""

PLACE = re.compile(r"\{|--[a-z]|`[^`]+`|\b[a-z_]+\.[a-z_]+\b|^[a-z]+(?: [a-z]+)?: ")
"""What tells where a mistake is: a value such as a file's name, an option, a command, a setting, or a field of a form."""

NO_PLACE = (
    "the GPU's memory is full",
    "the Dask scheduler went away",
    "all workers died",
    "its arms do not hang",  # after the file's name
    "name a person, or send their photographs",
    "a round is written as gif or mp4",
)
"""Beginnings of texts on the machine, or of what is missing altogether, which is nowhere."""


PATH = re.compile(r"(?<![\w<])/[^\s:,;)]+")
"""Paths from the root, whose words are those of users."""


class Message(NamedTuple):
    """The text of an error in the source, with `{...}` where a value stands."""

    where: str
    """File and line."""
    error: str
    """Name of its class."""
    text: str


@cache
def class_names() -> frozenset[str]:
    """Names of the classes of ptx that are no single English word."""
    source = "\n".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))
    names = re.findall(r"^class (\w+)", source, re.MULTILINE)
    return frozenset(name for name in names if re.fullmatch(r"(?:[A-Z][a-z]+){2,}", name)) - SPOKEN


def faults(text: str) -> list[str]:
    """Tell what is wrong with the words of an error; several mistakes may stand in as many lines."""
    out = []
    text = PATH.sub("a file", text)
    if not text.strip() or any(not line.strip() for line in text.split("\n")):
        out.append("has an empty line")
    out += [f"says {found.group().strip()!r}" for found in INSIDE.finditer(text)]
    out += [f"names the class {word}" for word in re.findall(r"\b(?:[A-Z][a-z]+){2,}\b", text) if word in class_names()]
    return out


@cache
def messages() -> tuple[Message, ...]:
    """Return the texts of all errors for users in the source, but those that are made elsewhere and only passed on."""
    return tuple(_messages())


def _messages() -> Iterator[Message]:
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                text = _template(node.args[-1])
                if node.func.id in ("PtxError", "BadSample") and text is not None:
                    yield Message(f"{file.relative_to(PACKAGE)}:{node.lineno}", node.func.id, text)


def _template(node: ast.expr) -> str | None:
    """Return a text of the source with `{...}` for its values; None where it is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{...}" for part in node.values)
    if isinstance(node, ast.BinOp):
        return f"{_template(node.left) or '{...}'}{_template(node.right) or '{...}'}"
    return None
