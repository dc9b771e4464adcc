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
        hidden: float [rows, tokens, width], padded on the right.
        mask: [rows, tokens], 1 where there is a token.
        pooling: the first token's state, the mean of all, or the last token's.

    Returns:
        float [rows, width].
    """
    if pooling is Pooling.CLS:
        return hidden[:, 0]
    if pooling is Pooling.LAST:
        last = mask.sum(dim=1).clamp(min=1) - 1
        return hidden[torch.arange(len(hidden), device=hidden.device), last]
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


class Head(nn.Module):
    """What a task puts on a body: a linear layer on a text's vector, behind dropout.

    Args:
        width: the size of the body's states.
        outputs: the number of scores.
        dropout: the share of features dropped in training.
    """

    def __init__(self, width: int, outputs: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(width, outputs)
        nn.init.normal_(self.linear.weight, std=0.02)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Return scores, float32 [rows, outputs], for features, float [rows, width].

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
        """Return the body's last states, float [rows, tokens, width].

        Args:
            input_ids: int [rows, tokens].
            attention_mask: int [rows, tokens].
            token_types: int [rows, tokens], which of two texts a token is of; not used by a body that makes none of it.
        """
        types = {} if token_types is None or not self._takes_types else {TYPES: token_types}
        return cast(Tensor, self.body(input_ids=input_ids, attention_mask=attention_mask, **types).last_hidden_state)

    def features(self, *tokens: Tensor) -> Tensor:
        """Return one vector a row, float [rows, width], for what ``token_states`` takes."""
        return pool(self.token_states(*tokens), tokens[1], self.pooling)

    def forward(self, *tokens: Tensor) -> Tensor:
        """Return scores, float [rows, outputs], for what ``token_states`` takes."""
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
