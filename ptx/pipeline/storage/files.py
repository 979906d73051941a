"""Files on this machine that are whole or not there: models, reports, and everything in a workspace that is a folder."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.storage.json_values import Json, decode_json, encode_json

NO_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
"""Errors of `fsync` of a folder on file systems that have none: SMB, some FUSE."""


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that it is either absent (or as before) or whole, also after a power cut.

    The temporary name is derived from the target's: whoever repeats a killed write replaces what it left. Callers hold a lock
    that keeps a second writer of the same file away.

    Raises:
        PtxError: the disk is full or may not be written.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise explain(error, path) from error


def explain(error: OSError, path: Path) -> PtxError:
    """Put a failed write into words that say how to go on."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return PtxError(
            f"{path}: the disk is full. Finished blocks are safe: free some space and run the same command again."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return PtxError(
            f"{path}: may not be written ({error.strerror}). Name another `workspace:` or mend its permissions."
        )
    return PtxError(f"{path}: could not be written ({error.strerror or error}); what was written before is safe.")


def explain_reading(error: OSError, path: Path) -> PtxError:
    """Put a failed look at a file or folder into words that say how to go on."""
    if error.errno in (errno.EACCES, errno.EPERM):
        cure = "ask its owner for access, or name another `workspace:`"
    elif error.errno in (errno.ENOTDIR, errno.EISDIR):
        cure = "name another path"
    else:
        cure = "the same command goes on once it answers again"
    return PtxError(f"{path}: cannot be read ({error.strerror or error}): {cure}")


SURROUNDINGS = frozenset({
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST,
    errno.ENAMETOOLONG, errno.ELOOP, errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ETIMEDOUT, errno.EHOSTDOWN,
})  # fmt: skip
"""Errors of the operating system that are no defect of the program, wherever they show."""

NO_TEMPORARY = "No usable temporary directory"
"""Words of Python's tempfile where neither TMPDIR nor /tmp can be written to, as in some containers."""

GPU_MEMORY_ERROR = "OutOfMemoryError"
"""Name of torch's class of errors of a full GPU; torch is not imported for it."""


@contextmanager
def explained_surroundings() -> Iterator[None]:
    """Raise PtxError in place of errors that nobody expected there, and that are the machine's: no defects of the program."""
    try:
        yield
    except OSError as error:
        if error.errno in SURROUNDINGS and error.filename is not None:
            what = f"{os.fsdecode(error.filename)}: {error.strerror}"
        elif error.errno in (errno.ENOSPC, errno.EDQUOT):  # of a stream, such as standard output
            what = str(error.strerror)
        elif NO_TEMPORARY in str(error):
            what = f"{error.strerror}: set TMPDIR to a folder that can be written to"
        else:
            raise
        raise PtxError(f"{what}: mend that, or name another path or `workspace:`; finished work is safe") from error
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and type(error).__name__ != GPU_MEMORY_ERROR:
            raise
        raise PtxError(
            f"out of memory ({one_line(error, 200)}): lower `run.workers` or `run.block`, `batch` of a training, or "
            "`evaluate.batch`; finished work is safe"
        ) from error


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder last through a power cut, on file systems that can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NO_SYNC:
            raise
    finally:
        os.close(descriptor)


def read_file(path: Path) -> bytes | None:
    """Read a whole file; None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write_json(path: Path, value: Json) -> None:
    """`write_atomic` of JSON with sorted keys: the same value gives the same bytes."""
    write_atomic(path, encode_json(value))


def read_json(path: Path) -> Json:
    """Read a JSON file; None where there is none or it does not parse (a torn write of an older tool)."""
    return decode_json(read_file(path))


def read_json_object(path: Path) -> Mapping[str, Json]:
    """Read a JSON file that holds an object; an empty one where there is no such file, or it holds anything else."""
    value = read_json(path)
    return value if isinstance(value, Mapping) else {}
