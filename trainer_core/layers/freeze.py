"""Freeze rules: which parameters learn. Rules are data, applied in order, resolved against a tree, and counted.

A rule is a word or a glob over parameter names. Words: ``head``, ``embeddings``, ``blocks``, ``top:K`` (the last K
blocks and what follows them), ``norms``, ``biases``, ``all``. A rule that begins with ``!`` freezes what it matches.
``adapter:`` and a word or glob let adapters learn beside the matrices it matches; such a glob may name modules too.
Everything starts frozen. Imports no torch.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from trainer_core.errors import InputError, Problem
from trainer_core.layers.adapters import ADAPTER, WEIGHT, adaptable_modules, adapted_module, is_adapter, with_adapters
from trainer_core.layers.tree import HEAD, LayerKind, LayerNode, LayerTree

WORDS = ("head", "embeddings", "blocks", "top:K", "norms", "biases", "all")


@dataclass(frozen=True)
class RuleCount:
    """What one rule did: how many parameters (tensors) and values it matched."""

    rule: str
    tensors: int
    values: int


@dataclass(frozen=True)
class FreezeState:
    """Which parameters of one tree learn.

    Attributes:
        trainable: the names of the parameters that learn.
        total: the number of values in the model.
        trained: the number of values that learn.
        counts: what each rule matched, in the order of the rules.
    """

    trainable: frozenset[str]
    total: int
    trained: int
    counts: tuple[RuleCount, ...] = ()

    @property
    def share(self) -> float:
        """The share of values that learn, 0 to 1."""
        return self.trained / self.total if self.total else 0.0

    @property
    def only_head(self) -> bool:
        """Whether nothing outside the head learns."""
        return all(name.startswith(HEAD + ".") for name in self.trainable)


def freeze_state(tree: LayerTree, trainable: Iterable[str]) -> FreezeState:
    """Return the state in which these parameters learn; tied ones follow each other."""
    chosen = _with_tied(tree, set(trainable))
    trained = sum(parameter.count for parameter in tree.parameters if parameter.name in chosen)
    return FreezeState(frozenset(chosen), tree.parameter_count, trained)


def resolve_freeze(rules: Sequence[str], tree: LayerTree, where: str = "train") -> FreezeState:
    """Apply freeze rules in order.

    Args:
        rules: words and globs; see the module's text.
        tree: the model's layers.
        where: the dotted key that problems name.

    Raises:
        InputError: a rule matches nothing, or nothing is left to train.
    """
    chosen: set[str] = set()
    counts: list[RuleCount] = []
    problems: list[Problem] = []
    for rule in rules:
        freezes, pattern = rule.startswith("!"), rule.removeprefix("!")
        matched = _with_tied(tree, match_rule(pattern, tree))
        if not matched:
            problems.append(_unmatched(rule, pattern, tree, where))
        chosen = chosen - matched if freezes else chosen | matched
        values = sum(parameter.count for parameter in tree.parameters if parameter.name in matched)
        counts.append(RuleCount(rule, len(matched), values))
    if not problems and not chosen:
        named = ", ".join(f'"{rule}"' for rule in rules)
        what = f"Nothing is left to train by {named}."
        problems.append(Problem(where, what, 'Add a rule that thaws something, such as "head".'))
    if problems:
        raise InputError(problems)
    state = freeze_state(tree, chosen)
    return FreezeState(state.trainable, state.total, state.trained, tuple(counts))


def adapted_tree(tree: LayerTree, rules: Iterable[str], rank: int, *, magnitudes: bool = False) -> LayerTree:
    """Return a tree with the adapters that rules wish for; see ``with_adapters``."""
    patterns = [rule.removeprefix(ADAPTER) for rule in rules if rule.startswith(ADAPTER)]
    if not patterns:
        return tree
    wanted = set().union(*(_matrices(pattern, tree) for pattern in patterns))
    modules = [module for module in adaptable_modules(tree) if module + WEIGHT in wanted]
    return with_adapters(tree, modules, rank, magnitudes=magnitudes)


def match_rule(pattern: str, tree: LayerTree) -> set[str]:
    """Return the names of the parameters that one word or glob matches; none when it matches nothing."""
    words: dict[str, Callable[[LayerTree], set[str]]] = {
        "all": lambda tree: {parameter.name for parameter in tree.parameters},
        "head": lambda tree: _below(tree, HEAD),
        "blocks": lambda tree: _below(tree, tree.blocks) if tree.blocks else set(),
        "embeddings": _embeddings,
        "norms": _norms,
        "biases": lambda tree: {p.name for p in tree.parameters if p.name.rsplit(".", 1)[-1] == "bias"},
    }
    if pattern.startswith(ADAPTER):
        own = _matrices(pattern.removeprefix(ADAPTER), tree)
        return {p.name for p in tree.parameters if is_adapter(p.name) and adapted_module(p.name) + WEIGHT in own}
    if pattern in words:
        found = words[pattern](tree)
    elif pattern.startswith("top:"):
        found = _top(pattern.removeprefix("top:"), tree)
    else:
        found = {p.name for p in tree.parameters if _globbed(p.name, pattern)}
    return {name for name in found if not is_adapter(name)}


def _matrices(pattern: str, tree: LayerTree) -> set[str]:
    """Return what stands behind ``adapter:``: parameters, those below modules that a glob matches among them."""
    return match_rule(pattern, tree) | match_rule(f"{pattern}.*", tree)


def _globbed(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern) or name.startswith(pattern.rstrip(".") + ".")


def _below(tree: LayerTree, path: str) -> set[str]:
    return {parameter.name for parameter in tree.parameters if parameter.name.startswith(path + ".")}


def _embeddings(tree: LayerTree) -> set[str]:
    first = next((i for i, p in enumerate(tree.parameters) if tree.depth_of(p.name) <= tree.block_count), None)
    before = {p.name for p in tree.parameters[:first]} if tree.blocks and first is not None else set()
    named = {
        tree.parameters[leaf].name
        for node in tree.nodes
        if node.kind is LayerKind.EMBEDDINGS and node.block is None
        for leaf in node.leaves
    }
    return (before | named) - _below(tree, HEAD)


def _norms(tree: LayerTree) -> set[str]:
    return {tree.parameters[leaf].name for node in tree.nodes if node.kind is LayerKind.NORM for leaf in node.leaves}


def _top(text: str, tree: LayerTree) -> set[str]:
    if not text.isdigit() or not 1 <= int(text) <= tree.block_count:
        return set()
    deepest = int(text)
    return {p.name for p in tree.parameters if 1 <= tree.depth_of(p.name) <= deepest}


def _with_tied(tree: LayerTree, chosen: set[str]) -> set[str]:
    first = {parameter.name: parameter.tied_to or parameter.name for parameter in tree.parameters}
    tensors = {first[name] for name in chosen}
    return {name for name in first if first[name] in tensors}


def _unmatched(rule: str, pattern: str, tree: LayerTree, where: str) -> Problem:
    what = f'The rule "{rule}" matches no layer of this model.'
    if pattern.startswith(ADAPTER):
        return Problem(where, what, _adapter_remedy(rule, pattern, tree))
    if pattern.startswith("top:"):
        return Problem(where, what, f"The model has {tree.block_count} blocks: write top:1 to top:{tree.block_count}.")
    guess = _guess(pattern, [*WORDS, f"{ADAPTER}blocks", *(node.path for node in tree.nodes if node.path)])
    words = ", ".join(WORDS)
    return Problem(where, what, f"{guess}Use a word ({words}) or a glob over names, as `thaw inspect` lists them.")


def _adapter_remedy(rule: str, pattern: str, tree: LayerTree) -> str:
    modules, named = adaptable_modules(tree), pattern.removeprefix(ADAPTER)
    if not modules:
        return "Adapters go on matrices inside blocks, and this model has none: leave the rule out."
    if rule.startswith("!") and _matrices(named, tree) & {module + WEIGHT for module in modules}:
        return "No rule of this plan puts adapters there: leave this one out."
    if named.startswith("top:"):
        last = tree.block_count
        return f"The model has {last} blocks: write {ADAPTER}top:1 to {ADAPTER}top:{last}."
    inside = (node.path for node in tree.nodes if node.block is not None and not is_adapter(node.path))
    ends = list(dict.fromkeys(f"*.{module.rpartition('.')[2]}" for module in modules))
    guess = _guess(named, ["blocks", *ends, *inside], ADAPTER)
    examples = ", ".join(ADAPTER + word for word in ("blocks", "top:K", ends[0]))
    return f"{guess}Adapters go on matrices inside the blocks: write {examples}."


def _guess(pattern: str, candidates: Sequence[str], prefix: str = "") -> str:
    near = difflib.get_close_matches(pattern, candidates, n=1, cutoff=0.5)
    return f'Did you mean "{prefix}{near[0]}"? ' if near else ""


def frozen_blocks(trainable: Iterable[str], tree: LayerTree) -> int:
    """Return how many blocks, counted from the input, lie below everything that learns.

    0 where something before the blocks learns, or where the model has none; all of them where only the head does.
    """
    lowest = tree.block_count
    inside = re.compile(rf"{re.escape(tree.blocks)}\.(\d+)\.")
    for name in trainable:
        block = inside.match(name) if tree.blocks else None
        if block:
            lowest = min(lowest, int(block.group(1)))
        elif tree.depth_of(name) > tree.block_count:
            return 0
    return lowest


def describe_trainable(state: FreezeState, tree: LayerTree) -> list[str]:
    """Return the shortest rules, words first, that thaw exactly the parameters of ``state``.

    A rule that wishes adapters is told by those that the tree has: let it have all that can be wished.
    """
    adapters = {name for name in state.trainable if is_adapter(name)}
    found = _covering(state.trainable - adapters, _choices(tree))
    return found + _covering(adapters, _adapter_choices(tree)) if adapters else found


Choices = Iterator[tuple[str, set[str]]]
"""Rules and what they match, the best to read first."""


def _covering(wanted: Iterable[str], choices: Choices) -> list[str]:
    """Return the first rules that match all that is wanted, and nothing else."""
    rules: list[str] = []
    wanted = set(wanted)
    left = set(wanted)
    for rule, matched in choices:
        if not left:
            break
        if matched and matched <= wanted and matched & left:
            rules.append(rule)
            left -= matched
    return rules


def _choices(tree: LayerTree) -> Choices:
    for word in ("all", "head", "embeddings", "blocks", *_tops(tree), "norms", "biases"):
        yield word, match_rule(word, tree)
    for node in tree.nodes[1:]:
        # A module may be called like a word that means more than it, as ELECTRA's "embeddings".
        rule = f"{node.path}.*" if node.path in WORDS else node.path
        yield rule, {name for name in _leaves(node, tree) if not is_adapter(name)}


def _adapter_choices(tree: LayerTree) -> Choices:
    for pattern in ("blocks", *_tops(tree), *_alike(tree)):
        yield ADAPTER + pattern, match_rule(ADAPTER + pattern, tree)
    for node in tree.nodes[1:]:
        below = _leaves(node, tree)
        yield ADAPTER + node.path, {n for n in below if is_adapter(n) and adapted_module(n) + WEIGHT in below}


def _leaves(node: LayerNode, tree: LayerTree) -> set[str]:
    return {tree.parameters[leaf].name for leaf in node.leaves}


def _tops(tree: LayerTree) -> list[str]:
    return [f"top:{k}" for k in range(tree.block_count, 0, -1)]


def _alike(tree: LayerTree) -> list[str]:
    """Return globs over modules that are called alike in several blocks, such as ``*.self_attn.q_proj``."""
    found: dict[str, None] = {}
    for module in adaptable_modules(tree) if tree.block_count > 1 else ():
        parts = module.removeprefix(f"{tree.blocks}.").split(".")[1:]
        found |= dict.fromkeys("*." + ".".join(parts[: end + 1]) for end in range(len(parts)))
    return list(found)
