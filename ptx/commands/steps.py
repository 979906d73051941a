"""Names of steps as users type them: completed by the shell, and listed by `ptx run --help`."""

from __future__ import annotations

from typer.core import TyperCommand

GROUPS = {
    "all": "whatever is missing of the data steps, in order",
    "everything": "all, and the trainings of the setting `systems`",
}
"""Names that stand for several steps."""


def known_steps() -> dict[str, str]:
    """Return name and summary of every step, plugins included, as default settings have them."""
    from ptx.project import Project
    from ptx.settings import Settings

    return {step.name: step.summary for step in Project.of(Settings()).steps}


def complete_step(incomplete: str) -> list[tuple[str, str]]:
    """Complete the name of a step; returns names with their summaries."""
    steps = known_steps()
    return [(name, summary) for name, summary in steps.items() if name.startswith(incomplete)]


def complete_steps(incomplete: str) -> list[tuple[str, str]]:
    """Complete the name of a step or of several; returns names with their summaries."""
    groups = [(name, summary) for name, summary in GROUPS.items() if name.startswith(incomplete)]
    return [*complete_step(incomplete), *groups]


class StepsCommand(TyperCommand):
    """A command whose help ends with the steps, which are looked up when the help is asked for."""

    _examples: str | None = None

    @property
    def epilog(self) -> str:
        """The list of steps, then the examples."""
        steps = {**known_steps(), **GROUPS}
        width = max(map(len, steps))
        lines = [f"  {name:<{width}}  {summary}" for name, summary in steps.items()]
        return "\n".join(["Steps:", *lines, "", self._examples or ""])

    @epilog.setter
    def epilog(self, examples: str | None) -> None:
        self._examples = examples
