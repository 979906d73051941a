"""Plans: which blocks of a stage are done, ready, waiting or out of date, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.cluster import ClusterSettings
from ptx.pipeline.config import Section
from ptx.pipeline.errors import Problem, PtxError
from ptx.pipeline.fingerprint import Json, differences, digest
from ptx.pipeline.manifests import Manifests
from ptx.pipeline.stage import Stage
from ptx.pipeline.step import Condition
from ptx.pipeline.storage.attributes import StoreAttributes
from ptx.pipeline.storage.records import BAD, OK, PENDING, SKIPPED, Summary
from ptx.pipeline.storage.store import Store
from ptx.pipeline.tables import STAMP, Tables, changed_files, replaced_files

PACKAGES = ("ptx", "numpy", "zarr", "numcodecs", "numba")
"""Packages whose versions a store notes; they are no part of the manifest."""


@dataclass(frozen=True)
class Pipeline(Manifests):
    """The stages in order, the workspace they write to, and how they are run."""

    results: Path
    """Folder of models, reports and pictures."""
    cluster: ClusterSettings

    def stage(self, name: str) -> Stage[Section]:
        """Return a stage by the name a user types.

        Raises:
            PtxError: there is no such stage; names those that are.
        """
        for stage in self.stages:
            if name in (stage.name, stage.name.replace("-", "_")):
                return stage
        raise PtxError(f"no stage '{name}': the stages are {', '.join(s.name for s in self.stages)}, and all")

    @property
    def active(self) -> list[Stage[Section]]:
        """The stages that have a meaning under these settings, in order."""
        return [stage for stage in self.stages if stage.applies]

    def count(self, stage: Stage[Section]) -> int:
        """Return the number of samples that the stage runs over.

        The first call lists the data set as it is on disk, which looks at every file once: half a minute for a million files.
        """
        return len(self.listing.ids) if stage.over == "images" else len(self.listing.pairs)

    def pairs(self) -> NDArray[np.int32]:
        """Return the (P, 2) directed pairs (target, source)."""
        return self.listing.pairs

    def sample_name(self, stage: Stage[Section], sample: int) -> str:
        """Return the id of an image, or `target ← source` of a pair."""
        ids = self.listing.ids
        if stage.over == "images":
            return ids[sample]
        target, source = self.pairs()[sample].tolist()
        return f"{ids[target]} ← {ids[source]}"

    def plan(self, stage: Stage[Section]) -> Plan:
        """Return the state of a stage and the blocks it needs."""
        return Plan(self, stage)


@dataclass(frozen=True)
class Plan:
    """One stage, planned: computed from the records on disk when first asked for."""

    pipeline: Pipeline
    stage: Stage[Section]

    @cached_property
    def store(self) -> Store:
        """Its store, which may not exist yet."""
        return self.pipeline.store(self.stage)

    @cached_property
    def manifest(self) -> dict[str, Json]:
        """Manifest of its results: settings, inputs, dependencies and versions under the settings of now."""
        return self.pipeline.manifest(self.stage)

    @cached_property
    def count(self) -> int:
        """Number of samples."""
        return self.pipeline.count(self.stage)

    @property
    def block(self) -> int:
        """Samples a block."""
        return self.pipeline.run.block

    @cached_property
    def stale(self) -> list[str]:
        """Reasons why the store on disk does not match: empty where it does, or where there is none."""
        if not self.store.exists():
            return []
        reasons: list[str] = []
        if self.store.attributes.manifest != self.manifest:
            reasons = differences(self.store.attributes.manifest, self.pipeline.manifest_as_noted(self.stage))
        if not reasons and self.store.count != self.count:
            reasons = [f"{self.store.count} samples, now {self.count}"]
        if not reasons and self._records.reread and self._stamps is not None:
            replaced = int(replaced_files(self.store, self._stamps, self._records).sum())
            reasons = [f"files that were read again and replaced: {replaced}"] if replaced else []
        return reasons

    @cached_property
    def _records(self) -> Summary:
        return self.store.records.summary()

    @cached_property
    def summary(self) -> Summary:
        """Its records, summed up; nothing is done where the store is absent or stale."""
        if not self.store.exists() or self.stale:
            return Summary(np.full(self.count, PENDING, np.uint8))
        return self._records

    @property
    def states(self) -> NDArray[np.uint8]:
        """(N,) state of every sample."""
        return self.summary.states

    @property
    def problems(self) -> Mapping[int, Problem]:
        """Quarantined samples and why."""
        return self.summary.problems

    @cached_property
    def upstream(self) -> NDArray[np.uint8]:
        """(N,) OK, SKIPPED or PENDING: the state of each sample's inputs."""
        result = np.full(self.count, OK, np.uint8)
        for name in self.stage.input_stores:
            plan = self.pipeline.plan(self.pipeline.writer(name))
            states = plan.states
            if plan.stage.over == "images" and self.stage.over == "pairs":
                pairs = self.pipeline.pairs()
                for column in (0, 1):
                    _worsen(result, states[pairs[:, column]])
            else:
                _worsen(result, states)
        return result

    @cached_property
    def outdated(self) -> NDArray[np.bool_]:
        """(N,) samples whose recorded state the inputs no longer bear out: a retry upstream saved or lost them."""
        saved = (self.states == SKIPPED) & (self.upstream == OK)
        lost = np.isin(self.states, (OK, BAD)) & (self.upstream == SKIPPED)
        outdated: NDArray[np.bool_] = saved | lost
        return outdated

    @property
    def tables(self) -> Tables:
        """The tables of a new store."""
        stamps = self.pipeline.stamps(self.stage)
        return {**self.pipeline.tables(self.stage), **({} if stamps is None else {STAMP: stamps})}

    @cached_property
    def _stamps(self) -> NDArray[np.int64] | None:
        """Stamps of the files of now, where the store says those of its own."""
        return self.pipeline.stamps(self.stage) if self.store.has(STAMP) else None

    @cached_property
    def mended(self) -> NDArray[np.bool_]:
        """(N,) quarantined samples whose file was replaced since."""
        if not self.problems or self._stamps is None:
            return np.zeros(self.count, np.bool_)
        mended: NDArray[np.bool_] = changed_files(self.store, self._stamps, self.summary) & (self.states == BAD)
        return mended

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return -(-self.count // self.block)

    def samples(self, blocks: NDArray[np.int64]) -> int:
        """Count the samples in some of its blocks; only the last may be short."""
        short = self.blocks * self.block - self.count
        return len(blocks) * self.block - (short if len(blocks) and int(blocks.max()) == self.blocks - 1 else 0)

    def _any_of_block(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(blocks,) True where any sample of the block is flagged."""
        starts = np.arange(0, self.count, self.block)
        return np.logical_or.reduceat(flags, starts) if self.count else np.zeros(0, bool)

    @cached_property
    def needed(self) -> NDArray[np.bool_]:
        """(blocks,) blocks that are not done or no longer right."""
        pending: NDArray[np.bool_] = self.states == PENDING
        return self._any_of_block(pending | self.outdated | self.mended)

    @cached_property
    def ready(self) -> NDArray[np.int64]:
        """Numbers of needed blocks whose inputs are all decided."""
        return np.flatnonzero(self.needed & ~self._any_of_block(self.upstream == PENDING))

    @property
    def waiting(self) -> int:
        """Number of needed blocks whose inputs are not there yet."""
        return int(self.needed.sum()) - len(self.ready)

    @property
    def condition(self) -> Condition:
        """State of the stage in one word."""
        if not self.store.exists():
            return "absent"
        if self.stale:
            return "stale"
        return "partial" if self.needed.any() else "done"

    def attributes(self, *, rebuild: bool = False) -> StoreAttributes:
        """Return the attributes of a new store; `rebuild`: in place of one with the same results, by `--force`."""
        manifest = self.pipeline.manifest_of_now(self.stage) if rebuild else self.manifest
        return StoreAttributes(
            stage=self.stage.name,
            count=self.count,
            block=self.block,
            manifest=manifest,
            fingerprint=digest(manifest),
            rebuilds=self.store.attributes.rebuilds + 1 if rebuild else 0,
            versions={name: version(name) for name in PACKAGES},
        )

    def reread(self, block: int, redo: frozenset[int] | None) -> dict[int, tuple[int, ...]]:
        """Stamps of the files of a block, or of those of its samples that are `redo`, that changed since the store was laid out."""
        if self._stamps is None:
            return {}
        start = block * self.block
        changed = start + np.flatnonzero(self._changed_files[start : start + self.block])
        chosen = [sample for sample in changed.tolist() if redo is None or sample in redo]
        return {sample: tuple(self._stamps[sample].tolist()) for sample in chosen}

    @cached_property
    def _changed_files(self) -> NDArray[np.bool_]:
        return np.zeros(self.count, np.bool_) if self._stamps is None else changed_files(self.store, self._stamps)

    def usable(self, block: int) -> NDArray[np.bool_]:
        """Return which samples of a block the inputs allow to be computed."""
        usable: NDArray[np.bool_] = self.upstream[block * self.block : (block + 1) * self.block] == OK
        return usable


def _worsen(result: NDArray[np.uint8], states: NDArray[np.uint8]) -> None:
    """Take over the worse state in place: PENDING beats SKIPPED beats OK."""
    result[np.isin(states, (BAD, SKIPPED)) & (result == OK)] = SKIPPED
    result[states == PENDING] = PENDING
