"""``thaw check``: everything that can be wrong with a project, found without training."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from trainer_core.engines.machine import look_up_machine
from trainer_core.engines.prepare import PreparedRun, prepare_run
from trainer_core.forecast.arithmetic import forecast
from trainer_core.forecast.contract import work_of
from trainer_core.forecast.words import size_words, time_words, trust_words
from trainer_core.project.load import load_project
from trainer_core.project.schema import Project


def check_project(path: Path, overrides: list[str]) -> int:
    """Print what a project amounts to, and what is worth knowing of its rows.

    Raises:
        InputError: with every problem of the file, the data, the model and the stages.
    """
    project = load_project(path, overrides)
    prepared = prepare_run(project, path)
    console = Console(highlight=False, soft_wrap=True)
    for finding in prepared.data.report.findings:
        console.print(f"Note: {finding.where}: {finding.what} {finding.remedy}", markup=False)
    for split in prepared.data.report.splits:
        classes = ", ".join(f"{name} {count:,}" for name, count in list(split.counts.items())[:12])
        more = ", ..." if len(split.counts) > 12 else ""
        held = f" ({classes}{more})" if classes else ""
        console.print(f"{split.name}: {split.rows:,} rows{held}", markup=False)
    plan = prepared.plan
    console.print(f"model: {plan.model.source}, {plan.total_parameters:,} parameters, on {plan.device}", markup=False)
    for stage in plan.stages:
        share = stage.trained_parameters / plan.total_parameters
        learning = f"{stage.steps:,} steps at most, {share:.1%} of the model learns"
        console.print(f'stage "{stage.name}": {learning}', markup=False)
    _print_forecast(console, project, prepared)
    console.print("Nothing is wrong with this project.")
    return 0


def _print_forecast(console: Console, project: Project, prepared: PreparedRun) -> None:
    """Print what each stage and the whole run will take; the model's speed is measured where nobody has yet."""
    machine = look_up_machine(project, prepared.data, prepared.facts, measure=True)
    whole = forecast(
        work_of(project, prepared.facts, prepared.plan.stages, machine.rows), machine.device, machine.correction
    )
    for stage in whole.stages:
        amounts = (time_words(stage.seconds), size_words(stage.peak_bytes) + " of memory")
        console.print(f'forecast "{stage.name}": {", ".join(amounts)}', markup=False)
    console.print(
        f"forecast in all: {time_words(whole.seconds)} at most, {size_words(whole.peak_bytes)} of memory, "
        f"{size_words(whole.disk_bytes)} of disk. {trust_words(whole)}",
        markup=False,
    )
    if whole.peak_bytes > machine.free_bytes:
        console.print(
            f"Note: {size_words(machine.free_bytes)} of memory are free. Where it is too small, fewer rows at once go "
            "through the network, which takes longer; smaller batches or shorter texts need less.",
            markup=False,
        )
