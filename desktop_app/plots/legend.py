"""The legend above a plot: a sample of each line, its name and its newest value as text."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from desktop_app.plots.marks import star_points
from desktop_app.theme import Theme
from desktop_app.widgets.flow import FlowLayout


class Sample(StrEnum):
    """How a line or mark looks, so that colour alone never tells two apart."""

    SOLID = "solid"
    DOTTED_LINE = "line with dots"
    DASHED = "dashed"
    STAR = "star"
    SQUARE = "square"


class Legend(QWidget):
    """All entries of a plot, in as many rows as its width needs."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._entries: dict[str, LegendEntry] = {}
        self._colors: dict[str, str] = {}
        self._ranks: dict[str, int] = {}
        self._layout = FlowLayout(self, spacing=12)

    @property
    def texts(self) -> list[str]:
        """What the entries say that are shown."""
        entries = [self._entries[key] for key in sorted(self._entries, key=self._ranks.__getitem__)]
        return [entry.text for entry in entries if not entry.isHidden()]

    def put(self, key: str, label: str, sample: Sample, color: str, value: str = "", *, rank: int = 0) -> None:
        """Show an entry, or the one of that key again.

        Args:
            key: a name of your own.
            label: what is shown.
            sample: how the line looks.
            color: the name of a colour of the theme.
            value: shown after the label.
            rank: entries of a higher rank stand behind those of a lower one.
        """
        if key not in self._entries:
            self._entries[key] = LegendEntry(label, sample, self._theme.color(color))
            self._colors[key] = color
            self._ranks[key] = rank
            self._arrange()
        self._entries[key].set_value(value)
        self._entries[key].show()

    def _arrange(self) -> None:
        """Lay all entries out by their ranks; the layout itself can only append."""
        while self._layout.takeAt(0) is not None:
            pass
        for key in sorted(self._entries, key=self._ranks.__getitem__):
            self._layout.addWidget(self._entries[key])

    def take_away(self, key: str) -> None:
        """Hide an entry, if there is one of that key."""
        if key in self._entries:
            self._entries[key].hide()

    def set_value(self, key: str, value: str, *, shown: bool) -> None:
        """Show another value after an entry's label, or hide the entry."""
        self._entries[key].set_value(value)
        self._entries[key].setVisible(shown)

    def dress(self) -> None:
        """Take the colours of the theme."""
        for key, entry in self._entries.items():
            entry.set_color(self._theme.color(self._colors[key]))


class LegendEntry(QWidget):
    """A sample of one line with its name and newest value; the only line of a plot needs no name and no sample."""

    def __init__(self, label: str, sample: Sample, color: QColor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = label
        self._swatch = _Swatch(sample, color)
        if not label:
            self._swatch.hide()
        self._text = QLabel(label)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._swatch)
        layout.addWidget(self._text)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """What stands beside the sample."""
        return self._text.text()

    def set_color(self, color: QColor) -> None:
        """Draw the sample in another colour."""
        self._swatch.set_color(color)

    def set_value(self, value: str) -> None:
        """Show a value after the name; none when empty."""
        text = f"{self._label} {value}".strip()
        if text != self._text.text():
            self._text.setText(text)


class _Swatch(QWidget):
    def __init__(self, sample: Sample, color: QColor) -> None:
        super().__init__()
        self._sample = sample
        self._color = color
        self.setFixedSize(self.sizeHint())

    def sizeHint(self) -> QSize:
        """Return the size of the sample."""
        return QSize(22, 14)

    def set_color(self, color: QColor) -> None:
        """Take another colour."""
        self._color = color
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the sample."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre = QRectF(self.rect()).center()
        if self._sample is Sample.STAR:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._color)
            painter.drawPolygon(QPolygonF([centre + QPointF(6 * x, 6 * y) for x, y in star_points()]))
        elif self._sample is Sample.SQUARE:
            painter.setPen(QPen(self._color, 1.5))
            painter.drawRect(QRectF(centre.x() - 4.5, centre.y() - 4.5, 9, 9))
        else:
            self._paint_line(painter, centre)

    def _paint_line(self, painter: QPainter, centre: QPointF) -> None:
        style = Qt.PenStyle.DashLine if self._sample is Sample.DASHED else Qt.PenStyle.SolidLine
        painter.setPen(QPen(self._color, 2, style))
        painter.drawLine(QPointF(1, centre.y()), QPointF(self.width() - 1, centre.y()))
        if self._sample is Sample.DOTTED_LINE:
            painter.setBrush(self._color)
            painter.drawEllipse(centre, 2.5, 2.5)
