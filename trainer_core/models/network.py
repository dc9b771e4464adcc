"""A body and a head as one network, and the pooling between them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer_core.data.encoded import TYPES, Tokens
from trainer_core.layers.adapters import is_adapter
from trainer_core.layers.tree import ParameterSpec
from trainer_core.models.adapters import BASE
from trainer_core.project.schema import Pooling

BODY = "body."
HEAD = "head."


def pool(hidden: Tensor, mask: Tensor, pooling: Pooling) -> Tensor:
    """Turn token states into one vector a text.

    Args:
        hidden: float [sequences, tokens, width], padded on the right.
        mask: [sequences, tokens], 1 where there is a token.
        pooling: the first token's state, the mean of all, or the last token's.

    Returns:
        float [sequences, width].
    """
    if pooling is Pooling.CLS:
        return hidden[:, 0]
    if pooling is Pooling.LAST:
        last = mask.sum(dim=1).clamp(min=1) - 1
        return hidden[torch.arange(len(hidden), device=hidden.device), last]
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def joined(vectors: Tensor, *, symmetric: bool) -> Tensor:
    """Turn the vectors of two texts into the features of their pair: both, how they differ, and what they share.

    After Conneau et al. 2017, arXiv:1705.02364.

    Args:
        vectors: float [2 * rows, width], the two of a row next to each other.
        symmetric: leave the vectors themselves out, so that it makes no difference which text is the first, and take
            them at length 1. The products then add up to the cosine, by which models that embed sentences were taught
            (Reimers and Gurevych 2019, arXiv:1908.10084); and they are so small that a head has large weights, which
            fine-tuning hardly moves: the body learns, and the head does not fit itself to the rows meanwhile.

    Returns:
        float [rows, 4 * width], or [rows, 2 * width].
    """
    if symmetric:
        vectors = functional.normalize(vectors.float(), dim=-1)
    one, other = vectors[0::2], vectors[1::2]
    apart = () if symmetric else (one, other)
    return torch.cat([*apart, (one - other).abs(), one * other], dim=-1)


class Head(nn.Module):
    """What turns a body's states into scores.

    Attributes:
        width: the size of the body's states.
        outputs: the number of scores.
        parts: how many sequences a row is of; the vectors of two are joined.
        by_token: whether each token is scored.
        symmetric: whether it makes no difference which of two texts is the first.
        pretrained: whether it comes with the model; else it is new.
    """

    width: int
    outputs: int
    parts: int = 1
    by_token: bool = False
    symmetric: bool = False
    pretrained: bool = False

    @property
    def features(self) -> int:
        """The size of what it takes."""
        return self.width

    def is_new(self, name: str) -> bool:
        """Whether a parameter did not come with the model."""
        return not self.pretrained

    @property
    def joining(self) -> str:
        """In a word, how the vectors of two texts become features; empty where there is one."""
        if self.parts == 1:
            return ""
        return "directions" if self.symmetric else "ordered"


class LinearHead(Head):
    """What a task puts on a body: a linear layer behind dropout, on a row's vector or on each token's state.

    Args:
        width: the size of the body's states.
        outputs: the number of scores.
        dropout: the share of features dropped in training.
        parts: how many sequences a row is of; the vectors of two are joined.
        by_token: whether each token is scored.
        symmetric: whether it makes no difference which of two texts is the first.
    """

    def __init__(
        self,
        width: int,
        outputs: int,
        dropout: float = 0.1,
        *,
        parts: int = 1,
        by_token: bool = False,
        symmetric: bool = False,
    ) -> None:
        super().__init__()
        self.width = width
        self.outputs = outputs
        self.parts = parts
        self.by_token = by_token
        self.symmetric = symmetric
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(self.features, outputs)
        nn.init.normal_(self.linear.weight, std=0.02)
        nn.init.zeros_(self.linear.bias)
        if parts > 1 and symmetric:
            nn.init.ones_(self.linear.weight[:, width:])  # the cosine

    @property
    def features(self) -> int:
        """The size of what it takes: of two texts' vectors, joined, several times the width."""
        if self.parts == 1:
            return self.width
        return self.width * (2 if self.symmetric else 4)

    def forward(self, features: Tensor) -> Tensor:
        """Return scores, float32 [units, outputs], for features, float [units, width].

        They are computed in float32 whatever the body computes in: a head is small, and what it rounds, the loss sees.
        """
        with torch.autocast(features.device.type, enabled=False):
            return cast(Tensor, self.linear(self.dropout(features.float())))


class Network(nn.Module):
    """A pretrained body with a task's head.

    Parameter names are the body's own ones, and ``head.*``; see ``named_layers``.
    """

    def __init__(self, body: nn.Module, head: Head, pooling: Pooling) -> None:
        super().__init__()
        self.body = body
        self.head = head
        self.pooling = pooling
        kinds = getattr(getattr(body, "config", None), "type_vocab_size", 0) or 0
        known = inspect.signature(body.forward).parameters
        self._takes_types = kinds > 1 and TYPES in known
        # What a body keeps to write on costs memory, and lets packed rows see each other.
        self._always = {"use_cache": False} if "use_cache" in known else {}

    def token_states(self, tokens: Tokens) -> Tensor:
        """Return the body's last states, float [sequences, tokens, width].

        The types of tokens are not used where the body makes no difference. Rows that are packed do not see each other:
        the places of tokens, which begin anew with every row, stand in for the mask.
        """
        named: dict[str, Any] = {"attention_mask": tokens.mask, **self._always}
        if tokens.types is not None and self._takes_types:
            named[TYPES] = tokens.types
        if tokens.places is not None:
            named |= {"attention_mask": None, "position_ids": tokens.places}
        return cast(Tensor, self.body(input_ids=tokens.ids, **named).last_hidden_state)

    def features(self, tokens: Tokens) -> Tensor:
        """Return what the head takes, float [units, width]."""
        states = self.token_states(tokens)
        if self.head.by_token:
            return states[tokens.mask.bool() if tokens.scored is None else tokens.scored]
        return self.vectors(states, tokens.mask, self.pooling)

    def vectors(self, states: Tensor, mask: Tensor, pooling: Pooling) -> Tensor:
        """Return one vector a row, float [rows, width], for the states of its sequences."""
        pooled = pool(states, mask, pooling)
        return pooled if self.head.parts == 1 else joined(pooled, symmetric=self.head.symmetric)

    def forward(self, tokens: Tokens) -> Tensor:
        """Return scores, float [units, outputs]; a unit is a row, or a real token."""
        return cast(Tensor, self.head(self.features(tokens)))

    def new_layers(self) -> set[str]:
        """Return the names of the layers that did not come with the pretrained model."""
        heads = {name for name, _ in self.named_layers() if name.startswith(HEAD) and self.head.is_new(name)}
        return heads | {name for name, _ in self.named_layers() if is_adapter(name)}

    def named_layers(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield parameters under the names that freeze rules, plans and checkpoints use; tied ones each time."""
        for name, parameter in self.named_parameters(remove_duplicate=False):
            yield name.removeprefix(BODY).replace(BASE, "."), parameter


def parameter_specs(network: Network) -> list[ParameterSpec]:
    """Return the names and shapes of a network's parameters, with ties, in order of computation."""
    first: dict[int, str] = {}
    specs: list[ParameterSpec] = []
    for name, parameter in network.named_layers():
        tied_to = first.setdefault(id(parameter), name)
        specs.append(ParameterSpec(name, tuple(parameter.shape), None if tied_to == name else tied_to))
    return specs
