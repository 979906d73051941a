"""PyAV, imported where it is needed, and files opened by it that nobody vouches for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image as Pillow

from ptx.pipeline.errors import PtxError, one_line

if TYPE_CHECKING:
    from av.container import InputContainer

INSTALL = "pip install 'ptx[video]'"
"""Command after which films are read and written."""

CONTAINERS = (
    "mov", "matroska", "webm", "avi", "mpegts", "mpeg", "mpegvideo", "asf", "flv", "ogg", "gif", "mxf", "h264", "hevc", "m4v", "ivf", "dv",
)  # fmt: skip
"""FFmpeg's readers that are tried, by content and not by ending. Its other ones stay closed: those of single pictures and of text, and
playlists, which open further files and addresses."""


def require_av(path: Path, instead: str = "") -> None:
    """Make sure that PyAV is installed.

    Raises:
        PtxError: it is not; the line names the extra, and `instead`, what does without it.
    """
    try:
        import av  # noqa: F401
    except ImportError as error:
        raise PtxError(f"{path}: films need PyAV: {INSTALL}{instead}") from error


@contextmanager
def raising_os_errors() -> Iterator[None]:
    """Raise OSError in place of FFmpeg's errors, with number and words of the operating system where they come from there."""
    import av

    try:
        yield
    except av.FFmpegError as error:
        raise OSError(error.errno, reason(error)) from error


def open_film(path: Path) -> InputContainer:
    """Open a film that may come from anywhere: as a local file, by one of CONTAINERS.

    Raises:
        PtxError: no such file, no film, or PyAV is missing.
    """
    if not path.is_file():
        raise PtxError(f"{path}: {'is a folder, not a film' if path.is_dir() else 'no such file'}")
    require_av(path)
    import av

    options = {"format_whitelist": ",".join(CONTAINERS), "protocol_whitelist": "file"}
    try:
        return av.open(f"file:{path}", "r", container_options=options, metadata_errors="replace")
    except av.FFmpegError as error:
        what = (
            "a picture, not a film"
            if _is_picture(path)
            else f"no film, or damaged from its beginning ({reason(error)})"
        )
        raise PtxError(f"{path}: is {what}") from error


def _is_picture(path: Path) -> bool:
    try:
        with Pillow.open(path):
            return True
    except (OSError, ValueError, Pillow.DecompressionBombError):
        return False


def reason(error: Exception) -> str:
    """Return FFmpeg's words for an error, without its number and the path."""
    strerror = getattr(error, "strerror", None)
    return str(strerror) if strerror else one_line(error)
