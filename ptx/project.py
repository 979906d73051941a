"""A project: settings, data set, stages and trainings put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from ptx.datasets.catalogue import open_data_set
from ptx.datasets.data_set import DataContext, DataSet, DataSettings, OwnSplitSettings
from ptx.datasets.leaks import persons_in_both
from ptx.pipeline.block_step import BlockStep
from ptx.pipeline.config import Section
from ptx.pipeline.errors import PtxError, printable
from ptx.pipeline.events import Listener, Silent
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.stage import Stage
from ptx.pipeline.step import Outcome, Step, run_steps
from ptx.settings import Settings, load_settings
from ptx.stages.backends.bodies import BodyStage, open_body
from ptx.stages.draw_surface import DrawSurface
from ptx.stages.dress import Dress
from ptx.stages.extract_keypoints import ExtractKeypoints
from ptx.stages.fit_smpl import FitSmpl
from ptx.stages.ingest import Ingest
from ptx.stages.parse import NetworkParse, parse_stage
from ptx.stages.rasterize import Rasterize
from ptx.stages.released import ReleasedFlow, ReleasedParts, ReleasedVisibility
from ptx.stages.silhouette import silhouette_stage
from ptx.stages.synth_flow import SynthFlow
from ptx.stages.visibility import Visibility
from ptx.training.context import TrainingContext
from ptx.training.step import TrainingStep
from ptx.training.systems import SYSTEMS
from ptx.training.trainings import TRAININGS
from ptx.training.trainings.appearance_flow import TrainGeneratorSettings


def build_data_set(settings: Settings) -> DataSet[DataSettings]:
    """Make the data set that the settings describe."""
    context = DataContext(
        settings.workspace, settings.size, settings.seed, settings.ingest.max_pixels, settings.results_folder
    )
    return open_data_set(settings.data, context)


def build_stages(settings: Settings, data: DataSet[DataSettings]) -> tuple[Stage[Section], ...]:
    """Make the stages in the order they run; for a data set that comes with its flow, no body is fitted."""
    size = settings.size
    body = settings.body
    surface = settings.section(TrainGeneratorSettings).surface
    keypoints = settings.extract_keypoints.resolve(data)
    hands = keypoints.detects and keypoints.details
    ingest = Ingest(settings.ingest, data, keypoints)
    extract = ExtractKeypoints(settings.extract_keypoints, data, keypoints)
    silhouette = silhouette_stage(settings.silhouette, settings.parse, data)
    parse = parse_stage(settings.parse, data, silhouette.applies)
    seen = (silhouette, parse) if isinstance(parse, NetworkParse) else (parse, silhouette)
    dressed = settings.rasterize.dressed(settings.workspace, silhouettes=silhouette.applies)
    if surface and (settings.released or not dressed):
        raise PtxError("train_generator.surface: needs dressed bodies (silhouette.backend, rasterize.surface)")
    if settings.released:
        flow = settings.synth_flow
        return (
            ingest,
            extract,
            *seen,
            ReleasedParts(flow, data),
            ReleasedFlow(flow, data),
            ReleasedVisibility(flow, data),
        )
    return (
        ingest,
        extract,
        *seen,
        FitSmpl(settings.fit_smpl, size, body, hands, data, keypoints),
        Dress(settings.dress, size, body, hands, keypoints, dressed, parse.applies),
        Rasterize(settings.rasterize, size, body, hands, dressed),
        SynthFlow(settings.synth_flow, size, body, hands, dressed),
        Visibility(settings.visibility, size, body, hands, dressed),
        DrawSurface(Section(), size, body, hands, dressed, surface, hands),
    )


class Project:
    """Everything that the commands work on, under one set of settings.

    Example:
        >>> import ptx
        >>> project = ptx.Project(None, f"workspace={folder}", "data.persons=2", "body=small", "cluster.kind=serial")
        >>> [outcome.computed for outcome in project.run("ingest")]  # images, of two made people
        [8]
        >>> project.step("fit-smpl").status().condition
        'absent'
    """

    settings: Settings
    data: DataSet[DataSettings]
    pipeline: Pipeline

    def __init__(self, settings: str | Path | Settings | None = None, *overrides: str) -> None:
        """Put the project together that settings describe.

        Args:
            settings: their file, or what was read of one; None: `pipeline.yaml` of this folder, where there is one.
            *overrides: of a file's settings, such as "data.root=photos", as the commands take them by `--set`.

        Raises:
            PtxError: the file is not there, or holds something that is no setting; one line.
        """
        if not isinstance(settings, Settings):
            settings = load_settings(None if settings is None else Path(settings), list(overrides))
        self.settings, self.data = settings, build_data_set(settings)
        stages = build_stages(settings, self.data)
        self.pipeline = Pipeline(stages, settings.workspace, settings.run, settings.results_folder, settings.cluster)

    @cached_property
    def context(self) -> TrainingContext:
        """The parts of the project that trainings use."""
        s = self.settings
        return TrainingContext(
            pipeline=self.pipeline,
            seed=s.seed,
            size=s.size,
            body=s.body,
            frame=s.ingest.crop if self.data.root else "picture",
            validation_share=s.data.validation_fraction if isinstance(s.data, OwnSplitSettings) else 0.0,
            attributes=s.attributes.path,
            section=s.section,
            exact_flow=self.data.exact_flow if "truth" in self.data.has else None,
        )

    @cached_property
    def stages(self) -> tuple[BlockStep, ...]:
        """The data stages that have a meaning under these settings, in order."""
        return tuple(BlockStep(self.pipeline, stage) for stage in self.pipeline.active)

    @cached_property
    def trainings(self) -> tuple[TrainingStep, ...]:
        """All trainings, in order."""
        return tuple(TrainingStep(self.context, training) for training in TRAININGS.values())

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in an order in which they can run."""
        return (*self.stages, *self.trainings)

    def step(self, name: str) -> Step:
        """Return a step by the name a user types.

        Raises:
            PtxError: there is no such step; names those that are.
        """
        for step in self.steps:
            if name in (step.name, step.name.replace("-", "_")):
                return step
        for stage in self.pipeline.stages:
            if name in (stage.name, stage.name.replace("-", "_")):
                raise PtxError(f"{stage.name} does not apply: set `{stage.how_to_apply}`")
        names = ", ".join(step.name for step in self.steps)
        raise PtxError(f"no step '{name}': {names}; all (data stages), everything (and the trainings of `systems`)")

    def select(self, name: str) -> tuple[Step, ...]:
        """Return one step, or those of `all` (the data stages) or `everything` (and the trainings that `systems` names)."""
        if name == "all":
            return self.stages
        if name == "everything":
            return (*self.stages, *self.chosen_trainings)
        return (self.step(name),)

    def run(self, name: str = "all", *, force: bool = False, listener: Listener | None = None) -> list[Outcome]:
        """Compute what is missing, as `ptx run NAME` does. Killed runs go on where they stopped.

        Work is shared among processes, unless `cluster.kind` is `serial`: a script calls this under `if __name__ == "__main__":`.

        Args:
            name: a step such as `fit-smpl`; or `all`, the data stages; or `everything`, and the trainings that `systems` names.
            force: compute again what is done.
            listener: is told of the progress.

        Returns:
            What has become of each step, in order.

        Raises:
            PtxError: there is no such step, or settings, data or inputs do not allow it; one line.
            Interrupted: a signal came; everything is saved.
        """
        steps = self.prepare(name)
        return list(run_steps(steps, self.settings.run, self.settings.cluster, listener or Silent(), force=force))

    def prepare(self, name: str) -> tuple[Step, ...]:
        """Select steps, and refuse what would end in an error after hours.

        Raises:
            PtxError: as `select` and the checks below.
        """
        self.settings.workspace.check()
        self.check_data()
        steps = self.select(name)
        self.check(name)
        self.check_pairs(steps)
        self.check_split()
        self.check_body(steps)
        self.check_backends(steps)
        return steps

    def check(self, name: str = "everything") -> None:
        """Refuse a working resolution that the trainings to come cannot work at: one that is named, else those of `systems`.

        Raises:
            PtxError: one of them cannot; or `systems` names no system or training.
        """
        asked = [training for training in self.trainings if name in (training.name, training.training.section)]
        for training in asked or self._named_trainings:
            training.check()

    @property
    def no_pairs(self) -> str | None:
        """The sentence that the data set has no pairs, and which layout has some; None where there are pairs."""
        if len(self.pipeline.listing.pairs):
            return None
        return f"data: there are no pairs of pictures, from which everything after the fits is made; expected: {self.data.layout}"

    def check_pairs(self, steps: Sequence[Step]) -> None:
        """Refuse a data set without pairs where some of the steps compute pairs, before hours go into the others.

        Raises:
            PtxError: there are no pairs; says which layout has some.
        """
        over_pairs = {stage.name for stage in self.pipeline.active if stage.over == "pairs"}
        if over_pairs & {step.name for step in steps} and (reason := self.no_pairs) is not None:
            raise PtxError(reason)

    def check_body(self, steps: Sequence[Step]) -> None:
        """Refuse a body model that cannot be read where some of the steps need one, before hours go into the others.

        Raises:
            PtxError: it cannot be read; says why.
        """
        names = {step.name for step in steps}
        for stage in self.pipeline.active:
            if stage.name in names and isinstance(stage, BodyStage):
                open_body(stage.body)
                return

    def check_split(self) -> None:
        """Refuse a data set of which persons are in training and in testing, unless it was published so.

        Raises:
            PtxError: there are such persons; names a picture of one.
        """
        listing = self.pipeline.listing
        persons = listing.persons.tolist()
        shared = persons_in_both(persons, listing.splits)
        if shared and not self.data.published_split(listing):
            first = printable(listing.ids[persons.index(shared[0])])
            raise PtxError(
                f"data: persons in training and in testing: {len(shared)}, the first is that of {first}: put all pictures of a person on "
                "one side, in the tables of pairs or in the folders; `ptx check` lists them"
            )

    def check_backends(self, steps: Sequence[Step]) -> None:
        """Refuse backends of keypoints and fits that cannot work where some of the steps use them, before pictures are read.

        Raises:
            PtxError: one does not go with the data set, lacks the path of its files, or has one and reads none.
        """
        names = {step.name for step in steps}
        if "extract-keypoints" in names:
            self.settings.extract_keypoints.resolve(self.data).check(self.data)
        if "fit-smpl" in names:
            self.settings.fit_smpl.check(self.data)

    def check_data(self) -> None:
        """Refuse settings that name no data set where the stores are of another kind than made people, which would take their place.

        Raises:
            PtxError: there are such stores; says of what, and how to go on.
        """
        if "data" in self.settings.model_fields_set:
            return
        store = self.pipeline.store(self.pipeline.stage("ingest"))
        noted = store.attributes.manifest.get("settings") if store.exists() else None
        kept = noted.get("data") if isinstance(noted, Mapping) else None
        kind = kept.get("kind") if isinstance(kept, Mapping) else None
        if kind not in (None, self.settings.data.kind):
            raise PtxError(
                f"{self.settings.workspace} holds a data set of data.kind {kind}, and these settings name none: give those it was made "
                "with (`--set data.root=...`, or `-c` and a file), or another workspace; `--set data.kind=people` makes people in its place"
            )

    def left_out(self, name: str) -> dict[str, str]:
        """Return the trainings that `everything` leaves out, since their inputs cannot exist, and why; none of another name."""
        if name != "everything":
            return {}
        reasons = {training.name: training.impossible() for training in self._named_trainings}
        return {training: reason for training, reason in reasons.items() if reason is not None}

    @property
    def chosen_trainings(self) -> tuple[Step, ...]:
        """The trainings that the setting `systems` names and whose inputs can exist, in order, each after those it needs.

        Raises:
            PtxError: there is no such system or training.
        """
        return tuple(training for training in self._named_trainings if training.impossible() is None)

    @property
    def _named_trainings(self) -> list[TrainingStep]:
        """The trainings that the setting `systems` names, in order, each after those it needs."""
        by_name = {training.name: training for training in self.trainings}
        names: list[str] = []
        for chosen in self.settings.systems:
            if chosen not in SYSTEMS and chosen not in TRAININGS:
                raise PtxError(f"systems: no system or training '{chosen}': {', '.join((*SYSTEMS, *TRAININGS))}")
            for name in SYSTEMS[chosen].trainings if chosen in SYSTEMS else (chosen,):
                names += [*(need for need in by_name[name].needs() if need in TRAININGS), name]
        return [by_name[name] for name in dict.fromkeys(names)]


def load_project(config: Path | None = None, overrides: list[str] | None = None, *, any_data: bool = False) -> Project:
    """Read settings (`load_settings`) and put the project together that they describe.

    `any_data`: also where they name no data set and the stores are of one (`Project.check_data`), for what reads the stores alone.

    Raises:
        PtxError: as `load_settings` and `Project.check_data`; or its workspace is at a URL that does not answer.
    """
    settings = load_settings(config, overrides)
    settings.workspace.check()
    project = Project(settings)
    if not any_data:
        project.check_data()
    return project
