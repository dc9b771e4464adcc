"""The data page: which file, which columns, how rows are held out, and what was noticed in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
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
    choose_file: Callable[[str, Path], Path | None] | None = None,
) -> Page:
    """Make the page.

    Args:
        workspace: the open project.
        theme: the colours.
        parent: the widget above it.
        choose_file: asks for a file, given a title and a folder to begin in; a dialog unless given.
    """
    from desktop_app.pages.data.presenter import DataPresenter
    from desktop_app.pages.data.view import DataView
    from desktop_app.pages.page_views import ask_for_data_file

    view = DataView(theme, parent)
    presenter = DataPresenter(view, workspace, choose_file or partial(ask_for_data_file, view), parent=view)
    return Page("data", "Data", "mdi6.table", view, presenter)
