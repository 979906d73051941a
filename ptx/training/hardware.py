"""What the machine can do, and how to ask it to do it fast."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import torch


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
