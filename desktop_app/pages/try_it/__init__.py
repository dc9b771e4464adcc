"""The Try it page: type a sentence and the answer changes as one types; or chat; a file in, predictions out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.pages.base import Page

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.pages.try_it.contract import FileQuestions
    from desktop_app.theme import Theme
    from desktop_app.workspace import Workspace


def build_page(
    workspace: Workspace, theme: Theme, *, questions: FileQuestions | None = None, parent: QWidget | None = None
) -> Page:
    """Return the page; ``questions`` asks the user, with the system's boxes unless given."""
    from desktop_app.pages.try_it.chat.judging import Judging
    from desktop_app.pages.try_it.chat.presenter import ChatPresenter
    from desktop_app.pages.try_it.presenter import TryItPresenter
    from desktop_app.pages.try_it.questions import FileBoxes
    from desktop_app.pages.try_it.view import TryItView

    view = TryItView(theme, parent)
    asks = questions or FileBoxes(view)
    presenter = TryItPresenter(view, workspace, asks, parent=view)
    judging = Judging(view.chat, workspace, asks, parent=view.chat)
    ChatPresenter(view.chat, presenter, workspace, judging, parent=view.chat)
    return Page("try_it", "Try it", "mdi6.message-text-outline", view, presenter, presenter.look)
