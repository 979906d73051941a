"""Human pose transfer in Python: `ptx.load(folder)` reads trained models, which paint people in other poses.

import ptx

model = ptx.load("demo/models")
painting = model.transfer("me.jpg", "dancer.jpg")
painting.picture, painting.pasted, painting.flow, painting.visibility
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ptx.inference.group import GroupPainting
    from ptx.inference.model import Model, load
    from ptx.inference.painting import Painting
    from ptx.inference.person import Person
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
        "load": "ptx.inference.model",
    }

    def __getattr__(name):
        """Import a name when it is asked for: torch takes seconds."""
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module 'ptx' has no attribute '{name}'")
        return getattr(import_module(_HOMES[name]), name)


__all__ = ["GroupPainting", "Model", "NovelView", "Painting", "Person", "PtxError", "load"]
