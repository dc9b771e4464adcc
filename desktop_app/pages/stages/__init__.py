"""The Stages page: the plan on a time line, the values of each stage, and the learning rate over the steps."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop_app.pages.base import Page
from desktop_app.pages.stages.presenter import StagesPresenter
from desktop_app.pages.stages.view import StagesPage
from desktop_app.theme import Theme
from desktop_app.workspace import Workspace


def build_page(workspace: Workspace, theme: Theme, parent: QWidget | None = None) -> Page:
    """Return the page with its logic; it leads to the Layers page."""
    view = StagesPage(theme, parent)
    presenter = StagesPresenter(view, workspace, view)

    def shown() -> None:
        workspace.forecaster.want()
        view.show_plot()

    leads = {"layers": presenter.layers_wished}
    return Page("stages", "Stages", "mdi6.stairs", view, presenter, shown, leads)
