"""Write films and GIFs frame after frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.files import explain
from ptx.video.atomic import move_whole
from ptx.video.gif import GifFile
from ptx.video.pyav import INSTALL, raising_os_errors, require_av

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

Image = NDArray[np.uint8]
"""(H, W, 3) RGB or (H, W, 4) with alpha."""

SUFFIXES = (".mp4", ".webm", ".gif")
"""Endings of moving pictures that are written."""

XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""Type of the box of an MP4 file that holds XMP (ISO 16684-3)."""

BT709, LIMITED = 1, 1
"""FFmpeg's numbers of matrix, primaries and curve of BT.709, and of limited range (luma 16 to 235)."""

BIT_EXACT = {"fflags": "+bitexact"}
"""Option of all containers: no version, no random numbers; the same frames give the same bytes."""

KEYFRAMES = 2
"""Seconds between keyframes, at most, so that players find any place soon."""


class Coding(NamedTuple):
    """How a container's video is coded."""

    container: str
    """FFmpeg's name of the container."""
    codec: str
    """FFmpeg's name of the encoder."""
    options: Mapping[str, str]
    """Of the encoder."""


MP4 = Coding("mp4", "libx264", {"preset": "faster", "crf": "19", "profile": "high", "x264-params": "mbtree=0"})
"""H.264: what every browser and phone plays.

Without x264's macroblock tree: where the width is no multiple of 128 px that reads memory which nobody wrote, and films differ from run to
run. It is worth 0.3 dB at the same size.
"""

WEBM = Coding(
    "webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "5", "crf": "24", "b": "0", "auto-alt-ref": "0"}
)
"""VP9, which has transparency (not with alternate reference frames)."""


class Origin(Protocol):
    """What pictures of people say about themselves; `ptx.pictures.provenance.Provenance` is one."""

    @property
    def text(self) -> dict[str, str]:
        """Keyword → text."""

    @property
    def xmp(self) -> str:
        """The XMP packet."""


class Sink(Protocol):
    """Where frames go."""

    def write(self, image: Image) -> None:
        """Add a frame."""

    def finish(self) -> None:
        """Write what is left and close the file."""

    def close(self) -> None:
        """Close the file as it is."""


class ClipWriter:
    """A film (.mp4: H.264; .webm: VP9) or GIF, written frame after frame; there only when it is whole. Memory is bounded.

    A context manager: left by an exception, it leaves no file, and a former one as it was. On one kind of CPU the same frames give the
    same bytes. An odd number of rows or columns, which H.264 has not, is made even by repeating the last.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        fps: Fraction | float,
        *,
        provenance: Origin | None,
        alpha: bool = False,
        palette_from: Sequence[Image] = (),
    ) -> None:
        """Begin a film; the folder is created.

        Args:
            path: of the file; its ending says the format.
            size: height and width of the frames, px.
            fps: frames a second.
            provenance: what pictures of people say about themselves: XMP in an MP4, the comment of a GIF, tags of a WebM.
            alpha: frames have a fourth channel, which WebM and GIF keep.
            palette_from: frames that a GIF's palette is chosen from; none: its first ones.

        Raises:
            PtxError: the ending is another, MP4 is to be transparent, PyAV is missing, or the file cannot be written.
        """
        check_film(path, alpha=alpha)
        self.path, self._size, self._channels = path, size, 4 if alpha else 3
        self._provenance = provenance
        self._unfinished = path.with_name(f".{path.name}.tmp")
        rate = Fraction(fps).limit_denominator(1001)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._sink = self._open(rate, alpha, palette_from)
        except OSError as error:
            raise explain(error, path) from error

    def _open(self, fps: Fraction, alpha: bool, palette_from: Sequence[Image]) -> Sink:
        if self.path.suffix.lower() == ".gif":
            comment = "" if self._provenance is None else "\n".join(self._provenance.text.values())
            return GifFile(self._unfinished, self._size, fps, alpha=alpha, comment=comment, palette_from=palette_from)
        coding = coding_of(self.path)
        container = open_container(self._unfinished, coding, tags_of(coding, self._provenance))
        return CodedFile(container, coding, self._size, fps, alpha=alpha)

    def __enter__(self) -> Self:
        return self

    def write(self, image: Image) -> None:
        """Add a frame (H, W, 3), with alpha (H, W, 4), uint8.

        Raises:
            PtxError: the disk is full.
        """
        if image.shape != (*self._size, self._channels):
            raise ValueError(f"a frame of {image.shape} in a film of {(*self._size, self._channels)}")
        try:
            self._sink.write(image)
        except OSError as error:
            raise explain(error, self.path) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._finish()
        finally:
            with suppress(OSError):
                self._sink.close()
            with suppress(OSError):
                self._unfinished.unlink(missing_ok=True)

    def _finish(self) -> None:
        try:
            self._sink.finish()
            if self._provenance is not None and self.path.suffix.lower() == ".mp4":
                append_xmp(self._unfinished, self._provenance)
            move_whole(self._unfinished, self.path)
        except OSError as error:
            raise explain(error, self.path) from error


class CodedFile:
    """Video of one codec in a container, by PyAV."""

    def __init__(
        self, container: OutputContainer, coding: Coding, size: tuple[int, int], fps: Fraction, *, alpha: bool
    ) -> None:
        self._container = container
        self._stream = _encoder(container, coding, size, fps, alpha=alpha)
        self._number = 0

    def write(self, image: Image) -> None:
        """Add a frame."""
        import av
        from av.video.reformatter import Interpolation

        height, width = image.shape[:2]
        even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), "rgb24" if image.shape[2] == 3 else "rgba")
        frame = frame.reformat(
            format=self._stream.pix_fmt,
            dst_colorspace=BT709,
            dst_color_range=LIMITED,
            interpolation=Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.BITEXACT,
            threads=1,
        )
        frame.pts = self._number
        frame.time_base = self._stream.codec_context.time_base
        self._number += 1
        with raising_os_errors():
            self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write what is left and close the file."""
        with raising_os_errors():
            self._container.mux(self._stream.encode())
            self._container.close()

    def close(self) -> None:
        """Close the file as it is."""
        with raising_os_errors():
            self._container.close()


def open_container(path: Path, coding: Coding, tags: Mapping[str, str]) -> OutputContainer:
    """Open a film for writing, with tags.

    Raises:
        OSError: the file cannot be written.
    """
    import av

    options = BIT_EXACT | ({"movflags": "+faststart"} if coding is MP4 else {})
    with raising_os_errors():
        container = av.open(f"file:{path}", "w", format=coding.container, container_options=options)
    container.metadata.update(tags)
    return container


def _encoder(
    container: OutputContainer, coding: Coding, size: tuple[int, int], fps: Fraction, *, alpha: bool
) -> VideoStream:
    """Add a stream of video to a film, and open its encoder."""
    from av.codec.context import Flags
    from av.video.stream import VideoStream

    stream = container.add_stream(coding.codec, rate=fps, options=dict(coding.options))
    assert isinstance(stream, VideoStream)
    stream.height, stream.width = (side + side % 2 for side in size)
    stream.pix_fmt = "yuva420p" if alpha else "yuv420p"
    context = stream.codec_context
    context.thread_count = 1
    context.time_base = 1 / fps
    context.gop_size = max(1, round(KEYFRAMES * fps))
    context.color_range, context.colorspace, context.color_primaries, context.color_trc = LIMITED, BT709, BT709, BT709
    context.flags |= Flags.bitexact | Flags.closed_gop
    return stream


def tags_of(coding: Coding, origin: Origin | None) -> dict[str, str]:
    """Return the tags of a film that say its origin; an MP4 has XMP instead, see `append_xmp`."""
    return {} if origin is None or coding is MP4 else {key.upper(): value for key, value in origin.text.items()}


def coding_of(path: Path) -> Coding:
    """Return how the video of a film with this ending is coded."""
    return WEBM if path.suffix.lower() == ".webm" else MP4


def check_film(path: Path, *, alpha: bool = False) -> None:
    """Make sure that a moving picture of this ending can be written here.

    Raises:
        PtxError: the ending is another, MP4 is to be transparent, or PyAV is missing.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise PtxError(f"{path}: moving pictures are written as .mp4, .webm or .gif")
    if suffix == ".mp4" and alpha:
        raise PtxError(f"{path}: MP4 has no transparency: write .webm or .gif, or choose a background")
    if suffix == ".gif":
        return
    require_av(path, "; .gif is written without it")
    import av

    codec = coding_of(path).codec
    if codec not in av.codecs_available:  # that of some distributions of Linux
        raise PtxError(f"{path}: this PyAV has no encoder {codec}: {INSTALL} brings one; or write .gif")


def append_xmp(path: Path, origin: Origin) -> None:
    """Append the XMP packet to an MP4 file, in a box of its own."""
    content = XMP_BOX + origin.xmp.encode()
    with path.open("ab") as file:
        file.write((len(content) + 8).to_bytes(4, "big") + b"uuid" + content)
