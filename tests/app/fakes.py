"""A painter for tests of the server: it paints nothing, and dies, sleeps or fails where a gallery's pose is called so."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ptx.app.messages import (
    Answer,
    File,
    Gone,
    Options,
    Posed,
    Progress,
    ReadPerson,
    ReadPose,
    Refused,
    Request,
    Stance,
    TakePose,
    Turn,
)
from ptx.app.messages import PersonRead as Found

STANCE = Stance([[0.0, 0.0, 0.0]] * 24, [600.0, 384.0, 512.0])
JOINTS = [[float(k), 10.0 * k, 1.0] for k in range(18)]


class FakePainter:
    """Answers of one form."""

    def __init__(self) -> None:
        self.known: set[str] = set()

    def forget(self, names: Sequence[str]) -> None:
        self.known -= set(names)

    def answer(self, request: Request, listener: Callable[[Progress], None]) -> Answer:
        match request:
            case ReadPerson(person, photographs, keypoints):
                if photographs[0].content.startswith(b"no picture"):
                    return Refused(f"{photographs[0].name}: no picture")
                self.known.add(person)
                return Found(
                    (400, 300), keypoints or JOINTS, [[[0, 0], [1, 0], [1, 1]]], STANCE, JOINTS, (0, 0, 300, 400)
                )
            case ReadPose(pose=pose):
                self.known.add(pose)
                return Posed(STANCE._replace(pose_id=pose), JOINTS)
            case _ if request.person not in self.known:
                return Gone(request.person)
            case TakePose(gallery="die"):
                (Path(tempfile.gettempdir()) / "left.jpg").write_bytes(b"photograph")
                os.kill(os.getpid(), signal.SIGKILL)
            case TakePose(gallery="defect"):
                raise ZeroDivisionError("a defect")
            case TakePose(gallery="wait"):
                time.sleep(0.4)
            case TakePose(gallery="hang"):
                time.sleep(60)
            case TakePose(gallery=name, keypoints=None) if name not in ("", "Wave"):
                return Refused(f"gallery: no pose is called {name}")
            case Turn():
                for number in range(40):
                    listener(Progress(number + 1, 40))
                    time.sleep(0.02)
                return File(b"GIF89a", "image/gif")
            case TakePose():
                return Posed(STANCE, JOINTS)
            case _:
                return File(b"\x89PNG", "image/png", Posed(STANCE, JOINTS), (1.0, 2.0, 0.5))
        return Posed(STANCE, JOINTS)


def fake(options: Options) -> FakePainter:
    """Make the painter, in the worker's process."""
    return FakePainter()
