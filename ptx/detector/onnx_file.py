"""Networks in ONNX files that come with ptx, run by OpenCV, without torch."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.detector.network import PerThread
from ptx.pipeline.errors import PtxError


def open_network(path: Path, sha256: str, name: str) -> PerThread[cv2.dnn.Net]:
    """Open a network for every thread that asks for it.

    Args:
        path: the file.
        sha256: hex SHA-256 of its content.
        name: whose network it is, for messages.

    Raises:
        PtxError: the file is missing or damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PtxError(f"{path}: the {name}'s network cannot be read ({error.strerror}): install ptx again") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise PtxError(f"{path}: is not the file that came with ptx: install ptx again")
    return PerThread(partial(_load, np.frombuffer(content, np.uint8)))


def _load(content: NDArray[np.uint8]) -> cv2.dnn.Net:
    return cv2.dnn.readNetFromONNX(content)
