"""The API's OpenAPI document."""

from __future__ import annotations

from importlib.metadata import version

from ptx.pipeline.storage.json_values import Json


def document() -> Json:
    """Return the document."""
    return {"openapi": "3.1.0", "info": {"title": "ptx", "version": version("ptx")}, "paths": {}}
