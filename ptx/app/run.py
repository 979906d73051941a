"""Serve the application for `ptx app`."""

from __future__ import annotations

import secrets
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ptx.app.messages import Options
from ptx.pipeline.errors import PtxError
from ptx.pipeline.signals import ENDING

LOOPBACK = "127.0.0.1"
"""Address that this machine alone reaches."""

FIRST_PORT = 8765
"""Port that is tried first."""

TRIES = 20
"""Ports that are tried, one after another, where none is asked for."""

INSTALL = "pip install 'ptx[app]'"
"""How to get what serves the page."""

EXTRA = f"`ptx app` needs the extra app: {INSTALL}"


def run(options: Options, host: str | None, port: int | None, browser: bool) -> None:
    """Serve until Ctrl-C.

    Args:
        options: what the painter works by.
        host: address to listen at; None: that of this machine alone, without a token.
        port: None: the first that is free.
        browser: open the page.

    Raises:
        PtxError: the extra is not installed, or the address cannot be had.
    """
    try:
        import uvicorn

        from ptx.app.security import LOOPBACK as LOOPBACK_NAMES
        from ptx.app.server import create_app
    except ImportError:
        raise PtxError(EXTRA) from None
    address = host or LOOPBACK
    listening = listen(address, port)
    token = "" if host is None else secrets.token_urlsafe(24)
    app = create_app(options=options, hosts=LOOPBACK_NAMES if host is None else None, token=token)
    url = address_of(address, listening.getsockname()[1], token)
    print(f"ptx app: {url}    (Ctrl-C ends it)", flush=True)
    if browser:
        threading.Timer(0.5, webbrowser.open, [url]).start()
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)

    class Server(uvicorn.Server):
        """Ends what is at work before it waits for answers to be sent."""

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await app.state.close()
            await super().shutdown(sockets)

    server = Server(config)
    with stopping(server.handle_exit), listening:
        server.run(sockets=[listening])
    print("ptx app: ended; nothing of it is left", flush=True)


@contextmanager
def stopping(stop: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have signals stop a server, whose usual end they are; uvicorn raises them once more when it has ended, which then does nothing."""
    before = {
        number: signal.signal(number, stop) for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def listen(host: str, port: int | None) -> socket.socket:
    """Open a socket that listens.

    Raises:
        PtxError: the port is in use, or the address is not this machine's.
    """
    ports = range(FIRST_PORT, FIRST_PORT + TRIES) if port is None else [port]
    problem = ""
    for number in ports:
        try:
            family = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0][0]
            one = socket.socket(family, socket.SOCK_STREAM)
            try:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                one.bind((host, number))
                one.listen()
            except OSError:
                one.close()
                raise
            return one
        except OSError as error:
            problem = error.strerror or str(error)
    shown = f"port {ports[0]}" if port is not None else f"ports {ports[0]} to {ports[-1]}"
    raise PtxError(f"--host {host}, {shown}: {problem[:1].lower()}{problem[1:]}: name another by --port")


def address_of(host: str, port: int, token: str) -> str:
    """Return the page's address, as a browser on this machine opens it."""
    shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)
    name = f"[{shown}]" if ":" in shown else shown
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")
