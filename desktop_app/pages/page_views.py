"""What views have in common: a page that waits for the model, and one that is empty without a project."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QStackedLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop_app.widgets.kit import EmptyState, Notice, PageFrame, plain_button
from trainer_core.data.kinds import DATA_PATTERNS

FILE_FILTER = f"Data ({DATA_PATTERNS});;All files (*)"


def ask_for_data_file(parent: QWidget, title: str, folder: Path) -> Path | None:
    """Let the user choose a data file; None where they do not."""
    name, _ = QFileDialog.getOpenFileName(parent, title, str(folder), FILE_FILTER)
    return Path(name) if name else None


class WaitingPage(PageFrame):
    """Shows its content once the model is known; before, that one waits for it, or why it cannot be had.

    Args:
        title: the heading.
        subtitle: the line under it.
        icon: what is shown while one waits.
        parent: the widget above.

    Attributes:
        problem: where ``set_problem`` shows; to be laid out within the content.
    """

    look_again_wished = Signal()

    def __init__(self, title: str, subtitle: str, *, icon: str, parent: QWidget | None = None) -> None:
        super().__init__(title, subtitle, parent)
        self.problem = Notice()
        self.error = Notice()
        self._waiting = EmptyState(icon, "", "")
        self._error_page = self._build_error()
        self._pages = QStackedWidget()
        self._pages.addWidget(self._waiting)
        self._pages.addWidget(self._error_page)
        self.body.addWidget(self._pages, 1)

    def set_content(self, content: QWidget, beside_heading: QWidget) -> None:
        """Take the content, and a widget for the right of the heading that is of use only while it is shown."""
        self.content, self._beside_heading = content, beside_heading
        self._pages.addWidget(content)
        self.add_header_widget(beside_heading)

    def show_waiting(self, title: str, text: str) -> None:
        """Show that there is no content yet, and why."""
        self._waiting.set_words(title, text)
        self._show(self._waiting)

    def show_error(self, error: Exception) -> None:
        """Show why there is no content."""
        self.error.show_error(error)
        self._show(self._error_page)

    def show_content(self) -> None:
        """Show the content."""
        self._show(self.content)

    def set_problem(self, text: str) -> None:
        """Show what forbids training; nothing when empty."""
        if text:
            self.problem.show_warning(text)
        else:
            self.problem.clear()

    def _show(self, page: QWidget) -> None:
        self._pages.setCurrentWidget(page)
        self._beside_heading.setVisible(page is self.content)

    def _build_error(self) -> QWidget:
        again = plain_button("&Look again", "mdi6.refresh")
        again.setToolTip("Tries to read the model once more")
        again.clicked.connect(self._on_again_clicked)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.error)
        layout.addWidget(again, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch(1)
        return page

    def _on_again_clicked(self) -> None:
        self.look_again_wished.emit()


class ProjectPage(QWidget):
    """Shows its frame while a project is open, and else how to begin one.

    Attributes:
        notice: what the user has to know about what they did; to be laid out within the frame.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.notice = Notice()
        self._pages = QStackedLayout(self)

    def set_frame(self, frame: PageFrame, empty: EmptyState) -> None:
        """Take both looks of the page."""
        self._frame, self._empty = frame, empty
        self._pages.addWidget(empty)
        self._pages.addWidget(frame)

    def show_empty(self) -> None:
        """Show that there is no project."""
        self._pages.setCurrentWidget(self._empty)

    def show_frame(self) -> None:
        """Show that there is one."""
        self._pages.setCurrentWidget(self._frame)

    def show_error(self, error: Exception) -> None:
        """Show why what the user did was refused."""
        self.notice.show_error(error)

    def show_warning(self, text: str) -> None:
        """Show something the user has to know about what they did."""
        self.notice.show_warning(text)

    def clear_notice(self) -> None:
        """Show no error and no warning."""
        self.notice.clear()
