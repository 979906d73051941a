"""How requests end: with what was asked for, or with one line that says why not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ptx.app.jobs import FullError
from ptx.app.messages import Answer
from ptx.app.uploads import TooLargeError, drain
from ptx.app.worker import WorkerDiedError
from ptx.pipeline.errors import PtxError

Handler = Callable[[Request], Awaitable[Response]]

NOT_THERE = "this person is not known any more: send the photograph again"
DIED = (
    "the painter stopped, killed or out of memory, and is started again: the person is read again, then try once more"
)
FULL = "the queue is full: try again in a moment"


class MissingError(Exception):
    """Nothing is known by a name."""


class DefectError(Exception):
    """The painter raised what it should not; it is logged."""


class DisconnectedError(Exception):
    """Nobody waits for the answer any more."""


async def while_connected(request: Request, work: Awaitable[Answer]) -> Answer:
    """Wait for work while its client does; raises DisconnectedError, after the work was told to stop."""
    task = asyncio.ensure_future(work)
    try:
        while True:
            done, _ = await asyncio.wait([task], timeout=0.25)
            if done:
                return task.result()
            if await request.is_disconnected():
                raise DisconnectedError
    finally:
        task.cancel()


def answered(handler: Handler) -> Handler:
    """Turn exceptions into answers of one line."""

    @wraps(handler)
    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except PtxError as error:
            return refused(422, str(error))
        except TooLargeError:
            await drain(request)
            return refused(413, "the files are too large: at most 48 MB of photographs, 256 MB of video")
        except MissingError:
            return refused(404, NOT_THERE)
        except FullError:
            await drain(request)
            return refused(429, FULL, {"retry-after": "2"})
        except WorkerDiedError:
            return refused(503, DIED, {"retry-after": "1"})
        except DefectError:
            return refused(500, "a defect of ptx: its log has the traceback")
        except DisconnectedError:
            return Response(status_code=499)

    return handle


def refused(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    """Answer with one line that says what is wrong."""
    return JSONResponse({"error": " ".join(text.split())}, status, headers)
