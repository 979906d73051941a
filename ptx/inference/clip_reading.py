"""The people of a clip, read piece by piece, so that a long clip goes on where it was stopped."""

from __future__ import annotations

from pathlib import Path

from ptx.detector.keypoints import Networks
from ptx.inference.clip_detection import detect_people, load_stretch, save_stretch
from ptx.inference.clip_people import PersonInClip, people_of
from ptx.pipeline.array_slice import WHOLE, ArraySlice
from ptx.pipeline.events import Listener, progress
from ptx.pipeline.pieces import PIECE, Pieces
from ptx.video.span import Span

DETECTED_SIDE = 1280
"""Longest side, px, at which frames are looked at: the networks see some hundred pixels of a person."""


def detect_clip(span: Span, folder: Path, listener: Listener, part: ArraySlice = WHOLE) -> list[str]:
    """Detect the people of a clip into files of a folder (`pipeline.pieces`); returns a sentence where the clip is damaged."""
    pieces = _pieces(span, folder)
    networks: list[Networks] = []  # loaded where there is anything to do
    with progress(listener, "detect", span.count, min(span.count, PIECE * len(pieces.done))) as advance:

        def detect(number: int, path: Path) -> None:
            if not networks:
                networks.append(Networks())
            first, last = number * PIECE, min(span.count, (number + 1) * PIECE)
            shared = min(last + 1, span.count)  # the first frame of the next piece: it tells who is who there

            def told(frames: int) -> None:
                nonlocal first
                advance(min(frames, last - first))
                first += min(frames, last - first)

            save_stretch(path, detect_people(span.frames(first, shared), first, networks[0], told))

        pieces.make(detect, part)
    damage = span.damage()
    return [] if damage is None else [f"{span.path}: {damage}; the frames before are used"]


def read_people(span: Span, folder: Path) -> list[PersonInClip]:
    """Put together who was detected (`detect_clip`), the largest first."""
    stretches = [load_stretch(path) for path in _pieces(span, folder).paths]
    return people_of([one for one in stretches if one.length > 0])


def _pieces(span: Span, folder: Path) -> Pieces:
    return Pieces(folder, "people", ".npz", -(-span.count // PIECE))
