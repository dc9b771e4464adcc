"""Forecasts the open project's plan at once after every edit; knows no widget and no page.

What that needs of rows and machine is looked up in the background.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psutil
from PySide6.QtCore import QObject, Signal

from desktop_app.adapters.forecast_words import ForecastWords, forecast_words
from trainer_core.errors import InputError
from trainer_core.forecast.contract import Forecast, MachineFacts, RowFacts
from trainer_core.forecast.guess import guess_device, guess_rows
from trainer_core.forecast.whole import forecast_project
from trainer_core.project.schema import Project
from trainer_core.stages.plan import project_tree, resolve_stages

if TYPE_CHECKING:
    from desktop_app.workspace import Workspace
    from trainer_core.data.report import DataReport
    from trainer_core.models.facts import ModelFacts

MEASURE = "Measuring the model's speed on this machine"


class Forecaster(QObject):
    """Keeps what is known of rows and machine, and answers with a forecast.

    Nothing is measured before a page that shows forecasts was seen, nor while a run is under way: the two would slow
    each other, and the figures would be wrong.

    Args:
        workspace: whose project is forecast; it owns this object.

    Attributes:
        machine: what was looked up; None while it is unknown, and a guess stands in for it.
        error: why it could not be looked up.
    """

    changed = Signal()
    """``machine`` or ``error`` changed, or looking them up began."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._wanted = self._training = False
        self._asked = ""
        self.machine: MachineFacts | None = None
        self.error: Exception | None = None
        for told in (workspace.project_changed, workspace.report_changed, workspace.facts_changed):
            told.connect(self._look_up)

    def want(self) -> None:
        """Look up what is not known; for a page that comes to the front."""
        self._wanted = True
        self._look_up()

    def set_training(self, training: bool) -> None:
        """Tell whether a run is under way; one that ended has taught something."""
        ended = self._training and not training
        self._training = training
        if ended:
            self._asked = ""
        self._look_up()

    def forecast(self) -> Forecast | None:
        """Return what the plan will take; None while the model or the rows are unknown or a stage's rules are wrong."""
        project, facts, report = self._workspace.project, self._workspace.facts, self._workspace.report
        if project is None or facts is None or report is None or not report.splits:
            return None
        rows = self._rows(report)
        if not rows.train:
            return None
        machine = self.machine or self._guess(project, facts, rows)
        tokens = rows.train_tokens(project.model.max_length)
        try:
            stages = resolve_stages(project, facts.tree, rows.train, tokens, facts.telling)
            return forecast_project(project, facts, stages, machine)
        except InputError:
            return None  # the page tells what is wrong with the rules

    def words(self, place: int) -> ForecastWords | None:
        """Return the forecast of the plan and of its stage at ``place`` as pages show it."""
        found = self.forecast()
        if found is None:
            return None
        return forecast_words(found, place, self.free_bytes, measuring=self._measuring, error=self.error)

    @property
    def _measuring(self) -> bool:
        return bool(self._asked) and self.machine is None and self.error is None

    @property
    def free_bytes(self) -> int:
        """The memory that a run could take now, on the device that computes as far as it is known."""
        if self.machine is not None and not self.machine.device.device.startswith("cpu"):
            return self.machine.free_bytes
        return int(psutil.virtual_memory().available)

    def _guess(self, project: Project, facts: ModelFacts, rows: RowFacts) -> MachineFacts:
        """Return what stands in for a machine that is not measured yet; it knows nothing of texts that come first."""
        kind = "cpu" if project.training.device == "auto" else project.training.device
        tree = project_tree(project, facts.tree, facts.telling)
        return MachineFacts(guess_device(tree, facts.hidden_size, kind), rows, self.free_bytes)

    @property
    def train_tokens(self) -> int | None:
        """About how many tokens the training rows have in all; None while they are unknown."""
        project, report = self._workspace.project, self._workspace.report
        if project is None or report is None or not report.splits:
            return None
        return self._rows(report).train_tokens(project.model.max_length)

    def _rows(self, report: DataReport) -> RowFacts:
        if self.machine is not None:
            return self.machine.rows
        counts = {split.name: split.rows for split in report.splits}
        return guess_rows(counts.get("train", 0), counts.get("validation", 0), _texts(report))

    # --- what is looked up -------------------------------------------------------------------------------------

    def _look_up(self) -> None:
        """Ask for what the present project needs, unless it was asked for already."""
        workspace = self._workspace
        project, folder = workspace.project, workspace.folder
        key = _key(project, str(folder)) if project else ""
        if self._asked and key != self._asked:
            self._forget()
        known = workspace.facts is not None and workspace.report is not None and not workspace.report.errors
        if project is None or not known or not self._wanted or self._training or key == self._asked:
            return
        self._asked = key
        workspace.jobs.start(
            MEASURE, lambda: workspace.core.measure_speed(project, folder), self._on_measured, self._on_not_measured
        )
        self.changed.emit()

    def _forget(self) -> None:
        self._workspace.jobs.forget(MEASURE)
        self._asked = ""
        if self.machine is not None or self.error is not None:
            self.machine = self.error = None
            self.changed.emit()

    def _on_measured(self, machine: MachineFacts) -> None:
        self.machine, self.error = machine, None
        self.changed.emit()

    def _on_not_measured(self, error: Exception) -> None:
        self.machine, self.error = None, error
        self.changed.emit()


def _texts(report: DataReport) -> list[str]:
    """Return what a model reads of the sample: all texts of a row as one."""
    given = {need.role for need in report.needs if need.given}
    read = [place for place, role in enumerate(report.roles) if role in given]
    return [" ".join(row[place] for place in read) for row in report.sample]


def _key(project: Project, folder: str) -> str:
    """Return what a measurement depends on."""
    training = project.training
    about = (folder, project.task, project.model.source, training.device, training.precision.value, project.seed)
    first = project.pretraining.model_dump(include={"texts"}) if project.pretraining else None
    return json.dumps([*about, first, project.data.model_dump()], sort_keys=True, default=str)
