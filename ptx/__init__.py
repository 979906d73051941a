"""Human pose transfer in Python.

People of photographs in other poses and from other sides, with nothing trained, and what is known of them as arrays:

>>> import ptx
>>> engine = ptx.load()
>>> person = engine.person(ptx.EXAMPLE)  # your photograph, or several of one person; read once, drawn as often as you like
>>> painting = engine.transfer(person, "docs/poses/dance.json")  # or the photograph of a dancer
>>> painting.pasted.shape  # (H, W, 3) uint8 RGB: the whole photograph with the person in the pose
(765, 373, 3)
>>> painting.flow.shape, painting.visibility.shape  # where each pixel comes from, px, and whether the photograph shows it
((1024, 768, 2), (1024, 768))
>>> [view.yaw for view in engine.view(person, [-30, 30])]
[-30, 30]

Further: `ptx.read_pose` and `ptx.fit` give keypoints and bodies of photographs, `ptx.Avatar` reads and writes rigged models, `ptx.animate`
writes films, `ptx.Project` runs the pipeline from a data set to trained models, and `ptx.load(folder)` paints by these.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ptx.avatar.person import Avatar
    from ptx.geometry.viewpoint import FittedBody
    from ptx.inference.films import animate
    from ptx.inference.group import GroupPainting
    from ptx.inference.loading import load
    from ptx.inference.model import Model
    from ptx.inference.painting import Painting
    from ptx.inference.person import Person
    from ptx.inference.poses import fit, read_pose
    from ptx.inference.surface import SurfaceEngine
    from ptx.inference.surface_painting import SurfacePainting, SurfacePerson
    from ptx.inference.view import NovelView
    from ptx.pipeline.errors import PtxError
    from ptx.project import Project
else:
    _HOMES = {
        "Avatar": "ptx.avatar.person",
        "FittedBody": "ptx.geometry.viewpoint",
        "GroupPainting": "ptx.inference.group",
        "Model": "ptx.inference.model",
        "NovelView": "ptx.inference.view",
        "Painting": "ptx.inference.painting",
        "Person": "ptx.inference.person",
        "Project": "ptx.project",
        "PtxError": "ptx.pipeline.errors",
        "SurfaceEngine": "ptx.inference.surface",
        "SurfacePainting": "ptx.inference.surface_painting",
        "SurfacePerson": "ptx.inference.surface_painting",
        "animate": "ptx.inference.films",
        "fit": "ptx.inference.poses",
        "load": "ptx.inference.loading",
        "read_pose": "ptx.inference.poses",
    }

    def __getattr__(name):
        """Import a name when it is asked for: torch takes seconds."""
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module 'ptx' has no attribute '{name}'")
        return getattr(import_module(_HOMES[name]), name)

    def __dir__():
        """List the names that users import, also those that are not imported yet."""
        return sorted({*globals(), *_HOMES})


EXAMPLE = Path(__file__).parent / "assets" / "example.jpg"
"""A photograph that comes with ptx, by Meghan Lamle (Unsplash licence)."""

__all__ = [
    "EXAMPLE",
    "Avatar",
    "FittedBody",
    "GroupPainting",
    "Model",
    "NovelView",
    "Painting",
    "Person",
    "Project",
    "PtxError",
    "SurfaceEngine",
    "SurfacePainting",
    "SurfacePerson",
    "animate",
    "fit",
    "load",
    "read_pose",
]
