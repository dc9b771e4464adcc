"""The page of a first start: three doors (the example, a new project, an existing one), and the recent projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.pages.base import Page

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.project_actions import ProjectActions
    from desktop_app.theme import Theme


def build_page(actions: ProjectActions, theme: Theme, parent: QWidget | None = None) -> Page:
    """Return the page with its logic."""
    from desktop_app.pages.welcome.presenter import WelcomePresenter
    from desktop_app.pages.welcome.view import WelcomeView

    view = WelcomeView(theme, parent)
    presenter = WelcomePresenter(view, actions, parent=view)
    return Page("welcome", "Welcome", "mdi6.home-outline", view, presenter, shown=presenter.show_recent)
