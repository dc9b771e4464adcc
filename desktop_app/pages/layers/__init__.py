"""The Layers page: which layers of the model a stage thaws, as a tree with boxes."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop_app.pages.base import Page
from desktop_app.pages.layers.presenter import LayersPresenter
from desktop_app.pages.layers.view import LayersPage
from desktop_app.theme import Theme
from desktop_app.workspace import Workspace


def build_page(workspace: Workspace, theme: Theme, parent: QWidget | None = None) -> Page:
    """Return the page with its logic."""
    view = LayersPage(theme, parent)
    presenter = LayersPresenter(view, workspace, view)
    return Page("layers", "Layers", "mdi6.layers-triple-outline", view, presenter, workspace.forecaster.want)
