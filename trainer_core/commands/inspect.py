"""``thaw inspect``: a model's layers under the names that freeze rules use."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.tree import Tree

from trainer_core.commands.progress import telling_of_conversions
from trainer_core.data.prepare import examine_data
from trainer_core.layers.tree import LayerKind, LayerNode, LayerTree
from trainer_core.models.facts import ModelFacts
from trainer_core.models.inspect import inspect_model
from trainer_core.project.load import load_project
from trainer_core.project.schema import DataSection, ModelSection, Project
from trainer_core.stages.plan import resolve_stages
from trainer_core.tasks.registry import load_task


def inspect_layers(what: str) -> int:
    """Print the layers of a model, or of a project's model with what its stages train."""
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    if what.lower().endswith(".thaw"):
        path = Path(what)
        project = load_project(path)
        report = examine_data(project, path.resolve().parent, load_task(project.task, project.options))
        with telling_of_conversions() as told:
            facts = inspect_model(project, path.resolve().parent, report.outputs, report.texts, told)
        _print_facts(console, facts)
        for stage in resolve_stages(project, facts.tree, report.splits[0].rows, telling=facts.telling):
            share = stage.trained_parameters / facts.tree.parameter_count
            console.print(
                f'Stage "{stage.name}" trains {", ".join(stage.rules)}: '
                f"{stage.trained_parameters:,} parameters ({share:.1%})",
                markup=False,
            )
        return 0
    project = Project(data=DataSection(train="none"), model=ModelSection(source=what))
    with telling_of_conversions() as told:
        facts = inspect_model(project, Path.cwd(), 2, told=told)
    _print_facts(console, facts)
    return 0


def _print_facts(console: Console, facts: ModelFacts) -> None:
    console.print(f"{facts.source}: {facts.family}, {facts.tree.parameter_count:,} parameters, ", end="", markup=False)
    console.print(f"{facts.tree.block_count} blocks ({facts.tree.blocks or 'none'}), width {facts.hidden_size}")
    console.print(_branch(facts.tree, facts.tree.root, None))


def _branch(tree: LayerTree, node: LayerNode, parent: Tree | None) -> Tree:
    words = f"  [dim]{node.description}[/dim]" if node.description else ""
    shape = f" {list(tree.parameters[node.first_leaf].shape)}" if node.kind is LayerKind.PARAMETER else ""
    shape = shape.replace("[", r"\[")
    text = f"{node.path or 'model'}{shape}  {node.parameter_count:,}{words}"
    branch = Tree(text) if parent is None else parent.add(text)
    for child in node.children:
        _branch(tree, tree.nodes[child], branch)
    return branch
