"""The visibility labels are the numbers that stores and the published .corr files hold."""

from __future__ import annotations

import subprocess
import sys

from ptx.geometry.labels import BACKGROUND, HIDDEN, VISIBLE


def test_numbers_are_those_of_the_published_files() -> None:
    """A .corr file of system A's data packs: 0 visible, 1 hidden, 2 background (Li, Huang and Loy, CVPR 2019)."""
    assert (VISIBLE, HIDDEN, BACKGROUND) == (0, 1, 2)


def test_importing_the_labels_imports_nothing_else() -> None:
    code = "import sys, ptx.geometry.labels; print(*{'numpy', 'numba', 'torch', 'cv2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
