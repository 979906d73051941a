"""Run the notebooks of `examples/`, and store what the last cell of each shows in the notebook, small.

    python tools/notebooks.py               # all; or name some: python tools/notebooks.py transfer view

`tests/test_notebooks.py` compares with what is stored.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import nbformat
import numpy as np
from nbclient import NotebookClient
from nbformat import NotebookNode
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).parents[1]

EXAMPLES = ROOT / "examples"

WIDTH = 800
"""Most px across of pictures that are stored."""

QUALITY = 80
"""Quality of stored pictures, of 100."""

SECONDS = 600
"""Most time for a cell."""


class Shown(NamedTuple):
    """What a cell shows: a picture or a text."""

    picture: NDArray[np.uint8] | None
    """(H, W, 3)."""
    text: str


def surroundings(folder: Path) -> dict[str, str]:
    """Variables by which a kernel imports this checkout, and keeps what it writes of its own in a folder."""
    return {
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(folder / "jupyter"),
        "PYTHONPATH": str(ROOT),
    }


def run(path: Path, folder: Path) -> NotebookNode:
    """Run a notebook in a folder as it is run in `examples/`, in a kernel of its own; returns it with its outputs."""
    book = nbformat.read(path, as_version=4)
    place = folder / "examples"
    place.mkdir()
    (folder / "docs").symlink_to(ROOT / "docs")
    os.environ |= surroundings(folder)
    client = NotebookClient(book, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(place)}})
    return client.execute()


def last_shown(book: NotebookNode) -> Shown:
    """Return what the last cell shows."""
    picture, text = None, ""
    for output in book.cells[-1].outputs:
        data = output.get("data", {})
        for kind in ("image/png", "image/jpeg"):
            if kind in data:
                picture = np.asarray(Image.open(BytesIO(base64.b64decode(data[kind]))).convert("RGB"))
        text += output.get("text", "")
    return Shown(picture, text)


def store(path: Path, shown: Shown) -> None:
    """Write into a notebook what its last cell shows; everything else in it stays, without outputs."""
    book = nbformat.read(path, as_version=4)
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    if shown.picture is None:
        book.cells[-1].outputs = [nbformat.v4.new_output("stream", name="stdout", text=shown.text)]
    else:
        memory, picture = BytesIO(), Image.fromarray(shown.picture)
        picture.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
        picture.save(memory, "JPEG", quality=QUALITY)
        data = {"image/jpeg": base64.b64encode(memory.getvalue()).decode()}
        book.cells[-1].outputs = [nbformat.v4.new_output("display_data", data)]
    nbformat.write(book, path)


def main() -> None:
    """Run the notebooks that are named, or all."""
    for name in sys.argv[1:] or sorted(path.stem for path in EXAMPLES.glob("*.ipynb")):
        path = EXAMPLES / f"{name}.ipynb"
        with tempfile.TemporaryDirectory() as folder:
            store(path, last_shown(run(path, Path(folder))))
        print(path)


if __name__ == "__main__":
    main()
