"""Checks of this machine: versions, optional packages, the GPU, cores, the workspace, free disk."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from ptx.app.run import INSTALL as INSTALL_APP
from ptx.datasets.picture_formats import AVIF_HINT, HEIF_HINT, has_avif
from ptx.detector.network import INSTALL, NO_WHEEL
from ptx.pipeline.cluster import usable_cores
from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.storage.storage import Storage
from ptx.video.pyav import INSTALL as INSTALL_AV

REQUIRED = ("numpy", "numba", "opencv-python-headless", "zarr", "numcodecs", "dask", "torch", "smplx", "pydantic")
"""Distributions without which ptx does not work."""

MIN_PYTHON = (3, 11)
"""Oldest version of Python that ptx works with."""

MIN_FREE_BYTES = 5e9
"""Bytes of free disk below which a warning is due."""


@dataclass(frozen=True)
class Check:
    """The result of one check."""

    name: str
    ok: bool | None
    """None: optional, and not there."""
    detail: str
    cure: str = ""
    """What to do; empty where nothing need be done."""


def examine(workspace: Storage) -> list[Check]:
    """Make all checks; never raises."""
    return [*_versions(), *_optional_packages(), _gpu(), _cores(), *_workspace(workspace)]


def _versions() -> Iterator[Check]:
    recent = sys.version_info >= MIN_PYTHON
    cure = "" if recent else f"ptx needs Python {'.'.join(map(str, MIN_PYTHON))} or newer"
    yield Check("Python", recent, platform.python_version(), cure)
    for name in ("ptx", *REQUIRED):
        try:
            yield Check(name, True, version(name))
        except PackageNotFoundError:
            yield Check(name, False, "not installed", f"pip install {name}")


def _optional_packages() -> Iterator[Check]:
    intel_mac = sys.platform == "darwin" and platform.machine() == "x86_64"
    yield _optional("keypoints from photographs (ai-edge-litert)", "ai_edge_litert", NO_WHEEL if intel_mac else INSTALL)
    yield _optional("HEIC pictures (pillow-heif)", "pillow_heif", HEIF_HINT)
    yield _optional("films (av)", "av", INSTALL_AV)
    yield _optional("the page of `ptx app` (starlette)", "starlette", INSTALL_APP)
    yield _optional("networks of yours in .onnx (onnxruntime)", "onnxruntime", "pip install 'ptx[onnx]'")
    yield _optional("workers as jobs of clusters (dask-jobqueue)", "dask_jobqueue", "pip install 'ptx[cluster]'")
    yield _optional("workspaces at URLs (s3fs)", "s3fs", "pip install 'ptx[remote]'")
    avif = has_avif()
    yield Check("AVIF pictures", avif or None, "read by Pillow" if avif else "not read", "" if avif else AVIF_HINT)
    yield _optional("pytorch3d renderer", "pytorch3d", "see github.com/facebookresearch/pytorch3d; nothing needs it")


def _optional(name: str, module: str, cure: str) -> Check:
    if find_spec(module) is None:
        return Check(name, None, "not installed", cure)
    return Check(name, True, version(module))


def _gpu() -> Check:
    try:
        import torch

        if torch.cuda.is_available():
            return Check("GPU", True, torch.cuda.get_device_name(0))
    except Exception as error:  # whatever a broken torch raises
        cure = "pip install --force-reinstall torch"
        return Check("GPU", False, f"torch cannot be imported: {one_line(error)}", cure)
    cure = "training runs on the CPU; a CUDA build of torch and a driver make it use a GPU"
    return Check("GPU", None, "none that torch can use", cure)


def _cores() -> Check:
    return Check("cores", True, f"{usable_cores()} usable; `run.workers` is how many are used")


def _workspace(workspace: Storage) -> Iterator[Check]:
    try:
        workspace.check()
    except PtxError as error:
        yield Check("workspace", False, str(workspace), str(error))
        return
    folder = None if workspace.folder is None else _existing(workspace.folder)
    writable = folder is None or os.access(folder, os.W_OK)
    cure = "" if writable else f"{folder} cannot be written to: name another `workspace:`"
    yield Check("workspace", writable, str(workspace), cure)
    free = workspace.free_bytes()
    if free is not None:
        enough = free >= MIN_FREE_BYTES
        cure = "" if enough else "`ptx run all --dry-run` says what is needed"
        yield Check("free disk", enough, f"{free / 1e9:.1f} GB", cure)


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder
