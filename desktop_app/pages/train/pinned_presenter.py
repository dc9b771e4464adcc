"""The logic of the pinned texts: which moment of a run is shown, and what is pinned. Owns no widget."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject

from desktop_app.pages.refusals import change_section
from desktop_app.pages.train.contract import PinnedViewLike
from desktop_app.pages.train.pinned_lines import Pin, asked_of, format_pins, parse_pins
from desktop_app.pages.train.pinned_words import PinForm, form_words, moment_of, note_of
from desktop_app.workspace import Workspace
from trainer_core.errors import InputError
from trainer_core.runs.history import RunHistory


class PinnedPresenter(QObject):
    """Shows what a run answered to its pinned texts, the newest moment unless another was chosen.

    Args:
        view: the widgets.
        workspace: the open project, whose texts are pinned.
        parent: the owner.
    """

    def __init__(self, view: PinnedViewLike, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self._workspace = workspace
        self._history = RunHistory()
        self._live = self._loading = False
        self._chosen: int | None = None
        view.moment_chosen.connect(self._on_moment_chosen)
        view.pins_wished.connect(self._on_pins_wished)
        view.pins_given.connect(self._on_pins_given)
        workspace.project_changed.connect(self._show_note)

    def show_run(self, history: RunHistory, *, live: bool, loading: bool) -> None:
        """Show a run; the moment that was chosen stays where it is still the same run."""
        if history is not self._history:
            self._chosen = None
        self._history, self._live, self._loading = history, live, loading
        self.show_answers()

    def show_answers(self) -> None:
        """Show what the run has answered by now."""
        self._view.show_moment(moment_of(self._history, self._chosen))
        self._show_note()

    def _show_note(self) -> None:
        quiet = self._loading or self._workspace.project is None
        self._view.show_note("" if quiet else note_of(self._pins, self._history, live=self._live))

    @property
    def _pins(self) -> Sequence[Pin]:
        project = self._workspace.project
        return () if project is None else project.training.pinned

    def _on_moment_chosen(self, place: int) -> None:
        newest = len(self._history.pinned) - 1
        self._chosen = None if place >= newest else place
        self._view.show_moment(moment_of(self._history, self._chosen))

    def _on_pins_wished(self) -> None:
        if self._workspace.project is not None:
            asked = asked_of(self._workspace.task, self._workspace.report)
            self._view.ask_pins(PinForm(format_pins(self._pins), asked.several, form_words(asked)))

    def _on_pins_given(self, lines: str) -> None:
        if self._workspace.project is None:
            return
        try:
            pins = parse_pins(lines, asked_of(self._workspace.task, self._workspace.report))
        except InputError as error:
            self._view.refuse_pins(error)
            return
        refused = change_section(self._workspace, "training", {"pinned": pins})
        if refused is None:
            self._view.close_pins()
        else:
            self._view.refuse_pins(refused)
