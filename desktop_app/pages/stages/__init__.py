"""The Stages page: the plan on a time line, the values of each stage, and the learning rate over the steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QWidget

from desktop_app.pages.base import Page
from desktop_app.pages.page_views import ask_for_data_file
from desktop_app.pages.stages.presenter import StagesPresenter
from desktop_app.pages.stages.pretraining_presenter import PretrainingPresenter
from desktop_app.pages.stages.view import StagesPage
from desktop_app.theme import Theme
from desktop_app.workspace import Workspace


def build_page(
    workspace: Workspace,
    theme: Theme,
    parent: QWidget | None = None,
    *,
    choose_file: Callable[[str, Path], Path | None] | None = None,
) -> Page:
    """Return the page with its logic; it leads to the Layers page.

    Args:
        workspace: the open project.
        theme: the colours.
        parent: the widget above it.
        choose_file: asks for a file, given a title and a folder to begin in; a dialog unless given.
    """
    view = StagesPage(theme, parent)
    presenter = StagesPresenter(view, workspace, view)
    PretrainingPresenter(view.pretraining, workspace, choose_file or partial(ask_for_data_file, view), view)

    def shown() -> None:
        workspace.forecaster.want()
        view.show_plot()

    leads = {"layers": presenter.layers_wished}
    return Page("stages", "Stages", "mdi6.stairs", view, presenter, shown, leads)
