"""Faults for mutation testing: small wrong changes of the source, one at a time, drawn from its syntax trees."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from mutation.named import NAMED
from ptx.models import variants

FOLDERS = ("models", "training", "evaluation", "geometry")
"""Folders of ptx whose code is changed."""

SAMPLED = 80
"""Faults of the group `rest`."""

SEED = 0
"""Seed of their choice."""

Group = Literal["named", "losses", "presets", "metrics", "rest"]

LOSS_FILES = (
    "models/losses.py",
    "models/pose_flow_losses.py",
    "models/vgg.py",
    "models/efficientnet_lite.py",
    "training/recipes/",
)
"""Files, or folders, whose loss functions and optimisers are changed everywhere."""

LOSS_NAMES = ("loss", "terms", "optimiser", "reconstruction", "end_point", "perceptual", "style", "gram")
"""Parts of the names of functions that compute losses."""

PRESET_FILES = ("training/trainings/", "training/settings.py")
"""Files, or folders, of presets and defaults."""

METRIC_FILES = (
    "models/ssim.py", "evaluation/metrics.py", "evaluation/pckh.py", "evaluation/fid.py", "evaluation/protocols.py",
    "evaluation/picture_scores.py", "evaluation/lpips.py", "evaluation/bootstrap.py", "evaluation/classifiers.py",
)  # fmt: skip
"""Files of metrics, all of whose numbers are changed."""

SWAPPED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "*"),
    ast.Lt: ("<", ">="), ast.LtE: ("<=", ">"), ast.Gt: (">", "<="), ast.GtE: (">=", "<"), ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="), ast.And: ("and", "or"), ast.Or: ("or", "and"), ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"),
    ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
}  # fmt: skip
"""Operator → how it is written, and its fault."""

CHOICES = {
    choice: next(other for other in get_args(value) if other != choice)
    for value in vars(variants).values()
    for choice in get_args(value)
    if isinstance(choice, str)
}
"""Value of a setting that chooses a variant → another value."""


@dataclass(frozen=True)
class Fault:
    """One wrong change of a file."""

    group: Group
    file: str
    """Path below `ptx`."""
    line: int
    kind: str
    start: int
    """First character that is replaced."""
    old: str
    new: str

    @property
    def name(self) -> str:
        """The fault in one line: where it is, and what becomes what."""
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{self.file}:{self.line} {self.kind}: {old[:60]} → {new[:60]}"

    def apply(self, source: str) -> str:
        """Return the source with the fault."""
        end = self.start + len(self.old)
        assert source[self.start : end] == self.old, self.name
        return source[: self.start] + self.new + source[end:]


def faults(package: Path) -> list[Fault]:
    """All faults that tests are to notice, in a fixed order: named ones, all of losses, presets and metrics, a sample of the rest."""
    found = [fault for file in sorted(_files(package)) for fault in drawn(package, file)]
    rest = [fault for fault in found if fault.group == "rest"]
    sample = set(random.Random(SEED).sample(rest, min(SAMPLED, len(rest))))
    kept = [*_named(package), *(fault for fault in found if fault.group != "rest" or fault in sample)]
    return sorted(kept, key=lambda fault: get_args(Group).index(fault.group))


def _files(package: Path) -> Iterator[str]:
    for folder in FOLDERS:
        yield from (path.relative_to(package).as_posix() for path in (package / folder).rglob("*.py"))


def _named(package: Path) -> Iterator[Fault]:
    for file, old, new in NAMED:
        source = (package / file).read_text()
        assert source.count(old) == 1, f"{file}: '{old}' is there {source.count(old)} times"
        start = source.index(old)
        yield Fault("named", file, source[:start].count("\n") + 1, "named", start, old, new)


def drawn(package: Path, file: str) -> Iterator[Fault]:
    """All faults of a file, by position."""
    source = (package / file).read_text()
    finder = _Finder(file, source)
    finder.visit(ast.parse(source))
    yield from sorted(finder.found, key=lambda fault: fault.start)


class _Finder(ast.NodeVisitor):
    """Collects the faults of one file."""

    def __init__(self, file: str, source: str) -> None:
        self.file = file
        self.source = source
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.lines = source.splitlines()
        self.functions: list[str] = []
        self.found: list[Fault] = []

    # --- where something is -------------------------------------------------------------------------------------------

    def offset(self, line: int, column: int) -> int:
        """Character of a position; `column` counts bytes of UTF-8."""
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def span(self, node: ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def group(self) -> Group:
        if self.file.startswith(PRESET_FILES):
            return "presets"
        if self.file.startswith(METRIC_FILES):
            return "metrics"
        in_loss = any(name in function for function in self.functions for name in LOSS_NAMES)
        if self.file.startswith(LOSS_FILES) and (in_loss or not self.functions):
            return "losses"
        return "rest"

    def add(self, kind: str, line: int, start: int, old: str, new: str) -> None:
        self.found.append(Fault(self.group(), self.file, line, kind, start, old, new))

    def replace(self, kind: str, node: ast.expr, new: str) -> None:
        start, end = self.span(node)
        self.add(kind, node.lineno, start, self.source[start:end], new)

    # --- what is changed ----------------------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.functions.append(node.name.lower())
        for part in (*node.body, *node.args.defaults, *(value for value in node.args.kw_defaults if value)):
            self.visit(part)  # neither annotations nor decorators
        self.functions.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
        if isinstance(node.annotation, ast.Subscript) and "Field(" in ast.unparse(node.annotation):
            return  # bounds of settings guard users, not results

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg in ("frozen", "strict") and isinstance(node.value, ast.Constant):
            self.replace(node.arg, node.value, str(not node.value.value))  # named so that they can have reasons
        else:
            self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.replace("default", node, str(not node.value))
        elif isinstance(node.value, int):
            self.replace("number", node, str(node.value + 1))
        elif isinstance(node.value, float):
            self.replace("number", node, repr(node.value * 2 if node.value else 1.0))
        elif isinstance(node.value, str) and node.value in CHOICES:
            self.replace("default", node, repr(CHOICES[node.value]))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.USub | ast.Not):
            start, end = self.span(node.operand)
            self.replace("sign", node, self.source[start:end])
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self.operator(node.left, node.right, node.op)
        if isinstance(node.op, ast.Sub | ast.Div | ast.MatMult):
            (a, b), (c, d) = self.span(node.left), self.span(node.right)
            start, end = self.span(node)
            swapped = self.source[start:a] + self.source[c:d] + self.source[b:c] + self.source[a:b] + self.source[d:end]
            self.add("operands", node.lineno, start, self.source[start:end], swapped)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, right, op in zip((node.left, *node.comparators), node.comparators, node.ops, strict=False):
            self.operator(left, right, op)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.operator(node.values[0], node.values[1], node.op)
        self.generic_visit(node)

    def operator(self, left: ast.expr, right: ast.expr, op: ast.AST) -> None:
        """Put another operator between two operands."""
        if type(op) not in SWAPPED:
            return
        old, new = SWAPPED[type(op)]
        start, end = self.span(left)[1], self.span(right)[0]
        between = self.source[start:end]
        if between.count(old) == 1:
            self.add("operator", left.lineno, start, between, between.replace(old, new))

    def visit_Assign(self, node: ast.Assign) -> None:
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and ast.unparse(target).startswith(("terms[", "losses[")):
            self.drop(node.value)
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        if self.functions and self.group() == "losses":
            for value in node.values:
                self.drop(value)
        self.generic_visit(node)

    def drop(self, value: ast.expr) -> None:
        """Make a term of a loss zero."""
        if isinstance(value, ast.BinOp | ast.Call | ast.Name | ast.Attribute):
            start, end = self.span(value)
            self.add("loss term", value.lineno, start, self.source[start:end], f"0 * ({self.source[start:end]})")

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if "Tensor" not in ast.unparse(node.value) and ast.unparse(node.value) not in (
            "Literal",
            "tuple",
            "dict",
            "list",
        ):
            self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leave texts as they are."""

    def visit_Raise(self, node: ast.Raise) -> None:
        """Leave messages as they are."""

    def visit_Assert(self, node: ast.Assert) -> None:
        """Leave assertions as they are: they speak to the type checker."""
