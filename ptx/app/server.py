"""The application: the page, its files, and the API, behind the guard."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from importlib.resources import files
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ptx.app.api import Api
from ptx.app.jobs import Jobs
from ptx.app.messages import Options
from ptx.app.security import Guard
from ptx.app.sessions import Sessions
from ptx.app.worker import Maker, Worker, painter

MOST_FILMS = 2
"""Videos that wait for their turn, beside the one that is painted."""

LONGEST_STEP = 600.0
"""Seconds without a word after which the painter of a video hangs: it may compile first."""

STATIC = Path(str(files("ptx.app") / "static"))
"""Folder of the page's files."""


def create_app(
    *,
    options: Options | None = None,
    hosts: Iterable[str] | None = None,
    token: str = "",
    make: Maker = painter,
) -> Starlette:
    """Make the application, to be served, or mounted in another of Starlette or FastAPI: `app.mount("/ptx", create_app())`.

    Args:
        options: what the painter works by.
        hosts: names that the Host header may have; None: any, as behind a server that checks them.
        token: what a browser must be told once, by `?token=`; empty: whoever reaches the server may use it.
        make: makes what paints, in the worker's process.
    """
    options = options or Options()
    jobs, films = Jobs(Worker(options, make)), Jobs(Worker(options, make), MOST_FILMS, LONGEST_STEP, keep=False)
    sessions = Sessions(jobs.forget)
    api = Api(sessions, jobs, films, ("surface", *options.systems))

    async def close() -> None:
        """End what is at work."""
        sessions.end_streams()
        await asyncio.gather(jobs.close(), films.close())

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await close()

    app = Starlette(
        routes=[
            Route("/", page),
            Mount("/api", routes=[Route("/docs", docs), *api.routes()]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(Guard, hosts=hosts, token=token)],
        lifespan=lifespan,
    )
    app.state.jobs, app.state.sessions, app.state.close = jobs, sessions, close
    return app


async def page(_: Request) -> Response:
    """Show the page; addresses in it are relative, so it needs the slash at the end."""
    return FileResponse(STATIC / "index.html")


async def docs(_: Request) -> Response:
    """Show the API's page."""
    return FileResponse(STATIC / "docs.html")
