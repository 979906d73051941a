"""Files that live as long as one job, for what reads and writes files only."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ptx.app.messages import Upload
from ptx.pipeline.errors import PtxError


@contextmanager
def private_folder(names: Mapping[str, str]) -> Iterator[Path]:
    """Make a folder that is gone at the end.

    Args:
        names: file in it → what messages call it.

    Raises:
        PtxError: as what is done with the files, by these names.
    """
    with tempfile.TemporaryDirectory(prefix="ptx-app-") as folder:
        try:
            yield Path(folder)
        except PtxError as error:
            text = str(error)
            for file, name in names.items():
                text = text.replace(str(Path(folder) / file), name).replace(file, name)
            raise PtxError(text) from None


@contextmanager
def as_files(uploads: Sequence[Upload]) -> Iterator[list[Path]]:
    """Lay uploads into files that are gone at the end; raises PtxError as what is done with them, by the names that the user knows."""
    files = [f"upload{index}{_ending(upload)}" for index, upload in enumerate(uploads)]
    names = {file: upload.name for file, upload in zip(files, uploads, strict=True)}
    with private_folder(names) as folder:
        for file, upload in zip(files, uploads, strict=True):
            (folder / file).write_bytes(upload.content)
        yield [folder / file for file in files]


def _ending(upload: Upload) -> str:
    """Ending of the file that an upload is laid into: .json for what begins as JSON, none for everything else."""
    return ".json" if upload.content[:64].lstrip()[:1] in (b"{", b"[") else ""
