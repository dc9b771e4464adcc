"""Everything about the rows and the model of a workspace, known without any job."""

from __future__ import annotations

import dataclasses

from desktop_app.workspace import Workspace
from tests.support.fake_core import small_facts, small_project, small_report, small_tree
from trainer_core.project.schema import Project


def fill(workspace: Workspace, project: Project | None = None, blocks: int = 6) -> None:
    """Make everything known to a workspace, and tell so."""
    workspace.project = project or small_project()
    workspace.report = small_report()
    workspace.facts = dataclasses.replace(small_facts(), tree=small_tree(blocks=blocks))
    workspace.project_changed.emit()
    workspace.report_changed.emit()
    workspace.facts_changed.emit()
