"""Settings with everything that settings can have: sections, a tagged union that is put together at run time, places, defaults."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, create_model

from ptx.pipeline.cluster import RunSettings
from ptx.pipeline.config import ADDED_LATER, AbsolutePath, Section, Share, Workspace
from ptx.pipeline.storage.opening import open_storage

Pixels = Annotated[int, Field(ge=16, le=4096)]


class PeopleData(Section):
    """Synthetic people."""

    kind: Literal["people"] = "people"
    persons: Annotated[int, Field(ge=1)] = 32
    """Number of persons."""
    loose: Annotated[Share, ADDED_LATER] = 0.0
    """Share of persons in wide clothes."""


class FolderData(Section):
    """A folder of photographs."""

    kind: Literal["folder"] = "folder"
    root: AbsolutePath
    """The folder."""
    pairs: AbsolutePath | None = None
    """A table of pairs."""
    test_fraction: Share = 0.2
    """Share of persons kept for testing."""


class PublishedData(Section):
    """One of two published data sets."""

    kind: Literal["deepfashion", "market1501"]
    root: AbsolutePath
    """The folder."""


class FitSettings(Section):
    """The body of every image."""

    iterations: Annotated[int, Field(ge=1, le=1000)] = 30
    """Steps at most."""
    base_channels: int = 8
    """A setting that was called `base`."""


class CoreSettings(Section):
    """All but the data."""

    workspace: Workspace = open_storage("work")
    """Folder of all stores."""
    seed: int = 0
    """Everything random follows from it."""
    size: tuple[Pixels, Pixels] = (256, 256)
    """Height, width in pixels."""
    run: RunSettings = RunSettings()
    fit_smpl: FitSettings = FitSettings()


if TYPE_CHECKING:

    class Settings(CoreSettings):
        """Settings of a pipeline."""

        data: PeopleData | FolderData | PublishedData = PeopleData()
        """The data set."""
else:
    KINDS = Annotated[reduce(or_, (PeopleData, FolderData, PublishedData)), Field(discriminator="kind")]
    DATA = (KINDS, Field(PeopleData(), description="The data set."))
    Settings = create_model("Settings", __base__=CoreSettings, data=DATA)

RENAMED = {"fit_smpl.base": "fit_smpl.base_channels", "sidelength": "size", "fit_smpl.threads": "run.workers"}
"""Old names of settings → new ones."""
