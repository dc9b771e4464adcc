"""What is learnt: the task, and what can be chosen about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QAbstractSpinBox, QWidget

from desktop_app.widgets.controls import Choice, Decimal, Switch, TextLine, Whole
from desktop_app.widgets.field import Field
from desktop_app.widgets.fitting_box import FittingBox
from desktop_app.widgets.kit import Card, inset_spin_box, muted
from trainer_core.project.schema import OptionValue
from trainer_core.tasks.facts import OptionFacts, TaskFacts

TASK_TIP = "What a model shall learn from these rows; it decides which columns there have to be"
FARTHEST = 1_000_000_000
"""How far a number goes whose ends the task does not name."""
STEPS = 20
"""How many clicks lead from the least number to the most, where the task names both."""
USUAL_STEP = 0.1


class TaskPanel(Card):
    """A card with the tasks to choose from."""

    task_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Task", parent)
        self.task = FittingBox()
        self.task.setAccessibleName("Task")
        self.task.setToolTip(TASK_TIP)
        self.task.activated.connect(self._on_task_activated)
        self.summary = muted()
        self.body.addWidget(self.task)
        self.body.addWidget(self.summary)

    def show_tasks(self, tasks: Sequence[TaskFacts], chosen: str) -> None:
        """Offer these tasks; before they are known, the chosen one by its name."""
        names = [task.name for task in tasks]
        with QSignalBlocker(self.task):
            if [self.task.itemData(place) for place in range(self.task.count())] != names:
                self.task.clear()
                for task in tasks:
                    self.task.addItem(task.title, task.name)
                    self.task.setItemData(self.task.count() - 1, task.summary, Qt.ItemDataRole.ToolTipRole)
            if chosen not in names:
                self.task.addItem(chosen.replace("_", " ").capitalize(), chosen)
            self.task.setCurrentIndex(self.task.findData(chosen))
        self.task.setEnabled(bool(tasks))
        summary = next((task.summary for task in tasks if task.name == chosen), "")
        self.summary.setText(f"{summary}." if summary else "")
        self.summary.setVisible(bool(summary))

    def _on_task_activated(self, place: int) -> None:
        self.task_chosen.emit(self.task.itemData(place))


class OptionsPanel(Card):
    """A card with one field a thing that can be chosen about the task; it hides where there is none."""

    option_chosen = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Learning", parent)
        self._options: tuple[OptionFacts, ...] = ()
        self.fields: dict[str, Field] = {}
        self.hide()

    def show_options(self, options: Sequence[OptionFacts], values: Mapping[str, OptionValue]) -> None:
        """Show these options with the values chosen, and those that hold anyway."""
        if tuple(options) != self._options:
            self._rebuild(options)
        for option in options:
            self.fields[option.name].set_value(_shown(option, values.get(option.name, option.default)))
        self.setVisible(bool(options))

    def _rebuild(self, options: Sequence[OptionFacts]) -> None:
        for field in self.fields.values():
            self.body.removeWidget(field)
            field.deleteLater()
        self._options = tuple(options)
        self.fields = {option.name: _field(option) for option in options}
        for field in self.fields.values():
            field.edited.connect(self.option_chosen)
            self.body.addWidget(field)
            for box in field.findChildren(QAbstractSpinBox):
                inset_spin_box(box)


def _field(option: OptionFacts) -> Field:
    """Return the field that fits an option: choices, a switch, a number, or a text."""
    control = _control(option)
    field = Field(option.name, "" if isinstance(control, Switch) else option.title, control, option.description)
    if isinstance(control, Switch):
        control.setAccessibleName(option.title)
    return field


def _control(option: OptionFacts) -> Choice | Switch | Whole | Decimal | TextLine:
    default = option.default
    if option.choices:
        return Choice({choice: choice.replace("_", " ") for choice in option.choices})
    if isinstance(default, bool):
        return Switch(option.title, False, True)
    low = -FARTHEST if option.least is None else option.least
    high = FARTHEST if option.most is None else option.most
    if isinstance(default, int):
        return Whole(int(low), int(high))
    if isinstance(default, float):
        ends = option.least is not None and option.most is not None
        return Decimal(low, high, (high - low) / STEPS if ends else USUAL_STEP)
    line = TextLine(strip=False)  # white space may be what matters
    line.setPlaceholderText("choose for me")
    return line


def _shown(option: OptionFacts, value: Any) -> Any:
    """Return a value as its control takes it; one of a wrong kind, which the task refuses, as what holds anyway."""
    if option.choices or option.default is None or isinstance(option.default, str):
        return "" if value is None else str(value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = isinstance(value, bool) if isinstance(option.default, bool) else number
    fitting = value if fits else option.default
    return round(fitting) if isinstance(option.default, int) and not isinstance(option.default, bool) else fitting
