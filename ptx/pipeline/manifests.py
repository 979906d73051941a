"""Manifests: everything that the results of a stage depend on, as it is now and as stores have noted it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.cluster import RunSettings
from ptx.pipeline.config import Section
from ptx.pipeline.fingerprint import Json, digest
from ptx.pipeline.stage import Listing, Stage
from ptx.pipeline.storage.storage import Storage
from ptx.pipeline.storage.store import Store
from ptx.pipeline.tables import Tables, holds, listed_tables

LISTING_FILES = ("data set", "data files")
"""Dependencies of the stage that lists the data set, as `Stage.file_dependencies`."""


@dataclass(frozen=True)
class Manifests:
    """The stages in order and the workspace they write to, with what makes their results what they are."""

    stages: Sequence[Stage[Section]]
    workspace: Storage
    """Folder or URL of all stores."""
    run: RunSettings

    def writer(self, store: str) -> Stage[Section]:
        """Return the stage that writes a store."""
        return next(stage for stage in self.stages if stage.store == store)

    def store(self, stage: Stage[Section]) -> Store:
        """Return the store of a stage, which need not exist yet."""
        return Store(self.workspace, stage.store)

    @cached_property
    def _listed(self) -> tuple[Stage[Section], Listing]:
        """The stage that lists the data set, and its listing."""
        listed = [(stage, listing) for stage in self.stages if (listing := stage.listing) is not None]
        if len(listed) != 1:
            raise RuntimeError("exactly one stage must list the data set")
        return listed[0]

    @property
    def listing_stage(self) -> Stage[Section]:
        """The stage that lists the data set."""
        return self._listed[0]

    @property
    def listing(self) -> Listing:
        """The data set as it was on disk when first asked for."""
        return self._listed[1]

    @cached_property
    def _manifests(self) -> dict[str, dict[str, Json]]:
        return {}

    @cached_property
    def _known_dependencies(self) -> dict[str, dict[str, Json]]:
        return {}

    def manifest(self, stage: Stage[Section]) -> dict[str, Json]:
        """Return everything that the stage's results depend on; its digest is the stage's fingerprint."""
        if stage.name not in self._manifests:
            self._manifests[stage.name] = self._manifest(stage)
        return self._manifests[stage.name]

    def manifest_of_now(self, stage: Stage[Section]) -> dict[str, Json]:
        """Return the manifest whatever earlier versions of ptx noted: that of a store which is made again."""
        return self._manifest_with(stage, self._dependencies(stage))

    def _manifest(self, stage: Stage[Section]) -> dict[str, Json]:
        manifest = self.manifest_of_now(stage)
        store = self.store(stage)
        if not store.exists() or store.attributes.manifest == manifest:
            return manifest
        noted = self.manifest_as_noted(stage)
        return noted if store.attributes.manifest == noted else manifest

    def manifest_as_noted(self, stage: Stage[Section]) -> dict[str, Json]:
        """Return the manifest of now, with dependencies as an earlier version of ptx noted them where the store on disk has them so.

        A store that has all of that keeps its fingerprint, and what was made from it stays current, until something else changes. So does
        one of files of which only such were replaced that it could not use.
        """
        stored = self.store(stage).attributes.manifest.get("dependencies")
        if not isinstance(stored, Mapping):
            stored = {}
        former = {"data files": None, **stage.former_dependencies}
        same = {name: value for name, value in former.items() if stored.get(name) == value}
        noted = {**self._dependencies(stage), **same}
        noted = {name: value for name, value in noted.items() if name not in same or value is not None}
        names = stage.file_dependencies
        if stage.name == self.listing_stage.name:
            names = LISTING_FILES + (() if stage.stamps(self.listing.paths) is None else names)
        of_other_files = self._manifest_with(
            stage, {**noted, **{name: stored[name] for name in names if name in stored}}
        )
        if self.store(stage).attributes.manifest == of_other_files and self._holds(stage):
            return of_other_files
        return self._manifest_with(stage, noted)

    def _holds(self, stage: Stage[Section]) -> bool:
        """Return True if a store is that of the files of now, though its dependencies say that some were replaced."""
        stamps = self.stamps(stage)
        return stamps is not None and holds(self.store(stage), self.tables(stage), stamps)

    def stamps(self, stage: Stage[Section]) -> NDArray[np.int64] | None:
        """Return the stamps (N, 2 or 4) of the files that a stage reads each sample from, as they are now."""
        if stage.name not in self._known_stamps:
            stamps = stage.stamps(self.listing.paths)
            if stage.name == self.listing_stage.name:
                listed = self.listing.stamps
                stamps = listed if listed is None or stamps is None else np.hstack([listed, stamps])
            self._known_stamps[stage.name] = stamps
        return self._known_stamps[stage.name]

    @cached_property
    def _known_stamps(self) -> dict[str, NDArray[np.int64] | None]:
        return {}

    def tables(self, stage: Stage[Section]) -> Tables:
        """Return the tables of the data set that a stage stores."""
        return listed_tables(self.listing) if stage.name == self.listing_stage.name else {}

    def _manifest_with(self, stage: Stage[Section], dependencies: Mapping[str, Json]) -> dict[str, Json]:
        writers = [self.writer(store) for store in stage.input_stores]
        return {
            "stage": stage.name,
            "version": stage.version,
            "block": self.run.block,
            "settings": {name: _plain(value) for name, value in stage.depends_on.items()},
            "inputs": {writer.name: self.result_id(writer) for writer in writers},
            "dependencies": {name: _plain(value) for name, value in dependencies.items()},
        }

    def _dependencies(self, stage: Stage[Section]) -> dict[str, Json]:
        """Return what a stage's results depend on beside settings and inputs, the data set among them where the stage lists it."""
        if stage.name not in self._known_dependencies:
            own = dict(stage.dependencies)
            if stage.name == self.listing_stage.name:
                own["data set"] = self.listing.digest
                if self.listing.state is not None:
                    own["data files"] = self.listing.state
            self._known_dependencies[stage.name] = own
        return self._known_dependencies[stage.name]

    def result_id(self, stage: Stage[Section]) -> str:
        """Identify a stage's results for those that read them: its fingerprint, and how often `--force` made them again."""
        store = self.store(stage)
        rebuilds = store.attributes.rebuilds if store.exists() else 0
        return digest(self.manifest(stage)) + (f" made again {rebuilds}" if rebuilds else "")

    def invalidate(self) -> None:
        """Forget the manifests: a store was replaced."""
        self._manifests.clear()
        self._known_dependencies.clear()
        self._known_stamps.clear()


def _plain(value: Json | Section) -> Json:
    """Return a setting as JSON, a section without what results do not depend on."""
    if isinstance(value, Section):
        return value.manifest()
    return list(value) if isinstance(value, tuple) else value
