"""The life of a stage's store: laid out, put aside when settings change, taken up again, discarded."""

from __future__ import annotations

from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Listener
from ptx.pipeline.plan import Plan
from ptx.pipeline.storage.storage import Busy
from ptx.pipeline.storage.store import Store

OLD_FOLDER = ".old"
"""Folder in the workspace of stores of other settings, kept until the new ones are whole."""


def run_lock(plan: Plan) -> str:
    """Name of the lock that everyone who computes blocks of a stage shares, so that nobody replaces its store meanwhile."""
    return f".locks/{plan.stage.store}.run"


def prepare_store(plan: Plan, listener: Listener, *, force: bool) -> None:
    """Lay out a stage's store, unless another run did so meanwhile.

    An old store is put aside, and one that was put aside earlier is taken up again if it is the one that is wanted now.

    Raises:
        PtxError: another run is at work on the store.
    """
    storage = plan.store.storage
    with storage.lock(f".locks/{plan.stage.store}.prepare"):
        plan = plan.pipeline.plan(plan.stage)  # another run may have laid it out while we waited for the lock
        if plan.condition in ("partial", "done") and not force:
            return
        try:
            with storage.lock(run_lock(plan), wait=False):
                _replace_store(plan, listener, force=force)
        except Busy:
            raise PtxError(f"another run is at work on {plan.store}: wait for it, or stop it") from None


def _replace_store(plan: Plan, listener: Listener, *, force: bool) -> None:
    stage = plan.stage
    store = plan.store
    again = (
        plan.condition == "stale" and store.attributes.manifest == plan.manifest
    )  # a file is back that was mended since
    attributes = plan.attributes(rebuild=again or (force and plan.condition in ("partial", "done")))
    if plan.condition == "stale":
        listener.told(stage.name, f"{stage.name} is stale ({'; '.join(plan.stale)}): rebuilding")
    if store.exists():
        _put_aside(store)
    if force or again or not _take_up(store, attributes.fingerprint):
        store.create(stage.outputs, attributes, plan.tables)
    plan.pipeline.invalidate()


def _old_folder(store: Store, fingerprint: str) -> str:
    return f"{OLD_FOLDER}/{store.name}-{fingerprint[:12]}"


def _put_aside(store: Store) -> None:
    """Rename a store; where there is no rename it is given up."""
    folder = _old_folder(store, store.attributes.fingerprint)
    store.storage.remove_tree(folder)
    for name in (store.group, store.records_folder):
        if not store.storage.rename(name, f"{folder}/{name}"):
            store.delete()
            return


def _take_up(store: Store, fingerprint: str) -> bool:
    """Rename a store that was put aside back; False where there is none."""
    folder = _old_folder(store, fingerprint)
    storage = store.storage
    if not storage.exists(f"{folder}/{store.group_file}"):
        return False
    storage.remove_tree(store.records_folder)
    for name in (store.records_folder, store.group):
        storage.rename(f"{folder}/{name}", name)
    storage.remove_tree(folder)
    return True


def discard_old_stores(plan: Plan) -> None:
    """Remove the stores of other settings that a stage left, once the new one is whole."""
    if plan.condition != "done":
        return
    storage = plan.store.storage
    for name in storage.names(OLD_FOLDER):
        if name.startswith(f"{plan.stage.store}-"):
            storage.remove_tree(f"{OLD_FOLDER}/{name}")
