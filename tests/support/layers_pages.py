"""Everything about the rows and the model of a workspace, known without any job."""

from __future__ import annotations

import dataclasses

from desktop_app.workspace import Workspace
from tests.support.small import small_facts, small_project, small_tree
from tests.support.small_data import small_report, small_tasks
from trainer_core.project.schema import Project


def fill(workspace: Workspace, project: Project | None = None, blocks: int = 6) -> None:
    """Make everything known to a workspace, and tell so."""
    workspace.project = project or small_project()
    workspace.report = small_report()
    workspace.facts = dataclasses.replace(small_facts(), tree=small_tree(blocks=blocks))
    workspace.tasks.take(small_tasks())
    workspace.project_changed.emit()
    workspace.report_changed.emit()
    workspace.facts_changed.emit()
