"""The plan as a row of cards on a time line, scrolling sideways when there are many."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from desktop_app.pages.stages.words import CardWords
from desktop_app.theme import Theme
from desktop_app.widgets.kit import GAP, glyph, muted, set_kind, strong

CARD_LETTERS = 25
"""How many average letters a card is wide, so that it grows with the font."""
RADIUS = 10.0


class StageCard(QAbstractButton):
    """One stage; the chosen one is checked and has a thick border."""

    def __init__(self, place: int, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._place = place
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.MinimumExpanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Shows this stage's values below")
        self._name = strong()
        self._name.setWordWrap(True)
        self._lines = [self._line(icon) for icon in _LINE_ICONS]
        self._build()

    def show_words(self, words: CardWords) -> None:
        """Show another stage."""
        self._name.setText(f"{self._place + 1}  {words.name}")
        learns = f"{words.learns}\n{words.share}" if words.share else words.learns
        for (row, label), text in zip(
            self._lines,
            (learns, words.rate, words.length, words.until, words.start, words.problem),
            strict=True,
        ):
            label.setText(text)
            row.setVisible(bool(text))
        self.setAccessibleName(f"Stage {self._place + 1}: {words.spoken}")
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Return a width in letters, and the height that the words need at it."""
        width = self.fontMetrics().averageCharWidth() * CARD_LETTERS + 4 * GAP
        layout = self.layout()
        height = layout.heightForWidth(width) if layout is not None else 0
        return QSize(width, height)

    def minimumSizeHint(self) -> QSize:
        """Return the size hint: a card is never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the panel behind the words."""
        chosen, focused = self.isChecked(), self.hasFocus()
        thickness = 2.0 if chosen or focused else 1.0
        line = "accent" if chosen or focused else "line_strong" if self.underMouse() else "line"
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color(line), thickness))
        painter.setBrush(self._theme.color("accent_soft" if chosen else "panel"))
        half = thickness / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(half, half, -half, -half), RADIUS, RADIUS)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the arrow keys to the row of cards."""
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Paint anew when the pointer enters or leaves."""
        if event.type() in (QEvent.Type.Enter, QEvent.Type.Leave):
            self.update()
        return super().event(event)

    def _line(self, icon: str) -> tuple[QWidget, QLabel]:
        row = QWidget()
        label = muted()
        sign = glyph(icon, 10, "glyph-error" if icon == _PROBLEM_ICON else "glyph-muted")
        if icon == _PROBLEM_ICON:
            set_kind(label, "glyph-error")
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(label, 1)
        return row, label

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GAP - 4, GAP + 2, 2 * GAP - 4, GAP + 2)
        layout.setSpacing(4)
        layout.addWidget(self._name)
        for row, _ in self._lines:
            layout.addWidget(row)
        layout.addStretch(1)
        for child in self.findChildren(QWidget):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)


_PROBLEM_ICON = "mdi6.alert-circle-outline"
_LINE_ICONS = ("mdi6.fire", "mdi6.speedometer", "mdi6.repeat", "mdi6.flag-checkered", "mdi6.ray-start", _PROBLEM_ICON)


class StageStrip(QScrollArea):
    """All cards; a click or the arrow keys choose one, Alt with an arrow key moves it."""

    picked = Signal(int)
    move_wished = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.cards: list[StageCard] = []
        self._chosen = -1
        self._reveal = QTimer(self)
        self._reveal.setSingleShot(True)
        self._reveal.setInterval(0)
        self._reveal.timeout.connect(self._on_reveal_due)
        inner = QWidget()
        self._row = QHBoxLayout(inner)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GAP)
        self._row.addStretch(1)
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Stages in their order")

    def set_cards(self, words: Sequence[CardWords], chosen: int) -> None:
        """Show these stages; cards are kept, so that the focus stays where it is."""
        while len(self.cards) > len(words):
            self._drop_card()
        while len(self.cards) < len(words):
            self._add_card()
        for card, stage in zip(self.cards, words, strict=True):
            card.show_words(stage)
        had_focus = any(card.hasFocus() for card in self.cards)
        for place, card in enumerate(self.cards):
            card.setChecked(place == chosen)
            card.setFocusPolicy(Qt.FocusPolicy.StrongFocus if place == chosen else Qt.FocusPolicy.ClickFocus)
        if had_focus:
            self.cards[chosen].setFocus()
        if chosen != self._chosen:
            self._chosen = chosen
            self._reveal.start()
        self._fit_height()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose the neighbour on an arrow key, or change places with it when Alt is held."""
        by = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if by and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.move_wished.emit(by)
        elif by and 0 <= self._chosen + by < len(self.cards):
            self.picked.emit(self._chosen + by)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make room for the scroll bar where one is needed."""
        super().resizeEvent(event)
        self._fit_height()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fit the height again when the cards need another one, as with a larger font."""
        if event.type() == QEvent.Type.LayoutRequest and watched is self.widget():
            self._fit_height()
        return super().eventFilter(watched, event)

    def _fit_height(self) -> None:
        hints = [card.sizeHint() for card in self.cards]
        height = max((hint.height() for hint in hints), default=0)
        inner = self.widget()
        scrolls = inner is not None and inner.minimumSizeHint().width() > self.width()
        self.setFixedHeight(height + (self.horizontalScrollBar().sizeHint().height() + 4 if scrolls else 0))

    def _add_card(self) -> None:
        place = len(self.cards)
        if place:
            arrow = glyph("mdi6.chevron-right", 14, "glyph-muted")
            self._row.insertWidget(self._row.count() - 1, arrow, 0, Qt.AlignmentFlag.AlignVCenter)
        card = StageCard(place, self._theme)
        card.clicked.connect(self._on_card_clicked)
        self._row.insertWidget(self._row.count() - 1, card)
        self.cards.append(card)

    def _drop_card(self) -> None:
        self.cards.pop()
        for _ in range(2 if self.cards else 1):
            item = self._row.takeAt(self._row.count() - 2)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _on_card_clicked(self) -> None:
        for place, card in enumerate(self.cards):
            if card is self.sender():
                card.setChecked(True)
                self.picked.emit(place)
                return

    def _on_reveal_due(self) -> None:
        if 0 <= self._chosen < len(self.cards):
            self.ensureWidgetVisible(self.cards[self._chosen], 4 * GAP, 0)
