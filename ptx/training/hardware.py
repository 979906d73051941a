"""The processes that train together, their arithmetic, and how memory is kept between steps."""

from __future__ import annotations

import ctypes
import os
import sys
import warnings
from typing import Literal

import torch
from lightning_fabric import Fabric
from lightning_fabric.utilities.exceptions import MisconfigurationException

from ptx.models.variants import Precision
from ptx.pipeline.errors import PtxError, one_line
from ptx.training.settings import TrainSettings

Arithmetic = Literal["fp32", "bf16"]
"""Arithmetic of a training, `auto` resolved."""

FABRIC_PRECISIONS: dict[Arithmetic, Literal["32-true", "bf16-mixed"]] = {"fp32": "32-true", "bf16": "bf16-mixed"}
"""Fabric's names of arithmetics."""

LONGEST_MESSAGE = 1000
"""Characters of another library's message that are shown."""

M_TRIM_THRESHOLD = -1
"""Parameter of mallopt (malloc.h): bytes free at the heap's end above which they go back to the kernel."""

M_MMAP_THRESHOLD = -3
"""Parameter of mallopt (malloc.h): bytes above which an allocation gets pages of its own."""


def join_processes(name: str, settings: TrainSettings, precision: Arithmetic) -> Fabric:
    """Join the processes that train together, one a device: those that torchrun or srun started, or on one machine started here.

    Args:
        name: of the training.
        settings: its section.
        precision: the arithmetic, `auto` resolved.

    Raises:
        PtxError: the settings ask for other processes than were started, or for devices that are not there.
    """
    wanted = settings.devices * settings.nodes
    started = _started_processes()
    section = name.replace("-", "_")
    if started not in (None, wanted):
        raise PtxError(
            f"{name}: {started} processes were started, but {section}.devices={settings.devices} × "
            f"{section}.nodes={settings.nodes} are {wanted}: give the numbers that torchrun or srun is given"
        )
    if started is None and settings.nodes > 1:
        raise PtxError(
            f"{name}: {section}.nodes={settings.nodes} needs a launcher: `ptx submit {name}`, or start the command by "
            "srun or torchrun on every node"
        )
    keep_freed_memory()
    warnings.filterwarnings("ignore", message="The `srun` command is available")  # a training may well run without it
    try:
        fabric = Fabric(
            accelerator="auto",
            devices=settings.devices,
            num_nodes=settings.nodes,
            strategy="ddp" if wanted > 1 else "auto",
            precision=FABRIC_PRECISIONS[precision],
        )
        fabric.launch()
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        raise PtxError(f"{name}: its processes cannot be joined: {one_line(error, LONGEST_MESSAGE)}") from error
    return fabric


def _started_processes() -> int | None:
    """Number of processes that a launcher started for this training; None where none did."""
    for name in ("TORCHELASTIC_RUN_ID", "SLURM_STEP_NUM_TASKS"):  # the latter is not set in a job's own shell
        if name in os.environ:
            return int(os.environ["WORLD_SIZE" if name.startswith("TORCH") else name])
    return None


def arithmetic(wanted: Precision, begun: Precision) -> Arithmetic:
    """Resolve the setting `precision`: auto is the arithmetic that the model was begun with, so that two are never mixed.

    Args:
        wanted: the setting.
        begun: what the model that is gone on with was begun with; auto where it is new, or of a ptx that did not record it: bf16
            where the machine multiplies it natively, else fp32.
    """
    known = begun if wanted == "auto" else wanted
    if known == "auto":
        return "bf16" if has_bf16() else "fp32"
    return known


def has_bf16() -> bool:
    """True where the GPU, or without one the CPU, has instructions for bfloat16."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


def keep_freed_memory() -> None:
    """Keep the memory that a step frees for the next step, on Linux.

    The C library otherwise gives every large tensor back to the kernel, and the next one is paid for page by page: up to
    40 % of a training step on a CPU.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 1 << 30)
        mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)
