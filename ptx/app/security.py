"""Who may ask, and what a page may load: checked before everything else."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import URL, Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Content Security Policy: what is shown comes from this server or was made by the page; nothing is inline."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
"""Headers of every answer."""

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Names of this machine in the Host header; any other was resolved to it by somebody's DNS."""

COOKIE = "ptx_token"
"""Cookie that has the token once the page was opened with it."""


class Guard:
    """Refuses what does not come from the page, or from somebody who was told the token.

    Args:
        app: what is guarded.
        hosts: names that the Host header may have, without port; None: any, where whoever mounts the application answers for that.
        token: what query, cookie or `Authorization: Bearer` must hold; empty: nothing.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] | None = None, token: str = "") -> None:
        self.app, self.token = app, token
        self.hosts = None if hosts is None else frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = HTTPConnection(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self.refusal(request, scope["method"])
        await (refusal or self.app)(scope, receive, send_with_headers)

    def refusal(self, request: HTTPConnection, method: str) -> Response | None:
        """Return the answer to a request that is refused, or sent on; None where it may pass."""
        if self.hosts is not None and host_of(request.headers) not in self.hosts:
            return JSONResponse({"error": "this name of the server is not known here"}, 421)
        if from_elsewhere(request.headers, request.url) and not (method == "GET" and is_visit(request.headers)):
            return JSONResponse({"error": "another page may not ask this"}, 403)
        if not self.token:
            return None
        if self._equal(request.query_params.get("token")):
            return self._welcome(request.url) if method == "GET" and request.url.path.endswith("/") else None
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if self._equal(request.cookies.get(COOKIE)) or (scheme.lower() == "bearer" and self._equal(bearer)):
            return None
        return JSONResponse({"error": "the token is missing: open the address that `ptx app` printed"}, 401)

    def _welcome(self, url: URL) -> Response:
        """Keep the token in a cookie, and out of the address that the browser shows and remembers."""
        response = RedirectResponse(str(url.remove_query_params("token")), 303)
        response.set_cookie(
            COOKIE, self.token, httponly=True, samesite="strict", path=url.path, secure=url.scheme == "https"
        )
        return response

    def _equal(self, given: str | None) -> bool:
        return given is not None and hmac.compare_digest(given.encode(), self.token.encode())


def host_of(headers: Headers) -> str:
    """Return the Host header without its port."""
    host = headers.get("host", "").lower()
    name, _, port = host.rpartition(":")
    return name if name and port.isdigit() and not host.endswith("]") else host


def is_visit(headers: Headers) -> bool:
    """Return True if somebody follows a link to a page here, which a browser shows in a window of its own."""
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def from_elsewhere(headers: Headers, url: URL) -> bool:
    """Return True if a browser says that another site's page sends a request. Clients that are no browsers say nothing."""
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    if origin is None:
        return False
    return urlsplit(origin).netloc.lower() != headers.get("host", url.netloc).lower()
