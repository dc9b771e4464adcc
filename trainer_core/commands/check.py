"""``thaw check``: everything that can be wrong with a project, found without training."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from trainer_core.commands.progress import telling_of_conversions
from trainer_core.data.reading import Reading
from trainer_core.engines.machine import look_up_run
from trainer_core.engines.prepare import PreparedRun, prepare_run
from trainer_core.forecast.whole import forecast_project
from trainer_core.forecast.words import size_words, time_words, trust_words
from trainer_core.project.load import load_project
from trainer_core.stages.plan import RunPlan


def check_project(path: Path, overrides: list[str]) -> int:
    """Print what a project amounts to, and what is worth knowing of its rows.

    Raises:
        InputError: with every problem of the file, the data, the model and the stages.
    """
    project = load_project(path, overrides)
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    with telling_of_conversions() as told:
        prepared = prepare_run(project, path, told)
    for finding in [*prepared.data.report.findings, *prepared.noticed]:
        console.print(f"Note: {finding.where}: {finding.what} {finding.remedy}", markup=False)
    for split in prepared.data.report.splits:
        classes = ", ".join(f"{name} {count:,}" for name, count in list(split.counts.items())[:12])
        more = ", ..." if len(split.counts) > 12 else ""
        held = f" ({classes}{more})" if classes else ""
        console.print(f"{split.name}: {split.rows:,} rows{held}", markup=False)
    if prepared.task.language:
        _print_reading(console, prepared.read_row(0))
    plan = prepared.plan
    if prepared.first is not None:
        _print_first(console, prepared.first.plan)
    console.print(f"model: {plan.model.source}, {plan.total_parameters:,} parameters, on {plan.device}", markup=False)
    for stage in plan.stages:
        share = stage.trained_parameters / plan.total_parameters
        learning = f"{stage.steps:,} steps at most, {share:.1%} of the model learns"
        console.print(f'stage "{stage.name}": {learning}', markup=False)
    _print_forecast(console, prepared)
    console.print("Nothing is wrong with this project.")
    return 0


def _print_first(console: Console, plan: RunPlan) -> None:
    """Print what the model reads before its stages."""
    (stage,) = plan.stages
    read = f"{plan.data.train_rows:,} texts of {Path(plan.data.train).name}, {stage.steps:,} steps"
    console.print(f"before the stages: the model reads {read}; {', '.join(stage.rules)} learns", markup=False)


def _print_reading(console: Console, reading: Reading) -> None:
    """Print how the model reads the first row, with what counts in bold."""
    shown = Text()
    for stretch in reading.stretches:
        shown.append(stretch.text, style="bold green" if stretch.learnt else "dim")
    console.print(f"The first row as the model reads it; {reading.learnt:,} of {reading.tokens:,} tokens count:")
    console.print(Panel(shown), soft_wrap=False)


def _print_forecast(console: Console, prepared: PreparedRun) -> None:
    """Print what each stage and the whole run will take; the model's speed is measured where nobody has yet."""
    machine = look_up_run(prepared)
    whole = forecast_project(prepared.plan.project, prepared.facts, prepared.plan.stages, machine)
    if prepared.first is not None:
        console.print(f"forecast before the stages: {time_words(whole.pretraining_seconds)}", markup=False)
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
