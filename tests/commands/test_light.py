"""What the commands that paint by the surface engine import: no torch, and nothing of SMPL's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ptx
from tests.commands.runner import ENVIRONMENT

POSE = Path(__file__).parents[2] / "docs" / "poses" / "stride.json"

UNNEEDED = {"dask", "distributed", "lightning_fabric", "onnxruntime", "smplx", "tensorboard", "torch"}
"""Packages that take seconds to import, or whose terms are not those of ptx."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["transfer", str(ptx.EXAMPLE), "--pose", str(POSE), "--mend", "-o", "out.png"],
        ["view", str(ptx.EXAMPLE), "--yaw", "30", "-o", "out.png"],
        ["avatar", str(ptx.EXAMPLE), "-o", "out.glb"],
    ],
    ids=lambda words: words[0],
)
def test_the_surface_engine_imports_no_torch(words: list[str], tmp_path: Path) -> None:
    program = (
        f"import json, sys\nsys.argv = {['ptx', *words]!r}\nfrom ptx.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert not UNNEEDED & set(json.loads(done.stdout.splitlines()[-1]))
    assert [path.stem for path in tmp_path.iterdir()] == ["out"]
