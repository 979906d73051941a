"""What the machine can do, how to ask it to do it fast, and processes that do it together."""

from __future__ import annotations

import ctypes
import os
import sys
import warnings
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.utilities.exceptions import MisconfigurationException

from ptx.pipeline.errors import PtxError
from ptx.training.settings import TrainSettings


def join(name: str, settings: TrainSettings) -> Fabric:
    """The processes that train together, one a device: those that torchrun or srun started, or on one machine started here.

    Raises:
        PtxError: the settings ask for other processes than were started, or for devices that are not there.
    """
    wanted, started = settings.devices * settings.nodes, _started()
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
            precision=precision(settings.precision),
        )
        fabric.launch()
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        raise PtxError(f"{name}: its processes cannot be joined: {' '.join(str(error).split())}") from error
    return fabric


def _started() -> int | None:
    """How many processes a launcher started for this training; None where none did."""
    for name in ("TORCHELASTIC_RUN_ID", "SLURM_STEP_NUM_TASKS"):  # the latter is not set in a job's own shell
        if name in os.environ:
            return int(os.environ["WORLD_SIZE" if name.startswith("TORCH") else name])
    return None


def precision(wanted: str) -> Any:
    """Fabric's name of an arithmetic: `wanted` is fp32, bf16, or auto (bf16 where the machine multiplies it natively)."""
    if wanted == "auto":
        wanted = "bf16" if has_bf16() else "fp32"
    return {"fp32": "32-true", "bf16": "bf16-mixed"}[wanted]


def has_bf16() -> bool:
    """Whether the GPU, or without one the CPU, has instructions for bfloat16."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


def keep_freed_memory() -> None:
    """Keep what a step frees for the next step, on Linux.

    The C library otherwise gives every large tensor back to the kernel, and the next one is paid for page by page: up to
    40 % of a training step on a CPU.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        trim_threshold, mmap_threshold = -1, -3  # malloc.h
        mallopt(mmap_threshold, 1 << 30)
        mallopt(trim_threshold, (1 << 31) - 1)
