"""The logic of the model page: what the user does changes ``[model]``, what is known of the model is shown."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from desktop_app.error_words import sentences
from desktop_app.pages.marks import MarkedPresenter, state_of
from desktop_app.pages.model.contract import ModelPageView, ModelSettings
from desktop_app.pages.model.words import length_words
from desktop_app.pages.refusals import change_from_page
from desktop_app.workspace import Workspace
from trainer_core.errors import ForeignCode, PickledWeights
from trainer_core.models.facts import StarterModel
from trainer_core.models.foreign_code import ModelCode

LIST = "Listing the models"
CONVERT = "Converting the model"
READ_CODE = "Reading the model's code"
ALLOW_CODE = "Allowing the model's code"
HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)


class ModelPresenter(MarkedPresenter):
    """Keeps the model page and the project the same."""

    def __init__(
        self,
        view: ModelPageView,
        workspace: Workspace,
        choose_folder: Callable[[str, Path], Path | None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._view = view
        self._workspace = workspace
        self._choose_folder = choose_folder
        self._listed = False
        view.starter_chosen.connect(self._on_starter_chosen)
        view.folder_wanted.connect(self._on_folder_wanted)
        view.hub_chosen.connect(self._on_hub_chosen)
        view.max_length_chosen.connect(self._on_max_length_chosen)
        view.pooling_chosen.connect(self._on_pooling_chosen)
        view.retry_wanted.connect(workspace.inspect_model)
        view.convert_wanted.connect(self._on_convert_wanted)
        view.code_wanted.connect(self._on_code_wanted)
        view.code_allowed.connect(self._on_code_allowed)
        workspace.project_opened.connect(view.clear_notice)
        workspace.project_changed.connect(self._show_project)
        workspace.facts_changed.connect(self._show_facts)
        self._show_facts()

    def load_starters(self) -> None:
        """List the starter models, unless they are listed already."""
        if not self._listed:
            self._listed = True
            core = self._workspace.core
            self._workspace.jobs.start(LIST, core.starter_models, self._on_listed, self._on_not_listed)

    # --- the mark of the page ----------------------------------------------------------------------------------

    def _mark(self) -> None:
        workspace = self._workspace
        problems = self._problems_now()
        known = workspace.facts is not None
        self._set_state(state_of(opened=workspace.project is not None, known=known, problems=problems), problems)

    def _problems_now(self) -> list[str]:
        workspace = self._workspace
        if workspace.facts_error is not None:
            return sentences(workspace.facts_error)
        if workspace.project is None or workspace.facts is None:
            return []
        longest, wanted = workspace.facts.max_positions, workspace.project.model.max_length
        return [length_words(wanted, longest)] if longest is not None and wanted > longest else []

    # --- from the project to the page --------------------------------------------------------------------------

    def _show_project(self) -> None:
        workspace = self._workspace
        if workspace.project is None:
            self._view.show_empty()
        else:
            model = workspace.project.model
            longest = workspace.facts.max_positions if workspace.facts else None
            self._view.show_settings(ModelSettings(model.source, model.max_length, longest, model.pooling))
        self._mark()

    def _show_facts(self) -> None:
        workspace = self._workspace
        self._show_project()
        if workspace.project is not None:
            if workspace.facts is not None:
                self._view.show_facts(workspace.facts)
            elif workspace.facts_error is not None:
                self._view.show_facts_error(workspace.facts_error)
            else:
                self._view.show_busy()

    def _on_listed(self, models: Sequence[StarterModel]) -> None:
        self._view.show_starters(models)
        self._show_project()

    def _on_not_listed(self, error: Exception) -> None:
        self._listed = False
        self._view.show_starters_error(error)

    # --- from the page to the project --------------------------------------------------------------------------

    def _on_starter_chosen(self, source: str) -> None:
        self._update(source=source)

    def _on_folder_wanted(self) -> None:
        folder = self._choose_folder("Choose the folder of a model", self._workspace.folder)
        if folder is not None:
            self._update(source=str(folder.resolve()))

    def _on_convert_wanted(self) -> None:
        error, core = self._workspace.facts_error, self._workspace.core
        if isinstance(error, PickledWeights):
            source, target = error.folder, _free_place(error.folder)
            self._view.show_busy()
            self._workspace.jobs.start(
                CONVERT,
                lambda: core.convert_model(source, target),
                lambda _: self._update(source=str(target.resolve())),
                self._view.show_facts_error,
            )

    def _on_code_wanted(self) -> None:
        error, core, view = self._workspace.facts_error, self._workspace.core, self._view
        if isinstance(error, ForeignCode):
            folder = error.folder
            self._workspace.jobs.start(READ_CODE, lambda: core.read_code(folder), view.show_code, view.show_facts_error)

    def _on_code_allowed(self, code: ModelCode) -> None:
        workspace = self._workspace
        self._view.show_busy()
        workspace.jobs.start(
            ALLOW_CODE,
            lambda: workspace.core.allow_code(code),
            lambda _: workspace.inspect_model(),
            self._view.show_facts_error,
        )

    def _on_hub_chosen(self, text: str) -> None:
        name = text.strip().removeprefix("https://huggingface.co/").removeprefix("hub:").strip("/")
        if HUB_NAME.fullmatch(name):
            self._update(source=f"hub:{name}")
        else:
            self._view.show_warning(
                f"“{text.strip()}” is no name of a model on the hub. Write it as organisation/name, as its page does."
            )

    def _on_max_length_chosen(self, max_length: int) -> None:
        self._update(max_length=max_length)

    def _on_pooling_chosen(self, pooling: str) -> None:
        self._update(pooling=pooling)

    def _update(self, **values: Any) -> None:
        change_from_page(self._view, self._workspace, "model", values)
        self._show_project()


def _free_place(folder: Path) -> Path:
    """Return a folder beside one, named after it, that is not there yet."""
    name = f"{folder.resolve().name}-safetensors"
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(place for place in (folder.resolve().with_name(name) for name in names) if not place.exists())
