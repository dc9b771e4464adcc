"""The Train page: loss and score over steps while a run learns, what it does at the moment, and how it came out."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from desktop_app.pages.base import Page

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.background.trainer import Trainer
    from desktop_app.theme import Theme
    from desktop_app.workspace import Workspace


def build_page(workspace: Workspace, theme: Theme, trainer: Trainer, parent: QWidget | None = None) -> Page:
    """Return the page. Its plots are made when it is seen and their libraries were loaded in the background."""
    from desktop_app.pages.train.presenter import TrainPresenter
    from desktop_app.pages.train.view import TrainView

    view = TrainView(theme, parent)
    presenter = TrainPresenter(view, workspace, trainer, load_plots=load_plots, parent=view)
    return Page("train", "Train", "mdi6.chart-line", view, presenter, leads={"try_it": presenter.try_wished})


def load_plots() -> ModuleType:
    """Import the plotting libraries, away from the window's thread."""
    return importlib.import_module("desktop_app.pages.train.board")
