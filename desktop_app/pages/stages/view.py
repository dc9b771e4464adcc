"""The widgets of the Stages page. No logic: setters show, signals ask. The plot is imported when it is first shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QFrame,
    QMenu,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop_app.adapters.forecast_words import ForecastWords
from desktop_app.pages.page_views import WaitingPage
from desktop_app.pages.stages.adapter_card import AdapterCard
from desktop_app.pages.stages.adapter_words import AdapterForm
from desktop_app.pages.stages.editor import StageEditor
from desktop_app.pages.stages.pretraining_card import PretrainingCard
from desktop_app.pages.stages.strip import StageStrip
from desktop_app.pages.stages.training_card import TrainingCard
from desktop_app.pages.stages.words import CardWords, MetricChoices, RateCurve, StageForm
from desktop_app.theme import Theme
from desktop_app.widgets.flow import FlowLayout
from desktop_app.widgets.forecast_card import ForecastCard
from desktop_app.widgets.kit import GAP, Card, muted, plain_button
from trainer_core.project.schema import TrainingSection

if TYPE_CHECKING:
    from desktop_app.pages.stages.curve import RatePlot

PLOT_LINES = 13
"""The height of the plot, in lines of text."""


class StagesPage(WaitingPage):
    """The time line, the values beneath it, and the curve of the learning rate."""

    stage_picked = Signal(int)
    add_wished = Signal()
    duplicate_wished = Signal()
    remove_wished = Signal()
    move_wished = Signal(int)
    preset_wished = Signal(str)
    default_wished = Signal()
    layers_wished = Signal()
    stage_edited = Signal(str, object)
    rate_step_wished = Signal(bool)
    training_edited = Signal(str, object)
    adapter_edited = Signal(str, object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        words = "What learns when: stages follow each other from left to right."
        super().__init__("Stages", words, icon="mdi6.stairs", parent=parent)
        self._theme = theme
        self._curve: RateCurve | None = None
        self.plot: RatePlot | None = None
        self.strip = StageStrip(theme)
        self.editor = StageEditor()
        self.training = TrainingCard()
        self.adapters = AdapterCard()
        self.pretraining = PretrainingCard()
        self.plan_words = muted()
        self.forecast = ForecastCard()
        self.presets = self._build_presets()
        self.set_content(self._build_content(), self.presets)
        self._listen()

    # --- setters -----------------------------------------------------------------------------------------------

    def set_presets(self, names: Sequence[str]) -> None:
        """Offer these ready-made plans."""
        menu = self.presets.menu()
        menu.clear()
        for name in names:
            menu.addAction(name).setData(name)
        menu.addSeparator()
        self._default = menu.addAction("Back to the default plan")

    def set_cards(self, cards: Sequence[CardWords], chosen: int) -> None:
        """Show these stages."""
        self.strip.set_cards(cards, chosen)
        self.remove.setEnabled(len(cards) > 1)
        self.left.setEnabled(chosen > 0)
        self.right.setEnabled(chosen < len(cards) - 1)

    def set_plan_words(self, text: str, *, is_default: bool, knows_layers: bool) -> None:
        """Tell how long the plan is, whether it is the default one, and whether ready-made plans can be made."""
        mark = "Default plan: any change makes it this project's own.  " if is_default else ""
        self.plan_words.setText(mark + text)
        self.presets.setEnabled(knows_layers)
        self._default.setEnabled(not is_default)

    def set_metrics(self, choices: MetricChoices) -> None:
        """Offer these metrics."""
        self.editor.offer_metrics(choices.until)
        self.training.offer_metrics(choices.best)

    def set_form(self, form: StageForm) -> None:
        """Show the values of the chosen stage and forget what was refused."""
        self.editor.show_form(form)

    def set_training(self, training: TrainingSection) -> None:
        """Show the values that all stages share and forget what was refused."""
        self.training.show_training(training)

    def set_stage_refusal(self, field: str, text: str) -> None:
        """Show at a field of the stage why its value was not taken."""
        self.editor.refuse(field, text)

    def set_training_refusal(self, field: str, text: str) -> None:
        """Show at a field that all stages share why its value was not taken."""
        self.training.refuse(field, text)

    def set_adapters(self, form: AdapterForm | None) -> None:
        """Show the values that all adapters share and forget what was refused; None where the plan has none."""
        self.adapters.show_form(form)

    def set_adapter_refusal(self, field: str, text: str) -> None:
        """Show at a field of the adapters why its value was not taken."""
        self.adapters.refuse(field, text)

    def set_curve(self, curve: RateCurve | None) -> None:
        """Show the learning rate over the steps; None while they are unknown."""
        self._curve = curve
        self._no_curve.setVisible(curve is None)
        if self.plot is not None:
            self.plot.setVisible(curve is not None)
            if curve is not None:
                self.plot.show_curve(curve)

    def show_plot(self) -> None:
        """Make the plot, which takes most of a second the first time."""
        if self.plot is None:
            from desktop_app.pages.stages.curve import RatePlot

            self.plot = RatePlot(self._theme)
            self.plot.setFixedHeight(self.fontMetrics().lineSpacing() * PLOT_LINES)
            self._curve_card.body.addWidget(self.plot)
            self.log.toggled.connect(self.plot.set_log)
            self.plot.set_log(self.log.isChecked())
            self.set_curve(self._curve)

    def set_forecast(self, words: ForecastWords | None) -> None:
        """Show what the plan will take; None while that is unknown."""
        self.forecast.show_words(words)

    # --- building ----------------------------------------------------------------------------------------------

    def _build_presets(self) -> QPushButton:
        button = plain_button("Read&y-made plans", "mdi6.auto-fix")
        button.setToolTip("Replaces all stages by a plan that works well")
        button.setMenu(QMenu(button))
        return button

    def _build_content(self) -> QWidget:
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, GAP, 0)
        column.setSpacing(GAP + 4)
        values = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        values.setSpacing(2 * GAP)
        values.addWidget(self.editor, 3)
        values.addWidget(self.training, 2)
        self._curve_card = Card("Learning rate over the steps")
        self._no_curve = muted("The curve is drawn once the rows are read: they say how many steps an epoch has.")
        self._curve_card.body.addWidget(self._no_curve)
        self.log = QCheckBox("Powers of ten")
        self.log.setChecked(True)
        self.log.setToolTip("Shows small rates as clearly as large ones; without it, straight falls look straight")
        self.log.setAccessibleName("Learning rate in powers of ten")
        self._curve_card.add_title_widget(self.log)
        column.addWidget(self.problem)
        column.addWidget(self.plan_words)
        column.addWidget(self.strip)
        column.addLayout(self._build_buttons())
        column.addWidget(self.forecast)
        column.addLayout(values)
        column.addWidget(self.adapters)
        column.addWidget(self.pretraining)
        column.addWidget(self._curve_card)
        column.addStretch(1)
        return _TurningScroll(column, values, (self.editor, self.training))

    def _build_buttons(self) -> FlowLayout:
        self.add = _button("&Add stage", "mdi6.plus", "Puts a new stage after the chosen one")
        self.duplicate = _button("D&uplicate", "mdi6.content-copy", "Puts a copy after the chosen stage")
        self.remove = _button(
            "Remo&ve", "mdi6.delete-outline", "Takes the chosen stage out of the plan; one always stays"
        )
        self.left = _button("Move &left", "mdi6.arrow-left", "The chosen stage runs earlier (Alt+Left on its card)")
        self.right = _button("Move ri&ght", "mdi6.arrow-right", "The chosen stage runs later (Alt+Right on its card)")
        row = FlowLayout(spacing=GAP)
        for button in (self.add, self.duplicate, self.remove, self.left, self.right):
            row.addWidget(button)
        return row

    def _listen(self) -> None:
        self.strip.picked.connect(self.stage_picked)
        self.strip.move_wished.connect(self.move_wished)
        self.add.clicked.connect(self.add_wished)
        self.duplicate.clicked.connect(self.duplicate_wished)
        self.remove.clicked.connect(self.remove_wished)
        self.left.clicked.connect(self._on_left_clicked)
        self.right.clicked.connect(self._on_right_clicked)
        self.presets.menu().triggered.connect(self._on_preset_triggered)
        self.editor.edited.connect(self.stage_edited)
        self.editor.rate_step_wished.connect(self.rate_step_wished)
        self.editor.layers_wished.connect(self.layers_wished)
        self.training.edited.connect(self.training_edited)
        self.adapters.edited.connect(self.adapter_edited)

    # --- what widgets say --------------------------------------------------------------------------------------

    def _on_left_clicked(self) -> None:
        self.move_wished.emit(-1)

    def _on_right_clicked(self) -> None:
        self.move_wished.emit(1)

    def _on_preset_triggered(self, action: QAction) -> None:
        if action is self._default:
            self.default_wished.emit()
        else:
            self.preset_wished.emit(action.data())


class _TurningScroll(QScrollArea):
    """Scrolls a column in which some cards lie side by side where there is room, and one below the other elsewhere."""

    def __init__(self, column: QVBoxLayout, turning: QBoxLayout, cards: Sequence[QWidget]) -> None:
        super().__init__()
        self._column = column
        self._turning = turning
        self._cards = cards
        inner = QWidget()
        inner.setLayout(column)
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Turn the cards before the column is measured, which keeps old measures unless told."""
        fits = self.viewport().width() >= sum(card.minimumSizeHint().width() for card in self._cards) + 6 * GAP
        directions = QBoxLayout.Direction
        self._turning.setDirection(directions.LeftToRight if fits else directions.TopToBottom)
        self._column.invalidate()
        super().resizeEvent(event)


def _button(text: str, icon: str, tip: str) -> QPushButton:
    button = plain_button(text, icon)
    button.setToolTip(tip)
    return button
