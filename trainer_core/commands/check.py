"""``thaw check``: everything that can be wrong with a project, found without training."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from trainer_core.engines.prepare import prepare_run
from trainer_core.project.load import load_project


def check_project(path: Path, overrides: list[str]) -> int:
    """Print what a project amounts to, and what is worth knowing of its rows.

    Raises:
        InputError: with every problem of the file, the data, the model and the stages.
    """
    prepared = prepare_run(load_project(path, overrides), path)
    console = Console(highlight=False, soft_wrap=True)
    for finding in prepared.data.report.findings:
        console.print(f"Note: {finding.where}: {finding.what} {finding.remedy}", markup=False)
    for split in prepared.data.report.splits:
        classes = ", ".join(f"{name} {count:,}" for name, count in list(split.classes.items())[:12])
        more = ", ..." if len(split.classes) > 12 else ""
        console.print(f"{split.name}: {split.rows:,} rows ({classes}{more})", markup=False)
    plan = prepared.plan
    console.print(f"model: {plan.model.source}, {plan.total_parameters:,} parameters, on {plan.device}", markup=False)
    for stage in plan.stages:
        share = stage.trained_parameters / plan.total_parameters
        learning = f"{stage.steps:,} steps at most, {share:.1%} of the model learns"
        console.print(f'stage "{stage.name}": {learning}', markup=False)
    console.print("Nothing is wrong with this project.")
    return 0
