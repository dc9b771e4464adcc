"""What the tests of the Layers and Stages pages share: a workspace with everything known, without any job."""

from __future__ import annotations

import dataclasses

from desktop_app.background.jobs import Jobs
from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore, small_facts, small_project, small_report, small_tree
from trainer_core.project.schema import Project


def known_workspace(project: Project | None = None, blocks: int = 6) -> Workspace:
    """Return a workspace whose project is open and whose rows and model are known."""
    workspace = Workspace(FakeCore(), Jobs())
    fill(workspace, project, blocks)
    return workspace


def fill(workspace: Workspace, project: Project | None = None, blocks: int = 6) -> None:
    """Make everything known to a workspace, and tell so."""
    workspace.project = project or small_project()
    workspace.report = small_report()
    workspace.facts = dataclasses.replace(small_facts(), tree=small_tree(blocks=blocks))
    workspace.project_changed.emit()
    workspace.report_changed.emit()
    workspace.facts_changed.emit()
