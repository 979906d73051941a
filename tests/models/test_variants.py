"""Modules that settings and workers read: importing them does not load torch."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["variants", "imagenet", "onnx_network", "shipped"])
def test_no_torch(module: str) -> None:
    code = f"import sys, ptx.models.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
