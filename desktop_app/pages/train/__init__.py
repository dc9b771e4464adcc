"""The Train page: loss and score over steps while a run learns, what it does at the moment, and how it came out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.pages.base import Page

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.background.trainer import Trainer
    from desktop_app.theme import Theme
    from desktop_app.workspace import Workspace


def build_page(workspace: Workspace, theme: Theme, trainer: Trainer, parent: QWidget | None = None) -> Page:
    """Return the page. Its plots are made when it is first seen."""
    from desktop_app.pages.train.presenter import TrainPresenter
    from desktop_app.pages.train.view import TrainView

    view = TrainView(theme, parent)
    presenter = TrainPresenter(view, workspace, trainer)
    return Page("train", "Train", "mdi6.chart-line", view, presenter)
