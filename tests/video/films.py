"""Small films made by PyAV itself, not by ptx."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

CODES = (1, 2, 4, 8, 16, 32, 64, 128)
"""What the bars of a numbered frame are worth."""


def numbered(number: int, size: tuple[int, int] = (64, 96)) -> Image:
    """A frame that says its number: eight bars from left to right, white or black, the lowest bit first."""
    bits = [255 if number & code else 0 for code in CODES]
    row = np.repeat(bits, -(-size[1] // 8))[: size[1]]
    return np.broadcast_to(row[None, :, None], (*size, 3)).astype(np.uint8)


def number_of(image: Image) -> int:
    """The number that a frame says."""
    height, width = image.shape[:2]
    return sum(code for k, code in enumerate(CODES) if image[height // 2, int((k + 0.5) * width / 8)].mean() > 127)


def write_film(
    path: Path,
    frames: Sequence[Image],
    *,
    fps: Fraction | int = 25,
    times: Sequence[int] | None = None,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    gop: int = 12,
    matrix: int = 1,
    full_range: bool = False,
    rotation: int | None = None,
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    tone: tuple[str, int] | None = None,
) -> Path:
    """Write a film; `times` in 1/1000 s, `tone` of the codec of a sine's sound and its rate."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream(codec, rate=fps, options=options or {})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        context = stream.codec_context
        context.thread_count, context.gop_size = 1, gop
        context.colorspace, context.color_range = matrix, 2 if full_range else 1
        context.time_base = Fraction(1, 1000) if times is not None else 1 / Fraction(fps)
        if aspect is not None:
            context.sample_aspect_ratio = aspect
        if rotation is not None:
            stream.set_display_rotation(rotation)
        sound = None if tone is None else film.add_stream(tone[0], rate=tone[1])
        if sound is not None:
            sound.layout = "mono"
        for k, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
            if pixels != "rgb24":
                frame = frame.reformat(format=pixels, dst_colorspace=matrix, dst_color_range=2 if full_range else 1)
            frame.pts = k if times is None else times[k]
            frame.time_base = context.time_base
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
        if sound is not None:
            seconds = len(frames) / float(fps)
            film.mux([packet for frame in sine(seconds, tone[1]) for packet in sound.encode(frame)])
            film.mux(sound.encode())
    return path


def sine(seconds: float, rate: int) -> list[av.AudioFrame]:
    """A tone of 440 Hz whose loudness rises over a second, again and again."""
    time = np.arange(int(seconds * rate)) / rate
    wave = (np.sin(2 * np.pi * 440 * time) * (time % 1)).astype(np.float32)
    frames = []
    for k in range(0, len(wave), 1024):
        frame = av.AudioFrame.from_ndarray(wave[None, k : k + 1024], "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, k, Fraction(1, rate)
        frames.append(frame)
    return frames
