"""Forms that pages and API clients send, read into memory within bounds.

Nothing is laid on disk, and names of files are for messages only.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from typing import NamedTuple, TypeVar

from starlette.datastructures import UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from ptx.app.messages import Drag, Look, Pixels, Proportions, Stance, Upload
from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.json_values import Json

MOST_PHOTOGRAPH_BYTES = 48 * 1024 * 1024
"""Bytes of a form with photographs."""

MOST_VIDEO_BYTES = 256 * 1024 * 1024
"""Bytes of a form with a video."""

DRAINED = 1024 * 1024 * 1024
"""Bytes of a refused form that are read on, and forgotten, so that its sender hears why."""

MOST_FILES = 8
"""Files of a form."""

MOST_FIELDS = 32
"""Other fields of a form."""

MOST_PITCH = 60.0
"""Degrees by which a person may be tilted, as for `ptx view`."""

LONGEST_NAME = 80
"""Characters of a file's name that messages show."""

FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")

E = TypeVar("E", bound=str)


class TooLargeError(Exception):
    """A request has more bytes than are read."""


class Form(NamedTuple):
    """Fields and files that were sent."""

    fields: dict[str, str]
    files: dict[str, list[Upload]]

    def text(self, name: str, default: str = "") -> str:
        """Return a field as it is."""
        return self.fields.get(name, default).strip()

    def number(self, name: str, low: float, high: float, default: float = 0.0) -> float:
        """Return a field as a number; raises PtxError."""
        text = self.text(name)
        try:
            number = float(text) if text else default
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            raise PtxError(f"{name}={text[:40]}: a number from {low:g} to {high:g} is needed")
        return number

    def one_of(self, name: str, choices: tuple[E, ...]) -> E:
        """Return a field that has one of some values, the first where it is left out; raises PtxError."""
        text = self.text(name) or choices[0]
        for choice in choices:
            if text == choice:
                return choice
        raise PtxError(f"{name}={text[:40]}: {', '.join(choices[:-1])} or {choices[-1]} is needed")

    def flag(self, name: str) -> bool:
        """Return whether a field is set: 1, true, on or yes."""
        return self.text(name).lower() in ("1", "true", "on", "yes")

    def look(self) -> Look:
        """Read how a person is to be painted; raises PtxError."""
        proportions: tuple[Proportions, ...] = ("source", "pose")
        return Look(
            self.number("yaw", -360, 360),
            self.number("pitch", -MOST_PITCH, MOST_PITCH),
            self.text("background") or "source",
            self.one_of("proportions", proportions),
            self.flag("mend"),
            self.text("engine") or "surface",
        )

    def stance(self) -> Stance | None:
        """Read the field `body`, as it was sent with a picture; None where it is left out. Raises PtxError."""
        text = self.text("body")
        if not text:
            return None
        read = _json("body", text)
        try:
            assert isinstance(read, dict)
            hands, betas = read.get("hands"), read.get("betas")
            return Stance(
                _matrix(read["pose"], 24),
                _numbers(read["camera"], 3),
                None if hands is None else _matrix(hands, 30),
                None if betas is None else _numbers(betas, 10),
                str(read.get("pose_id") or ""),
            )
        except (AssertionError, KeyError, TypeError, ValueError):
            raise PtxError("body: not as it was sent with a picture or a pose: take that as it is") from None

    def keypoints(self) -> Pixels | None:
        """Read the field `keypoints`, [[x, y, confidence]] of 18 joints; None where it is left out. Raises PtxError."""
        text = self.text("keypoints")
        if not text:
            return None
        try:
            return _matrix(_json("keypoints", text), 18)
        except (TypeError, ValueError):
            raise PtxError("keypoints: 18 of [x, y, confidence] are needed, in px of the photograph") from None

    def drag(self) -> Drag | None:
        """Read the fields `joint`, `x` and `y`; None where no joint is named. Raises PtxError."""
        if not self.text("joint"):
            return None
        far = 1e5
        return Drag(int(self.number("joint", 0, 17)), self.number("x", -far, far), self.number("y", -far, far))


class _InMemory(MultiPartParser):
    """Keeps files in memory, whatever their size: the stream is bounded."""

    spool_max_size = 1 << 62


async def read_form(request: Request, most: int = MOST_PHOTOGRAPH_BYTES) -> Form:
    """Read a form of at most so many bytes.

    Raises:
        TooLargeError: it has more, by its header or as it comes.
        PtxError: it is no form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if int(_digits(request.headers.get("content-length"))) > most:
        raise TooLargeError
    stream = _bounded(request, most)
    try:
        if kind == FORMS[0]:
            parser = _InMemory(request.headers, stream, max_files=MOST_FILES, max_fields=MOST_FIELDS)
            data = await parser.parse()
        elif kind == FORMS[1]:
            data = await FormParser(request.headers, stream).parse()
        elif not kind:
            return Form({}, {})
        else:
            raise PtxError(f"a form is needed ({' or '.join(FORMS)}), not {kind[:60]}")
    except (MultiPartException, KeyError) as error:
        raise PtxError(f"the form cannot be read: {getattr(error, 'message', 'it is damaged')}") from None
    fields: dict[str, str] = {}
    files: dict[str, list[Upload]] = {}
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            await value.close()
            if content or value.filename:
                files.setdefault(name, []).append(Upload(shown_name(value.filename), content))
        else:
            fields[name] = value
    return Form(fields, files)


async def drain(request: Request, most: int = DRAINED) -> None:
    """Read on, and forget: a client hears the answer only once it has sent what it wants to send."""
    count = 0
    try:
        async for chunk in request.stream():
            count += len(chunk)
            if count > most:
                return
    except (ClientDisconnect, RuntimeError):
        return


def shown_name(name: str | None) -> str:
    """Return what messages call a file: the last part of its name, without what a terminal or a page would take for more."""
    last = re.split(r"[/\\]", name or "")[-1]
    return "".join(c if c.isprintable() and c not in "<>&\"'" else "_" for c in last)[-LONGEST_NAME:] or "the file"


async def _bounded(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    """Yield what is sent until it is too much."""
    count = 0
    async for chunk in request.stream():
        count += len(chunk)
        if count > most:
            raise TooLargeError
        yield chunk


def _digits(text: str | None) -> str:
    return text if text and text.isascii() and text.isdigit() and len(text) < 18 else "0"


def _json(name: str, text: str) -> Json:
    try:
        read: Json = json.loads(text)
    except (ValueError, RecursionError):
        raise PtxError(f"{name}: no JSON") from None
    return read


def _numbers(value: Json, count: int) -> list[float]:
    """Read so many finite numbers; raises ValueError or TypeError."""
    if not isinstance(value, list) or len(value) != count:
        raise ValueError(count)
    numbers = [float(number) for number in value]
    if not all(abs(number) < 1e6 for number in numbers):
        raise ValueError(numbers)
    return numbers


def _matrix(value: Json, rows: int) -> list[list[float]]:
    """Read so many rows of three numbers; raises ValueError or TypeError."""
    if not isinstance(value, list) or len(value) != rows:
        raise ValueError(rows)
    return [_numbers(row, 3) for row in value]
