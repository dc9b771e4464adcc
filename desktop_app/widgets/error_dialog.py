"""The box for an error: what happened, what to do, and the details folded, with a button that copies everything."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from desktop_app.widgets.kit import GAP, Details, error_layers, glyph, plain_button, primary_button, wrapping_label

WIDTH = 540


class ErrorDialog(QDialog):
    """Shows one error; modal to its window, never to the program."""

    def __init__(self, error: BaseException, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Thaw")
        self.setMinimumWidth(WIDTH)
        self.what, self.remedy, self.details = error_layers(error)
        words = QVBoxLayout()
        words.setSpacing(GAP)
        words.addWidget(wrapping_label(self.what, heavy=True))
        if self.remedy:
            words.addWidget(wrapping_label(self.remedy))
        fold = Details()
        fold.set_text(self.details)
        fold.folded_changed.connect(self._on_folded_changed)
        words.addWidget(fold, 1)
        words.addStretch(0)
        top = QHBoxLayout()
        top.setSpacing(2 * GAP)
        top.addWidget(glyph("mdi6.alert-circle-outline", 24, "glyph-error"), 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GAP, 3 * GAP, 3 * GAP, 2 * GAP)
        layout.setSpacing(2 * GAP)
        layout.addLayout(top, 1)
        layout.addLayout(self._buttons())
        self._close.setFocus()
        self._fit()

    def _buttons(self) -> QHBoxLayout:
        copy = plain_button("&Copy details", "mdi6.content-copy")
        copy.setToolTip("Copies this message with its details, to paste it into a report")
        copy.clicked.connect(self._on_copy_clicked)
        self._close = close = primary_button("C&lose")
        close.setToolTip("Closes this box; Thaw goes on")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addStretch(1)
        row.addWidget(copy)
        row.addWidget(close)
        return row

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(
            "\n\n".join(part for part in (self.what, self.remedy, self.details) if part)
        )

    def _on_folded_changed(self, folded: bool) -> None:
        if folded:
            self._fit()
        else:
            self.resize(max(self.width(), 720), max(self.height(), 420))

    def _fit(self) -> None:
        """Take the height that the wrapped words need, which a size hint overrates."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(WIDTH, layout.totalHeightForWidth(WIDTH))
