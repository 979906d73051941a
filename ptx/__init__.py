"""Human pose transfer in Python: `ptx.load()` gives what paints people in other poses; `ptx.load(folder)` does so by trained models.

import ptx

engine = ptx.load()
painting = engine.transfer("me.jpg", "dancer.jpg")
painting.picture, painting.pasted, painting.flow, painting.visibility
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ptx.inference.group import GroupPainting
    from ptx.inference.loading import load
    from ptx.inference.model import Model
    from ptx.inference.painting import Painting
    from ptx.inference.person import Person
    from ptx.inference.surface import SurfaceEngine
    from ptx.inference.view import NovelView
    from ptx.pipeline.errors import PtxError
else:
    _HOMES = {
        "GroupPainting": "ptx.inference.group",
        "Model": "ptx.inference.model",
        "NovelView": "ptx.inference.view",
        "Painting": "ptx.inference.painting",
        "Person": "ptx.inference.person",
        "PtxError": "ptx.pipeline.errors",
        "SurfaceEngine": "ptx.inference.surface",
        "load": "ptx.inference.loading",
    }

    def __getattr__(name):
        """Import a name when it is asked for: torch takes seconds."""
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module 'ptx' has no attribute '{name}'")
        return getattr(import_module(_HOMES[name]), name)


__all__ = ["GroupPainting", "Model", "NovelView", "Painting", "Person", "PtxError", "SurfaceEngine", "load"]
