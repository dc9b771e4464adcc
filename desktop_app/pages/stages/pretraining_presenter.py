"""The logic of the stage before the stages: the project's ``[pretraining]`` as a card. Owns no widget."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject, SignalInstance

from desktop_app.error_words import sentence
from desktop_app.pages.refusals import change_sections
from desktop_app.pages.stages.pretraining_words import PretrainingForm, pretraining_form, pretraining_value
from desktop_app.workspace import Workspace
from trainer_core.project.schema import PretrainingSection


class PretrainingView(Protocol):
    """What the presenter needs of the card."""

    switched: SignalInstance
    edited: SignalInstance
    texts_wished: SignalInstance

    def show_form(self, form: PretrainingForm | None) -> None:
        """Show other values and forget what was refused; None hides the card."""

    def refuse(self, name: str, text: str) -> None:
        """Show at a field why its value was not taken."""


class PretrainingPresenter(QObject):
    """Keeps the card and the project the same.

    Args:
        view: the card.
        workspace: the open project.
        choose_file: asks for a file, given a title and a folder to begin in.
        parent: the owner.
    """

    def __init__(
        self,
        view: PretrainingView,
        workspace: Workspace,
        choose_file: Callable[[str, Path], Path | None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._view = view
        self._workspace = workspace
        self._choose_file = choose_file
        view.switched.connect(self._on_switched)
        view.edited.connect(self._on_edited)
        view.texts_wished.connect(self._on_texts_wished)
        workspace.project_changed.connect(self._show)
        workspace.tasks.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        project, task = self._workspace.project, self._workspace.task
        reads_anyway = project is None or (task is not None and task.language and project.pretraining is None)
        self._view.show_form(None if project is None or reads_anyway else pretraining_form(project))

    def _on_switched(self, on: bool) -> None:
        if self._workspace.project is not None:
            change_sections(self._workspace, pretraining=PretrainingSection().model_dump() if on else None)

    def _on_texts_wished(self) -> None:
        path = self._choose_file("Choose texts of the field", self._workspace.folder)
        if path is not None:
            self._on_edited("texts", self._workspace.as_written(path))

    def _on_edited(self, field: str, value: Any) -> None:
        project = self._workspace.project
        if project is None or project.pretraining is None:
            return
        try:
            values = project.pretraining.model_dump() | {field: pretraining_value(field, value)}
        except ValueError:
            self._view.refuse(field, f"“{value}” is no number. Write it like 5e-5 or 0.001.")
            return
        refused = change_sections(self._workspace, pretraining=values)
        if refused is not None:
            self._view.refuse(field, sentence(refused.problems[0]))
        elif self._workspace.project is project:  # the edit came to the same
            self._show()
