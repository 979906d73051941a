"""The HTTP API: forms in, pictures and JSON out. `openapi.py` describes it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ptx.app import gallery
from ptx.app.answers import DefectError, MissingError, answered, while_connected
from ptx.app.jobs import Jobs
from ptx.app.messages import (
    Animate,
    Backdrop,
    Ending,
    File,
    Gone,
    Paint,
    PersonRead,
    Posed,
    Progress,
    ReadPerson,
    ReadPose,
    Refused,
    Rig,
    Size,
    TakePose,
    Turn,
    Upload,
)
from ptx.app.messages import Request as Wanted
from ptx.app.openapi import document
from ptx.app.sessions import GRACE, Sessions, new_name
from ptx.app.uploads import LONGEST_NAME, MOST_PHOTOGRAPH_BYTES, MOST_VIDEO_BYTES, Form, read_form
from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.json_values import Json

log = logging.getLogger("ptx.app")

EXAMPLE = "example.jpg"
"""Photograph among the package's assets that a page may take."""

HEARTBEAT = 15.0
"""Seconds between signs of life of an event stream, by which a closed page is noticed."""

ENDINGS: tuple[Ending, ...] = ("png", "gif", "mp4")
STILL: tuple[Literal["png", "jpg"], ...] = ("png", "jpg")
FILMS: tuple[Literal["mp4", "webm", "gif"], ...] = ("mp4", "webm", "gif")
SIZES: tuple[Size, ...] = ("full", "screen", "draft")


@dataclass
class Api:
    """The handlers, over sessions and jobs."""

    sessions: Sessions
    jobs: Jobs
    films: Jobs
    """The queue of videos, with a worker of its own: who drags a joint does not wait for them."""
    engines: tuple[str, ...] = ("surface",)
    """Names of the engines that paint here."""

    def routes(self) -> list[Route]:
        """Return the routes below `api/`."""
        return [
            Route("/openapi.json", answered(self.openapi)),
            Route("/state", answered(self.state)),
            Route("/poses", answered(self.poses)),
            Route("/events", answered(self.events)),
            Route("/close", answered(self.close), methods=["POST"]),
            Route("/people", answered(self.people), methods=["POST"]),
            Route("/people/{person}", answered(self.person), methods=["POST", "DELETE"]),
            Route("/people/{person}/{what}", answered(self.backdrop)),
            Route("/pose", answered(self.pose), methods=["POST"]),
            Route("/transfer", answered(self.transfer), methods=["POST"]),
            Route("/view", answered(self.view), methods=["POST"]),
            Route("/avatar", answered(self.avatar), methods=["POST"]),
            Route("/animate", answered(self.animate), methods=["POST"]),
        ]

    async def openapi(self, _: Request) -> Response:
        """Describe the API."""
        return JSONResponse(document())

    async def state(self, _: Request) -> Response:
        """Tell what there is: engines, jobs that wait."""
        return JSONResponse({"engines": list(self.engines), "waiting": self.jobs.waiting})

    async def poses(self, _: Request) -> Response:
        """List the gallery."""
        rows = [{"name": row["name"], "figure": row["figure"]} for row in gallery.rows()]
        return JSONResponse(rows, headers={"cache-control": "private, max-age=3600"})

    async def events(self, request: Request) -> Response:
        """Open the stream of a page: first its session; while it is open, the session is kept."""
        session = self.sessions.open(request.query_params.get("session", ""))

        said: asyncio.Queue[tuple[str, Progress] | None] = asyncio.Queue()

        async def stream() -> AsyncIterator[str]:
            self.sessions.page_opened(session, said.put_nowait)
            try:
                yield event("session", {"session": session.name})
                while True:
                    try:
                        heard = await asyncio.wait_for(said.get(), HEARTBEAT)
                        if heard is None:
                            return
                        job, progress = heard
                        yield event(
                            "progress",
                            {"job": job, "done": progress.done, "total": progress.total, "text": progress.text},
                        )
                    except TimeoutError:
                        yield ": alive\n\n"
            finally:
                self.sessions.page_closed(session, said.put_nowait)
                asyncio.get_running_loop().call_later(GRACE + 1, self.sessions.sweep)

        return StreamingResponse(stream(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})

    async def close(self, request: Request) -> Response:
        """Forget what a page has sent."""
        self.sessions.close(request.query_params.get("session", ""))
        return Response(status_code=204)

    async def people(self, request: Request) -> Response:
        """Read a person from photographs."""
        form = await self._form(request)
        photographs = tuple(form.files.get("photographs", []))
        if form.flag("example"):
            photographs = (Upload(EXAMPLE, (files("ptx") / "assets" / EXAMPLE).read_bytes()),)
        if not photographs:
            raise PtxError("photographs: send the file of one, or of several of the same person")
        wanted = ReadPerson(new_name(), photographs, form.keypoints())
        return await self._read(request, wanted, form.text("session"), 201)

    async def person(self, request: Request) -> Response:
        """Read a person again, with other keypoints; or forget them."""
        name = request.path_params["person"]
        known = self.sessions.recipe(name)
        if not isinstance(known, ReadPerson):
            raise MissingError
        if request.method == "DELETE":
            self.sessions.drop(name)
            return Response(status_code=204)
        form = await self._form(request)
        owner = self.sessions.owner(name)
        wanted = ReadPerson(name, known.photographs, form.keypoints() or known.keypoints)
        return await self._read(request, wanted, owner.name if owner else "", 200)

    async def _read(self, request: Request, wanted: ReadPerson, session: str, status: int) -> Response:
        answer = await self._asked(request, wanted)
        assert isinstance(answer, PersonRead)
        self.sessions.keep(self.sessions.open(session), wanted)
        height, width = answer.size
        return JSONResponse(
            {
                "person": wanted.person,
                "width": width,
                "height": height,
                "keypoints": answer.keypoints,
                "outline": answer.outline,
                "body": answer.stance._asdict(),
                "joints": answer.joints,
                "frame": list(answer.frame),
            },
            status,
        )

    async def backdrop(self, request: Request) -> Response:
        """Show the photograph, upright; or the same without its person."""
        if request.path_params["what"] not in ("photograph", "background"):
            raise MissingError
        empty = request.path_params["what"] == "background"
        return await self._file(request, Backdrop(request.path_params["person"], empty))

    async def pose(self, request: Request) -> Response:
        """Bring a person to a pose without painting: of the gallery, a photograph, a file, or keypoints."""
        form = await self._form(request)
        posed = await self._posed(request, form, form.text("person"))
        return JSONResponse(written(posed))

    async def transfer(self, request: Request) -> Response:
        """Paint a person in a pose; photographs may come along."""
        form = await self._form(request)
        look, moved = form.look(), form.drag()
        person = await self._person(request, form)
        stance = form.stance() or (await self._posed(request, form, person)).stance
        size, ending = form.one_of("size", SIZES), form.one_of("format", STILL)
        return await self._file(request, Paint(person, stance, look, moved, size, ending))

    async def view(self, request: Request) -> Response:
        """Turn a person; photographs may come along."""
        form = await self._form(request)
        ending = form.one_of("format", ENDINGS)
        look = form._replace(fields={**form.fields, "yaw": "0"}).look()
        person = await self._person(request, form)
        wanted = Turn(person, form.stance(), look, form.text("yaw") or "45", ending)
        return await self._file(request, wanted, form)

    async def avatar(self, request: Request) -> Response:
        """Write a person as a 3D model."""
        form = await self._form(request)
        return await self._file(request, Rig(await self._person(request, form)))

    async def animate(self, request: Request) -> Response:
        """Paint a person as somebody in a video moves."""
        form = await self._form(request, self.films, MOST_VIDEO_BYTES)
        videos = form.files.get("video", [])
        if not videos:
            raise PtxError("video: send the file of one")
        look, ending = form.look(), form.one_of("format", FILMS)
        person = await self._person(request, form)
        size = int(form.number("size", 64, 1080, 512))
        return await self._file(request, Animate(person, videos[0], look, ending, size), form)

    async def _form(self, request: Request, jobs: Jobs | None = None, most: int = MOST_PHOTOGRAPH_BYTES) -> Form:
        """Read a form where there is room for its job: else its bytes are not kept."""
        (jobs or self.jobs).check_room()
        return await read_form(request, most)

    async def _person(self, request: Request, form: Form) -> str:
        """Return the name of the person that a form names, or of one that is read of its photographs."""
        name = form.text("person")
        if name:
            return name
        photographs = tuple(form.files.get("photographs", []))
        if not photographs:
            raise PtxError("name a person, or send their photographs")
        wanted = ReadPerson(new_name(), photographs, form.keypoints())
        await self._asked(request, wanted)
        self.sessions.keep(self.sessions.open(form.text("session")), wanted)
        return wanted.person

    async def _posed(self, request: Request, form: Form, person: str) -> Posed:
        """Bring a person to the pose that a form names."""
        wanted: Wanted
        if form.files.get("pose"):
            wanted = ReadPose(person, new_name(), form.files["pose"][0])
        elif form.text("gallery"):
            wanted = TakePose(person, form.text("gallery"))
        elif form.text("pose_keypoints"):
            renamed = form._replace(fields={"keypoints": form.text("pose_keypoints")})
            wanted = TakePose(person, keypoints=renamed.keypoints())
        else:
            raise PtxError("pose: send a photograph or OpenPose's JSON as pose, or name one of the gallery")
        answer = await self._asked(request, wanted)
        assert isinstance(answer, Posed)
        owner = self.sessions.owner(person)
        if isinstance(wanted, ReadPose) and answer.stance.pose_id and owner is not None:
            self.sessions.keep(owner, wanted)
        return answer

    async def _file(self, request: Request, wanted: Wanted, form: Form | None = None) -> Response:
        """Answer with a file; the page of the form's session hears of the progress, by the name that it gave the job."""

        def tell(progress: Progress) -> None:
            if form is not None:
                self.sessions.tell(form.text("session"), progress, form.text("job")[:LONGEST_NAME])

        answer = await self._asked(request, wanted, tell)
        assert isinstance(answer, File)
        headers = {}
        if answer.posed is not None:
            place = None if answer.place is None else list(answer.place)
            headers["ptx-posed"] = compact({**written(answer.posed), "place": place})
        return Response(answer.content, media_type=answer.media_type, headers=headers)

    async def _asked(
        self, request: Request, wanted: Wanted, listener: Callable[[Progress], None] = lambda _: None
    ) -> PersonRead | Posed | File:
        """Have a request answered; people and poses that the worker has not are read first.

        Raises:
            PtxError: it cannot be met.
            MissingError: a person or a pose is known to nobody.
            FullError, WorkerDiedError: as `Jobs.run`.
        """
        person = wanted.person
        if not isinstance(wanted, ReadPerson) and self.sessions.recipe(person) is None:
            raise MissingError
        jobs = self.films if isinstance(wanted, Animate) else self.jobs
        for _ in range(3):
            answer = await while_connected(request, jobs.run(wanted, listener))
            if not isinstance(answer, Gone):
                break
            recipe = self.sessions.recipe(answer.name)
            if recipe is None:
                raise MissingError
            again = await while_connected(request, jobs.run(recipe))
            if isinstance(again, Refused):
                raise PtxError(again.text)
        if isinstance(answer, Refused):
            raise PtxError(answer.text)
        if isinstance(answer, Gone):
            raise MissingError
        if not isinstance(answer, (PersonRead, Posed, File)):
            log.error("a defect in the painter:\n%s", answer.traceback)
            raise DefectError
        return answer


def written(posed: Posed) -> dict[str, Json]:
    """Return a pose as JSON."""
    stance = posed.stance
    body: dict[str, Json] = {
        "pose": list(stance.pose),
        "camera": list(stance.camera),
        "hands": None if stance.hands is None else list(stance.hands),
        "betas": None if stance.betas is None else list(stance.betas),
        "pose_id": stance.pose_id,
    }
    return {"body": body, "joints": list(posed.joints)}


def compact(value: Json) -> str:
    """Write JSON for a header."""
    return json.dumps(value, separators=(",", ":"))


def event(name: str, value: Json) -> str:
    """Write an event of a stream."""
    return f"event: {name}\ndata: {compact(value)}\n\n"
