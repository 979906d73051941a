"""A page in the browser, and its HTTP API: `ptx.app.create_app()` gives the application to serve or to mount."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ptx.app.server import create_app
else:

    def __getattr__(name):
        """Import the server when it is asked for: it needs the extra `app`."""
        if name != "create_app":
            raise AttributeError(f"module 'ptx.app' has no attribute '{name}'")
        from ptx.app.server import create_app

        return create_app


__all__ = ["create_app"]
