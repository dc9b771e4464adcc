"""How pages speak of layers: amounts, freeze rules and nodes in plain words. Imports no Qt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from desktop_app.error_words import sentence
from trainer_core.errors import InputError, Problem
from trainer_core.layers.adapters import ADAPTER
from trainer_core.layers.freeze import FreezeState, freeze_state, match_rule, resolve_freeze
from trainer_core.layers.tree import LayerKind, LayerNode, LayerTree
from trainer_core.models.facts import ModelFacts
from trainer_core.project.schema import Project, StageSection
from trainer_core.stages.plan import resolve_stages

BYTES_PER_VALUE = 4
"""A checkpoint keeps float32."""

NOTHING = ("!all",)
"""The rules under which nothing learns; ``resolve_freeze`` refuses them with a sentence."""

_RULE_WORDS = {
    "all": "everything",
    "head": "the head",
    "embeddings": "the embeddings",
    "blocks": "all blocks",
    "norms": "the norms",
    "biases": "the biases",
    "!all": "nothing",
}


def format_share(share: float) -> str:
    """Return a part of the whole as per cent; something is never written as nothing."""
    if share <= 0:
        return "0 %"
    if share < 0.0001:
        return "< 0.01 %"
    if share < 0.01:
        return f"{share * 100:.2f} %"
    return f"{share * 100:.0f} %" if share >= 0.9995 else f"{share * 100:.1f} %"


def format_bytes(count: int) -> str:
    """Return a size on disk in the unit that suits it."""
    value = float(count)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def format_rate(rate: float) -> str:
    """Return a learning rate without losing a digit: ``5e-5``, ``1.2e-4``, ``0.05``."""
    exact = Decimal(repr(rate)).normalize()
    exponent = exact.adjusted()
    if exponent >= -2:
        return f"{exact:f}"
    return f"{exact.scaleb(-exponent):f}e{exponent}"


def describe_node(node: LayerNode, tree: LayerTree) -> str:
    """Return what a node is, in plain words; for a parameter its shape and whom it shares its memory with."""
    if node.kind is not LayerKind.PARAMETER:
        return node.description
    parameter = tree.parameters[node.first_leaf]
    shape = " × ".join(f"{size:,}" for size in parameter.shape) or "one value"
    return f"{shape}, shared with {parameter.tied_to}" if parameter.tied_to else shape


def rule_words(rule: str) -> str:
    """Return one freeze rule in plain words; a glob stays as it is."""
    if rule in _RULE_WORDS:
        return _RULE_WORDS[rule]
    freezes, pattern = rule.startswith("!"), rule.removeprefix("!")
    if pattern.startswith(ADAPTER):
        words = f"adapters in {rule_words(pattern.removeprefix(ADAPTER))}"
        return f"no {words}" if freezes else words
    count = pattern.removeprefix("top:")
    if pattern.startswith("top:") and count.isdigit():
        words = "the top block" if int(count) == 1 else f"the top {count} blocks"
    else:
        words = _RULE_WORDS.get(pattern, pattern)
    return f"not {words}" if freezes else words


def rules_words(rules: Sequence[str], most: int = 3) -> str:
    """Return freeze rules in plain words, shortened to the first few."""
    return shorten([rule_words(rule) for rule in rules], most)


def shorten(words: Sequence[str], most: int) -> str:
    """Return the first few of a list and how many more there are."""
    more = len(words) - most
    return ", ".join([*words[:most], f"{more} more"] if more > 0 else words)


def state_of_rules(rules: Sequence[str], tree: LayerTree) -> tuple[FreezeState, InputError | None]:
    """Return what rules thaw, as far as they match, and what is wrong with them."""
    try:
        return resolve_freeze(rules, tree), None
    except InputError as error:
        return _lenient_state(rules, tree), error


class KnownRules:
    """Remembers what rules thaw in one tree, because every change on screen asks for all stages."""

    def __init__(self) -> None:
        self._tree: LayerTree | None = None
        self._known: dict[tuple[str, ...], tuple[float, str]] = {}

    def look_up(self, rules: tuple[str, ...], tree: LayerTree) -> tuple[float, str]:
        """Return the share of the model that rules thaw, and what is wrong with them in words."""
        if tree is not self._tree:
            self._tree, self._known = tree, {}
        if rules not in self._known:
            state, error = state_of_rules(rules, tree)
            why = " ".join(problem.what for problem in error.problems) if error else ""
            self._known[rules] = (state.share, why)
        return self._known[rules]


def plan_problems(project: Project, facts: ModelFacts, rows: int) -> list[str]:
    """Return what is wrong with the stages of a project, one sentence each; the same words on every page."""
    try:
        resolve_stages(project, facts.tree, rows, telling=facts.telling)
    except InputError as error:
        return [_stage_sentence(problem, project.stage) for problem in error.problems]
    return []


def _stage_sentence(problem: Problem, stages: Sequence[StageSection]) -> str:
    place = re.match(r"stage\[(\d+)\]", problem.where)
    if place is None or int(place[1]) >= len(stages):
        return str(problem)
    return f'Stage {int(place[1]) + 1}, "{stages[int(place[1])].name}": {sentence(problem)}'


def _lenient_state(rules: Sequence[str], tree: LayerTree) -> FreezeState:
    chosen: set[str] = set()
    for rule in rules:
        matched = match_rule(rule.removeprefix("!"), tree)
        chosen = chosen - matched if rule.startswith("!") else chosen | matched
    return freeze_state(tree, chosen)
