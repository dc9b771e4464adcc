"""A body and a head as one network, and the pooling between them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn

from trainer_core.data.encoded import TYPES
from trainer_core.layers.tree import ParameterSpec
from trainer_core.project.schema import Pooling

BODY = "body."


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
        symmetric: leave the vectors themselves out, so that it makes no difference which text is the first.

    Returns:
        float [rows, 4 * width], or [rows, 2 * width].
    """
    one, other = vectors[0::2], vectors[1::2]
    apart = () if symmetric else (one, other)
    return torch.cat([*apart, (one - other).abs(), one * other], dim=-1)


class Head(nn.Module):
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
        self.parts = parts
        self.by_token = by_token
        self.dropout = nn.Dropout(dropout)
        self.symmetric = symmetric
        self.linear = nn.Linear(width * self._times, outputs)
        nn.init.normal_(self.linear.weight, std=0.02)
        nn.init.zeros_(self.linear.bias)

    @property
    def joining(self) -> str:
        """In a word, how the vectors of two texts become features; empty where there is one."""
        if self.parts == 1:
            return ""
        return "symmetric" if self.symmetric else "ordered"

    @property
    def _times(self) -> int:
        """How many times as wide as a text's vector the features are."""
        if self.parts == 1:
            return 1
        return 2 if self.symmetric else 4

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
        self._takes_types = kinds > 1 and TYPES in inspect.signature(body.forward).parameters

    def token_states(self, input_ids: Tensor, attention_mask: Tensor, token_types: Tensor | None = None) -> Tensor:
        """Return the body's last states, float [sequences, tokens, width].

        Args:
            input_ids: int [sequences, tokens].
            attention_mask: int [sequences, tokens].
            token_types: int [sequences, tokens], which of two joined texts a token is of; not used where the
                body makes no difference.
        """
        types = {} if token_types is None or not self._takes_types else {TYPES: token_types}
        return cast(Tensor, self.body(input_ids=input_ids, attention_mask=attention_mask, **types).last_hidden_state)

    def features(self, *tokens: Tensor) -> Tensor:
        """Return what the head takes, float [units, width], for what ``token_states`` takes."""
        states, mask = self.token_states(*tokens), tokens[1]
        return states[mask.bool()] if self.head.by_token else self.vectors(states, mask, self.pooling)

    def vectors(self, states: Tensor, mask: Tensor, pooling: Pooling) -> Tensor:
        """Return one vector a row, float [rows, width], for the states of its sequences."""
        pooled = pool(states, mask, pooling)
        return pooled if self.head.parts == 1 else joined(pooled, symmetric=self.head.symmetric)

    def forward(self, *tokens: Tensor) -> Tensor:
        """Return scores, float [units, outputs], for what ``token_states`` takes; a unit is a row, or a real token."""
        return cast(Tensor, self.head(self.features(*tokens)))

    def named_layers(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield parameters under the names that freeze rules, plans and checkpoints use; tied ones each time."""
        for name, parameter in self.named_parameters(remove_duplicate=False):
            yield name.removeprefix(BODY), parameter


def parameter_specs(network: Network) -> list[ParameterSpec]:
    """Return the names and shapes of a network's parameters, with ties, in order of computation."""
    first: dict[int, str] = {}
    specs: list[ParameterSpec] = []
    for name, parameter in network.named_layers():
        tied_to = first.setdefault(id(parameter), name)
        specs.append(ParameterSpec(name, tuple(parameter.shape), None if tied_to == name else tied_to))
    return specs
