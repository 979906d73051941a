"""What there is to do: which blocks of a stage are done, ready, waiting or out of date, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.config import Section
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import differences, digest
from ptx.pipeline.stage import Listing, Stage
from ptx.pipeline.storage.records import BAD, OK, PENDING, SKIPPED, Summary
from ptx.pipeline.storage.store import Store


@dataclass(frozen=True)
class Pipeline:
    """The stages in order, the settings, and the workspace they write to."""

    stages: Sequence[Stage]
    settings: Any
    """The root settings: `workspace`, `run`, and one section a stage."""

    @property
    def workspace(self) -> Path:
        """Folder of all stores."""
        workspace: Path = self.settings.workspace
        return workspace

    @property
    def results(self) -> Path:
        """Folder of models, reports and pictures."""
        folder: Path = self.settings.results_folder
        return folder

    def stage(self, name: str) -> Stage:
        """A stage by the name a user types.

        Raises:
            PtxError: there is no such stage; names those that are.
        """
        for stage in self.stages:
            if name in (stage.name, stage.name.replace("-", "_")):
                return stage
        raise PtxError(f"no stage '{name}': the stages are {', '.join(s.name for s in self.stages)}, and all")

    @property
    def active(self) -> list[Stage]:
        """The stages that have a meaning under these settings, in order."""
        return [s for s in self.stages if s.applies(self.settings)]

    def writer(self, store: str) -> Stage:
        """The stage that writes a store."""
        return next(s for s in self.stages if s.store == store)

    def store(self, stage: Stage) -> Store:
        """The store of a stage."""
        return Store(self.workspace, stage.store)

    @cached_property
    def _listed(self) -> tuple[str, Listing]:
        """The stage that lists the data set, and what it found."""
        found = [(s.name, listing) for s in self.stages if (listing := s.listing(self.settings)) is not None]
        if len(found) != 1:
            raise RuntimeError("exactly one stage must list the data set")
        return found[0]

    @property
    def listing(self) -> Listing:
        """The data set as it was on disk when first asked for."""
        return self._listed[1]

    @cached_property
    def _documents(self) -> dict[str, dict[str, Any]]:
        return {}

    def document(self, stage: Stage) -> dict[str, Any]:
        """Everything the stage's results depend on: its fingerprint is the digest of this."""
        if stage.name not in self._documents:
            self._documents[stage.name] = self._document(stage)
        return self._documents[stage.name]

    def _document(self, stage: Stage) -> dict[str, Any]:
        settings = {name: _plain(getattr(self.settings, name)) for name in stage.settings}
        inputs = {self.writer(s).name: self._edition(self.writer(s)) for s in stage.input_stores}
        dependencies = {k: _plain(v) for k, v in stage.dependencies(self.settings).items()}
        if stage.name == self._listed[0]:
            dependencies["data set"] = self.listing.digest
        return {
            "stage": stage.name,
            "version": stage.version,
            "block": self.settings.run.block,
            "settings": settings,
            "inputs": inputs,
            "dependencies": dependencies,
        }

    def _edition(self, stage: Stage) -> str:
        """What a stage's results are, for those that read them: also how often they were made anew by `--force`."""
        store = self.store(stage)
        again = int(store.attributes.get("again", 0)) if store.exists() else 0
        return digest(self.document(stage)) + (f" made again {again}" if again else "")

    def forget(self) -> None:
        """Read the stores' attributes afresh: one was replaced."""
        self._documents.clear()

    def count(self, stage: Stage) -> int:
        """Number of samples the stage runs over, from the ingested tables where they are current, else from the data set."""
        return len(self.listing.ids) if stage.over == "images" else len(self.listing.pairs)

    def pairs(self) -> NDArray[np.int32]:
        """(P, 2) directed pairs (target, source)."""
        return self.listing.pairs

    def plan(self, stage: Stage) -> Plan:
        """The state of a stage and the blocks it needs."""
        return Plan(self, stage)


Condition = Literal["absent", "stale", "partial", "done"]


@dataclass(frozen=True)
class Plan:
    """One stage, planned: computed from the records on disk when first asked for."""

    pipeline: Pipeline
    stage: Stage

    @cached_property
    def store(self) -> Store:
        """Its store, which may not exist yet."""
        return self.pipeline.store(self.stage)

    @cached_property
    def document(self) -> dict[str, Any]:
        """What its results should depend on."""
        return self.pipeline.document(self.stage)

    @cached_property
    def count(self) -> int:
        """Number of samples."""
        return self.pipeline.count(self.stage)

    @property
    def block(self) -> int:
        """Samples a block."""
        return int(self.document["block"])

    @cached_property
    def stale(self) -> list[str]:
        """Why the store on disk does not match: empty where it does, or where there is none."""
        if not self.store.exists():
            return []
        reasons = differences(self.store.attributes["document"], self.document)
        if not reasons and self.store.count != self.count:
            reasons = [f"{self.store.count} samples, now {self.count}"]
        return reasons

    @cached_property
    def summary(self) -> Summary:
        """What its records say; nothing is done where the store is absent or stale."""
        if not self.store.exists() or self.stale:
            return Summary(np.full(self.count, PENDING, np.uint8))
        return self.store.records.summary()

    @property
    def states(self) -> NDArray[np.uint8]:
        """(N,) state of every sample."""
        return self.summary.states

    @property
    def problems(self) -> dict[int, str]:
        """Quarantined samples and why."""
        return self.summary.problems

    @cached_property
    def upstream(self) -> NDArray[np.uint8]:
        """(N,) OK, SKIPPED or PENDING: what the inputs say of each sample."""
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
        return saved | lost

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return -(-self.count // self.block)

    def samples(self, blocks: NDArray[np.int64]) -> int:
        """Samples in some of its blocks; only the last may be short."""
        short = self.blocks * self.block - self.count
        return len(blocks) * self.block - (short if len(blocks) and int(blocks.max()) == self.blocks - 1 else 0)

    def _per_block(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(blocks,) whether any sample of the block is flagged."""
        starts = np.arange(0, self.count, self.block)
        return np.logical_or.reduceat(flags, starts) if self.count else np.zeros(0, bool)

    @cached_property
    def needed(self) -> NDArray[np.bool_]:
        """(blocks,) blocks that are not done or no longer right."""
        return self._per_block((self.states == PENDING) | self.outdated)

    @cached_property
    def ready(self) -> NDArray[np.int64]:
        """Needed blocks whose inputs are all decided."""
        return np.flatnonzero(self.needed & ~self._per_block(self.upstream == PENDING))

    @property
    def waiting(self) -> int:
        """Needed blocks whose inputs are not there yet."""
        return int(self.needed.sum()) - len(self.ready)

    @property
    def condition(self) -> Condition:
        """Where the stage stands."""
        if not self.store.exists():
            return "absent"
        if self.stale:
            return "stale"
        return "partial" if self.needed.any() else "done"

    def attributes(self, *, again: bool = False) -> dict[str, Any]:
        """What the store will say of its making; `again`: in place of the same results, by `--force`."""
        times = self.store.attributes.get("again", 0) + 1 if again else 0
        return {
            "stage": self.stage.name,
            "again": times,
            "count": self.count,
            "block": self.block,
            "document": self.document,
            "fingerprint": digest(self.document),
            "versions": {name: version(name) for name in ("ptx", "numpy", "zarr", "numcodecs", "numba")},
        }

    def usable(self, block: int) -> NDArray[np.bool_]:
        """Which samples of a block the inputs allow to be computed."""
        return self.upstream[block * self.block : (block + 1) * self.block] == OK


def _worsen(result: NDArray[np.uint8], states: NDArray[np.uint8]) -> None:
    """PENDING beats SKIPPED beats OK."""
    result[np.isin(states, (BAD, SKIPPED)) & (result == OK)] = SKIPPED
    result[states == PENDING] = PENDING


def _plain(value: Any) -> Any:
    """A setting as JSON-like values."""
    if isinstance(value, Section):
        return value.essence()
    return list(value) if isinstance(value, tuple) else value
