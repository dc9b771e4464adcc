"""The open project and what is known of it: the state that all pages share. Knows no widget and no page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
from PySide6.QtCore import QObject, Signal

from desktop_app.background.jobs import Jobs
from desktop_app.core_access import Core
from desktop_app.forecaster import Forecaster
from desktop_app.known_tasks import KnownTasks
from trainer_core.project.load import load_project
from trainer_core.project.save import save_project
from trainer_core.project.schema import TASKS_OWN, DataSection, Project, StageSection
from trainer_core.resources import resources_folder
from trainer_core.runs.folder import RunFolder, list_runs
from trainer_core.runs.place import runs_place
from trainer_core.stages.presets import default_stages

if TYPE_CHECKING:
    from trainer_core.data.report import DataReport
    from trainer_core.models.facts import ModelFacts
    from trainer_core.tasks.facts import TaskFacts

EXAMINE = "Reading the rows"
INSPECT = "Looking at the model"
USUAL_HEAD = (2, 1)
"""How many scores and texts a row is taken to have until the rows are read."""


class Workspace(QObject):
    """Holds the project, its data report and its model's facts, and tells when one of them changed.

    Pages read the attributes and call ``update``; they never keep a copy.

    Attributes:
        project: what the user wants; None before one is open.
        path: the project file; None for one never saved.
        folder: what relative paths of the project are relative to.
        modified: whether the project differs from its file.
        report: the data report, or None while it is unknown.
        report_error: why there is no report.
        facts: the model's facts, or None while they are unknown.
        facts_error: why there are no facts.
        tasks: what can be learnt.
        stage: the position of the stage whose layers are shown.
        run: the run that pages show: the one under way, or one chosen from the list.
        forecaster: what the plan will take.
    """

    project_opened = Signal()
    project_changed = Signal()
    report_changed = Signal()
    facts_changed = Signal()
    runs_changed = Signal()
    run_chosen = Signal()
    stage_chosen = Signal()

    def __init__(self, core: Core, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.core = core
        self.jobs = jobs
        self.project: Project | None = None
        self.path: Path | None = None
        self.folder = Path.home()
        self.modified = False
        self.report: DataReport | None = None
        self.report_error: Exception | None = None
        self.facts: ModelFacts | None = None
        self.facts_error: Exception | None = None
        self.tasks = KnownTasks(core, jobs, self)
        self.run: RunFolder | None = None
        self.stage = 0
        self._head = USUAL_HEAD
        self.forecaster = Forecaster(self)

    # --- the project -------------------------------------------------------------------------------------------

    def open(self, path: Path) -> None:
        """Open a project file.

        Raises:
            InputError: it cannot be read; the project that was open stays.
        """
        project = load_project(path)
        self._adopt(project, path, path.resolve().parent, modified=False)

    def open_run(self, run: RunFolder) -> None:
        """Open the project of a run, and show the run.

        Raises:
            InputError: the folder holds no run, or its project is gone.
        """
        self.open(Path(run.load_plan().project_file))
        self.choose_run(run)

    def new(self, data_file: Path) -> None:
        """Begin a project on a data file; it is not saved until the user says where."""
        project = Project(data=DataSection(train=data_file.name))
        self._adopt(project, None, data_file.resolve().parent, modified=True)

    def save(self, path: Path | None = None) -> None:
        """Write the project to its file, or to another one; its data paths are made absolute when it moves.

        Raises:
            InputError: the place cannot be written.
        """
        target = path or self.path
        if self.project is None or target is None:
            return
        project = self.project
        if target.resolve().parent != self.folder:
            project = self._with_absolute_paths(project)
        save_project(project, target)
        self.project, self.path, self.folder, self.modified = project, target, target.resolve().parent, False
        self.project_changed.emit()
        self.runs_changed.emit()

    @property
    def needs_new_place(self) -> bool:
        """Whether saving has to ask where: a new project, or an example that Thaw ships with."""
        return self.path is None or self.path.resolve().is_relative_to(resources_folder().resolve())

    @property
    def title(self) -> str:
        """The name of the project, for the window."""
        return self.path.name if self.path else "Untitled project"

    def as_written(self, path: Path) -> str:
        """Return a path as the project writes it: relative where it lies below the project's folder."""
        whole, folder = path.resolve(), self.folder.resolve()
        return whole.relative_to(folder).as_posix() if whole.is_relative_to(folder) else str(whole)

    def update(self, **sections: Any) -> None:
        """Replace sections of the project, e.g. ``update(training={...})`` or ``update(stage=(...))``.

        A section is given as its typed form or as a dict of all its values.

        Raises:
            pydantic.ValidationError: a value may not be so; the project stays as it was.
        """
        if self.project is None:
            return
        before = self.project
        plain = {
            name: value.model_dump() if hasattr(value, "model_dump") else value for name, value in sections.items()
        }
        after = before.changed(**plain)
        if after == before:
            return
        self.project = after
        self.modified = True
        self.project_changed.emit()
        if _rows_of(after) != _rows_of(before):
            self.examine_data()
        if _model_of(after) != _model_of(before):
            self.inspect_model()

    # --- stages ------------------------------------------------------------------------------------------------

    def stages(self) -> tuple[StageSection, ...]:
        """Return the project's stages, or the default ones once the model's layers are known; else none."""
        if self.project is None:
            return ()
        if self.project.stage or self.facts is None:
            return self.project.stage
        return default_stages(self.facts.tree, self.project.training.metric, self.facts.telling)

    def replace_stages(self, stages: Sequence[StageSection]) -> None:
        """Make these the project's stages."""
        self.update(stage=tuple(stage.model_dump() for stage in stages))
        self.choose_stage(min(self.stage, max(0, len(stages) - 1)))

    def replace_stage(self, place: int, **values: Any) -> None:
        """Change some values of one stage; default stages become the project's own.

        Raises:
            pydantic.ValidationError: a value may not be so; the project stays as it was.
        """
        stages = list(self.stages())
        stages[place] = StageSection.model_validate(stages[place].model_dump() | values)
        self.replace_stages(stages)

    def choose_stage(self, place: int) -> None:
        """Make one stage the one whose layers are shown."""
        if place != self.stage:
            self.stage = place
            self.stage_chosen.emit()

    def _adopt(self, project: Project, path: Path | None, folder: Path, *, modified: bool) -> None:
        self.project, self.path, self.folder, self.modified = project, path, folder, modified
        self.report = self.facts = None
        self.report_error = self.facts_error = None
        self.run = None
        self.stage = 0
        self._head = USUAL_HEAD
        self.project_opened.emit()
        self.project_changed.emit()
        self.report_changed.emit()
        self.facts_changed.emit()
        self.runs_changed.emit()
        self.run_chosen.emit()
        self.examine_data()
        self.inspect_model()
        self.tasks.learn()

    def _with_absolute_paths(self, project: Project) -> Project:
        data = project.data
        train = str(self.folder / data.train)
        validation = str(self.folder / data.validation) if data.validation else None
        reads = project.pretraining.model_dump() if project.pretraining else None
        if reads and reads["texts"]:
            reads["texts"] = str(self.folder / reads["texts"])
        return project.changed(data=data.model_dump() | {"train": train, "validation": validation}, pretraining=reads)

    # --- what is known -----------------------------------------------------------------------------------------

    def examine_data(self) -> None:
        """Read the rows again, in the background; ``report_changed`` tells when it is known."""
        project, folder = self.project, self.folder
        if project is None:
            return
        self.report, self.report_error = None, None
        self.report_changed.emit()
        self.jobs.start(
            EXAMINE, lambda: self.core.examine_data(project, folder), self._on_examined, self._on_not_examined
        )

    def inspect_model(self) -> None:
        """Look at the model again, in the background; ``facts_changed`` tells when it is known."""
        project, folder = self.project, self.folder
        if project is None:
            return
        outputs, texts = self._head
        self.facts, self.facts_error = None, None
        self.facts_changed.emit()
        self.jobs.start(
            INSPECT,
            lambda tell: self.core.inspect_model(
                project, folder, outputs, texts, lambda what, done, of: tell(f"{what} ({done} of {of} done)")
            ),
            self._on_inspected,
            self._on_not_inspected,
            told=lambda doing: self.jobs.busy_changed.emit(f"Preparing the model: {doing}"),
        )

    def _on_examined(self, report: DataReport) -> None:
        self.report = report
        self.report_changed.emit()
        if self.facts is None or (report.outputs, report.texts) != self._head:
            self._head = report.outputs, report.texts
            self.inspect_model()

    def _on_not_examined(self, error: Exception) -> None:
        self.report_error = error
        self.report_changed.emit()

    def _on_inspected(self, facts: ModelFacts) -> None:
        self.facts = facts
        self.facts_changed.emit()

    def _on_not_inspected(self, error: Exception) -> None:
        self.facts_error = error
        self.facts_changed.emit()

    @property
    def task(self) -> TaskFacts | None:
        """The project's task; None without a project, or while the tasks are unknown."""
        return self.tasks.named(self.project.task) if self.project else None

    @property
    def metric(self) -> str:
        """By what the best is judged: where that is left to the task, its own, or ``auto`` while it is unknown."""
        chosen = self.project.training.metric if self.project else TASKS_OWN
        return self.task.metrics[0] if chosen == TASKS_OWN and self.task is not None else chosen

    # --- runs --------------------------------------------------------------------------------------------------

    @property
    def runs_folder(self) -> Path:
        """Where the project's runs are kept."""
        return runs_place(self.path) if self.path else Path(platformdirs.user_data_dir("thaw", False)) / "runs"

    def runs(self) -> list[RunFolder]:
        """Return the project's runs, the newest first."""
        return list_runs(self.runs_folder)

    def choose_run(self, run: RunFolder | None) -> None:
        """Show another run."""
        self.run = run
        self.run_chosen.emit()

    def add_run(self, run: RunFolder) -> None:
        """Tell that a run began, and show it."""
        self.runs_changed.emit()
        self.choose_run(run)


def _model_of(project: Project) -> tuple[object, ...]:
    """Return what the model's layers depend on, the head included."""
    return project.model.source, project.task, project.options


def _rows_of(project: Project) -> tuple[object, ...]:
    """Return what decides how the rows are read and split."""
    return project.data, project.seed, project.task, project.options
