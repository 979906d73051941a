"""`ptx doctor --report`: what a bug report needs, as text to paste, without names of people, folders or machines."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

from pydantic import BaseModel

from ptx.commands.doctor import Check
from ptx.pipeline.cluster import usable_cores
from ptx.pipeline.overrides import TEXTS, plain_types
from ptx.pipeline.storage.json_values import Json
from ptx.settings import Settings

CPU_FEATURES = ("sse4.2", "avx", "avx2", "fma", "avx512f", "neon", "sve")
"""Features of processors that change how kernels are compiled."""

HIDDEN = "(a text)"
"""Stands for settings that may name a person, a folder or a machine."""

NAME = re.compile(r"^[\w.-]+")
"""The name of a package, with which a requirement begins."""

OF_TOOLS = re.compile(r"""extra == ["'](dev|docs)["']""")
"""What marks the packages of those who work on ptx."""

PRIVATE = ("workspace", "free disk")
"""Checks whose results name a folder."""


def bug_report(settings: Settings, checks: Sequence[Check]) -> Iterator[str]:
    """Yield the lines of a report, in Markdown."""
    yield f"ptx {version('ptx')}, Python {platform.python_version()} ({platform.python_implementation()})"
    yield f"- system: {platform.platform()}, {platform.machine()}"
    yield f"- processor: {_processor()}, {usable_cores()} usable cores"
    shown = {check.name: check for check in checks if check.name not in PRIVATE}
    yield f"- GPU: {shown['GPU'].detail}{_cuda()}"
    yield f"- workspace: {'a URL' if settings.workspace.folder is None else 'a folder'}"
    there, missing = _packages()
    yield f"- packages: {', '.join(there)}"
    yield f"- not installed: {', '.join(missing) or 'none'}"
    bad = [f"{check.name}: {check.detail}" for check in checks if check.ok is False and check.name not in PRIVATE]
    bad += [f"{check.name}: not as it should be" for check in checks if check.ok is False and check.name in PRIVATE]
    yield f"- checks that fail: {'; '.join(bad) or 'none'}"
    given = [f"{name}={value}" for name, value in given_settings(settings)]
    yield f"- settings that were given: {', '.join(given) or 'none'}"


def given_settings(section: BaseModel, name: str = "") -> Iterator[tuple[str, Json]]:
    """Yield the settings of a section that were given, by name; `HIDDEN` in the place of those that are free text."""
    for field in sorted(section.model_fields_set):
        value, full = getattr(section, field), f"{name}{field}"
        if isinstance(value, BaseModel):
            yield from given_settings(value, f"{full}.")
        else:
            kinds = plain_types(type(section).model_fields[field].annotation)
            free = any(isinstance(kind, type) and not {*TEXTS}.isdisjoint(kind.__mro__) for kind in kinds)
            yield full, HIDDEN if free and value is not None and not isinstance(value, bool | int | float) else value


def _packages() -> tuple[list[str], list[str]]:
    """Return what ptx asks for, extras too, but not the tools of its developers: with its version, and what is not installed."""
    wanted = [line for line in requires("ptx") or () if not OF_TOOLS.search(line)]
    there, missing = [], []
    for name in sorted({NAME.findall(line)[0] for line in wanted}):
        try:
            there.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    return there, missing


def _processor() -> str:
    """Name the processor as compilers do, with the features that kernels are compiled for."""
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    return " ".join([binding.get_host_cpu_name(), *(name for name in CPU_FEATURES if features.get(name))])


def _cuda() -> str:
    """Return the version of CUDA that torch is built for; empty where torch is not there or built for none."""
    if find_spec("torch") is None:
        return ""
    import torch

    return "" if torch.version.cuda is None else f" (torch for CUDA {torch.version.cuda})"
