"""The one way to trained models: whether they exist, their settings, their networks, their body."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError
from torch import nn

from ptx.datasets.images import Frame
from ptx.geometry.body import Body, load_body
from ptx.models.weights import file_hash
from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.fingerprint import Json, digest
from ptx.pipeline.storage.local import LocalStorage
from ptx.pipeline.storage.store import Store
from ptx.training.checkpoint import read_checkpoint, read_meta, restore
from ptx.training.context import NetworkFacts, TrainingContext
from ptx.training.data import clothes
from ptx.training.recipes.loading import load_recipe
from ptx.training.settings import TrainSettings
from ptx.training.state import recorded_settings, stale
from ptx.training.training import Training
from ptx.training.trainings import TRAININGS


@dataclass(frozen=True)
class TrainedModels(ABC):
    """Trained models, each read once. `FolderModels` reads whatever lies in a folder, `ProjectModels` refuses what is stale."""

    folder: Path
    """Folder of the models, one folder each."""
    hashes: dict[str, str] = field(default_factory=dict)
    """Name of each model that was read → hash of its weights."""
    _networks: dict[str, nn.Module] = field(default_factory=dict, repr=False)

    def exists(self, name: str) -> bool:
        """Return whether a training has left a model."""
        return self.path(name).with_suffix(".json").exists()

    def path(self, name: str) -> Path:
        """Path of a training's model, without ending."""
        return self.folder / name.removeprefix("train-") / "model"

    @abstractmethod
    def settings(self, name: str) -> TrainSettings:
        """Return the settings that a model was trained with."""

    @abstractmethod
    def facts(self, name: str) -> NetworkFacts:
        """Return what else the shape of its network depends on."""

    def network(self, name: str) -> nn.Module:
        """Return the network of a training, frozen, ready for use.

        Raises:
            PtxError: there is none, it is stale, damaged, or of another architecture.
        """
        if name not in self._networks:
            path = self.path(name)
            recipe = load_recipe(TRAININGS[name])
            net = recipe.network(self.settings(name), self.facts(name))
            restore(net, read_checkpoint(path).tensors, str(path.parent))
            self.hashes[path.parent.name] = file_hash(path.with_suffix(".safetensors"))
            self._networks[name] = net.eval().requires_grad_(False)
        return self._networks[name]

    @property
    def named_body(self) -> str | None:
        """The body model that the user names; it comes before the path that was true where a model was trained."""
        return None

    def body(self, name: str) -> Body:
        """Load the body model that a model was trained with.

        For models of ptx 0.1, which recorded none, it is the one that the user names, else the built-in one.

        Raises:
            PtxError: its file is not there, or is another one by now.
        """
        recorded = read_meta(self.path(name)).get("body")
        if not isinstance(recorded, Mapping):
            return load_body(self.named_body or "builtin")
        spec = str(recorded.get("name"))
        reason = "has changed since"
        for candidate in dict.fromkeys((self.named_body or spec, spec)):
            try:
                body = load_body(candidate)
            except (OSError, ValueError) as error:
                reason = f"cannot be read ({one_line(error)})"
                continue
            if body.digest == recorded.get("digest"):
                return body
        raise PtxError(f"{name} was trained with the body {spec}, which {reason}: name it by --set body=PATH")


@dataclass(frozen=True)
class FolderModels(TrainedModels):
    """The models of a folder (`WORKSPACE/models`), whatever they were trained from."""

    chosen_body: str | None = None
    """Body model that the user names, in place of the path that was true where a model was trained."""

    @property
    def named_body(self) -> str | None:
        """The chosen body model, where one is named."""
        return self.chosen_body

    def settings(self, name: str) -> TrainSettings:
        """Return the settings that the model's own manifest holds."""
        return self._recorded(name)[0]

    def facts(self, name: str) -> NetworkFacts:
        """Return the size that the model's own manifest holds, and the numbers of outputs that its weights have."""
        tensors = read_checkpoint(self.path(name)).tensors if TRAININGS[name].annotated else {}
        categories, attributes = (len(tensors.get(f"{head}.bias", ())) for head in ("categories", "attributes"))
        return NetworkFacts(self.size(name), categories, attributes)

    def size(self, name: str) -> tuple[int, int]:
        """Return the height and width in px of the pictures that a model was trained on."""
        return self._recorded(name)[1]

    def frame(self, name: str) -> Frame:
        """Return what of a photograph the pictures show that a model was trained on.

        Of models of before 0.2, which did not record it, the pictures tell if they still lie beside the models; else it is the
        person, as transfers of that time had it.
        """
        meta = read_meta(self.path(name))
        recorded = meta.get("frame") or _frame_of_stores(self.folder.parent, meta)
        return "picture" if recorded == "picture" else "person"

    def _recorded(self, name: str) -> tuple[TrainSettings, tuple[int, int]]:
        if name not in self._manifests:
            self._manifests[name] = _read_manifest(self.path(name), TRAININGS[name])
        return self._manifests[name]

    @cached_property
    def _manifests(self) -> dict[str, tuple[TrainSettings, tuple[int, int]]]:
        return {}


def _read_manifest(path: Path, training: Training) -> tuple[TrainSettings, tuple[int, int]]:
    recorded = read_meta(path).get("document")
    try:
        if not isinstance(recorded, Mapping):
            raise KeyError("document")
        settings = training.settings.model_validate(recorded_settings(recorded, training))
        height, width = _integers(recorded["size"])
        return settings, (height, width)
    except (KeyError, TypeError, ValueError, ValidationError):
        raise PtxError(f"{path}: this is no model of {training.name}: its JSON names no such settings") from None


def _frame_of_stores(workspace: Path, meta: Mapping[str, Json]) -> Json:
    """Return `ingest.crop` of the pictures in a workspace, if the model was trained on them; None where that is not known."""
    store = Store(LocalStorage(workspace), "ingest")
    document = meta.get("document")
    inputs = document.get("inputs") if isinstance(document, Mapping) else None
    if (
        not store.exists()
        or not isinstance(inputs, Mapping)
        or inputs.get("ingest") != digest(store.attributes.manifest)
    ):
        return None
    settings = store.attributes.manifest["settings"]
    ingest = settings.get("ingest") if isinstance(settings, Mapping) else None
    return ingest.get("crop") if isinstance(ingest, Mapping) else None


def _integers(value: Json) -> list[int]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return [int(one) for one in value if isinstance(one, int)]


@dataclass(frozen=True)
class ProjectModels(TrainedModels):
    """The models of a project, under its settings of now."""

    context: TrainingContext | None = None

    @classmethod
    def of(cls, context: TrainingContext) -> ProjectModels:
        """Open the models of a project."""
        return cls(context.pipeline.results / "models", context=context)

    @property
    def project(self) -> TrainingContext:
        assert self.context is not None
        return self.context

    def settings(self, name: str) -> TrainSettings:
        """Return the section of the settings.

        Raises:
            PtxError: there is no model, or it is stale.
        """
        if not self.exists(name):
            raise PtxError(f"there is no trained model of {name}: `ptx run {name}` first")
        if reasons := stale(self.project, TRAININGS[name]):
            raise PtxError(f"{name} is stale ({'; '.join(reasons)}): `ptx run {name}` first")
        return self.project.settings(TRAININGS[name])

    def facts(self, name: str) -> NetworkFacts:
        """Return the working resolution, and the numbers of the annotation where the training reads one."""
        if not TRAININGS[name].annotated:
            return NetworkFacts(self.project.size)
        known = clothes(self.project)
        return NetworkFacts(self.project.size, len(known.category_names), len(known.attribute_names))

    @property
    def named_body(self) -> str:
        """The setting `body`."""
        return self.project.body
