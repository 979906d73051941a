"""`ptx doctor`: what works on this machine, and how to get what does not."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from ptx.datasets.mediapipe import INSTALL
from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage import remote

REQUIRED = ("numpy", "numba", "opencv-python-headless", "zarr", "numcodecs", "dask", "torch", "smplx", "pydantic")

LEAST_FREE = 5e9
"""Bytes of free disk below which a warning is due."""


@dataclass(frozen=True)
class Check:
    """One finding."""

    name: str
    ok: bool | None
    """None: optional, and not there."""
    detail: str
    cure: str = ""


def report(workspace: Path) -> list[Check]:
    """All checks; never raises."""
    return [*_versions(), *_backends(), *_machine(workspace)]


def _versions() -> Iterator[Check]:
    yield Check("Python", sys.version_info >= (3, 11), platform.python_version(), "ptx needs Python 3.11 or newer")
    for name in ("ptx", *REQUIRED):
        try:
            yield Check(name, True, version(name))
        except PackageNotFoundError:
            yield Check(name, False, "not installed", f"pip install {name}")


def _backends() -> Iterator[Check]:
    yield _optional("keypoints from photographs (mediapipe)", "mediapipe", INSTALL)
    yield _optional("pytorch3d renderer", "pytorch3d", "see github.com/facebookresearch/pytorch3d; nothing needs it")
    try:
        torch = importlib.import_module("torch")
        found = torch.cuda.get_device_name(0) if torch.cuda.is_available() else ""
        cure = "" if found else "training runs on the CPU; a CUDA build of torch and a driver make it use a GPU"
        yield Check("GPU", True if found else None, found or "none seen by torch", cure)
    except Exception as error:  # a broken torch is what a doctor is for
        yield Check("GPU", False, f"torch cannot be imported: {error}", "pip install --force-reinstall torch")


def _optional(name: str, module: str, cure: str) -> Check:
    if find_spec(module) is None:
        return Check(name, None, "not installed", cure)
    return Check(name, True, version(module))


def _machine(workspace: Path) -> Iterator[Check]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Check("cores", True, f"{cores} usable; `run.workers` is how many are used")
    if not isinstance(workspace, Path):
        yield _answers(workspace)
        return
    folder = workspace
    while not folder.exists():
        folder = folder.absolute().parent
    writable = os.access(folder, os.W_OK)
    yield Check(
        "workspace",
        writable,
        str(workspace),
        "" if writable else f"{folder} cannot be written to: name another `workspace:`",
    )
    free = shutil.disk_usage(folder).free
    cure = "" if free >= LEAST_FREE else "`ptx run all --dry-run` says what is needed"
    yield Check("free disk", free >= LEAST_FREE, f"{free / 1e9:.1f} GB", cure)


def _answers(workspace: Path) -> Check:
    try:
        remote.reach(workspace)
    except PtxError as error:
        return Check("workspace", False, str(workspace), str(error))
    return Check("workspace", True, str(workspace))
