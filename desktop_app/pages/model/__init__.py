"""The model page: which pretrained model, what it is, and how texts enter it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.pages.base import Page

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.theme import Theme
    from desktop_app.workspace import Workspace


def build_page(
    workspace: Workspace,
    theme: Theme,
    parent: QWidget | None = None,
    *,
    choose_folder: Callable[[str, Path], Path | None] | None = None,
) -> Page:
    """Make the page.

    Args:
        workspace: the open project.
        theme: the colours.
        parent: the widget above it.
        choose_folder: asks for a folder, given a title and a folder to begin in; a dialog unless given.
    """
    from desktop_app.pages.model.presenter import ModelPresenter
    from desktop_app.pages.model.view import ModelView

    view = ModelView(theme, parent)
    presenter = ModelPresenter(view, workspace, choose_folder or view.ask_for_folder, parent=view)
    return Page("model", "Model", "mdi6.cube-outline", view, presenter, presenter.load_starters)
