"""What the CPU does slowly in training steps, done faster and to the same end. A GPU keeps what it has.

Measured with MiniLM on two cores (docs/performance.md): drawing a random number for every dropped value, and filling a
new array of the size of all word embeddings with zeros at every step, were a quarter of a step.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from trainer_core.models.network import Network
from trainer_core.training.quick_attention import use_quick_attention
from trainer_core.training.quick_draws import draw_kept


class QuickDropout(nn.Dropout):
    """Dropout that draws four decisions at a time. The share dropped is exact to 1 in 65,536."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - as the class above calls it
        """Drop values in training and scale the others up, so that the mean stays."""
        if not self.training or not 0.0 < self.p < 1.0 or input.device.type != "cpu":
            return super().forward(input)
        kept = draw_kept(input.shape, self.p)
        return input * kept.to(input.dtype).mul_(1.0 / (1.0 - self.p))


def quicken(network: Network) -> None:
    """Let a network on the CPU train faster."""
    use_quick_attention(network.body)
    for module in network.modules():
        for name, child in module.named_children():
            if type(child) is nn.Dropout:
                setattr(module, name, QuickDropout(child.p).train(child.training))
        if type(module) is nn.Embedding:
            # The gradient touches the rows of the batch's tokens only; see ``Gradients``.
            module.sparse = True


class Gradients:
    """The gradients of the parameters that learn.

    Args:
        learning: those parameters.
        network: what they are part of.
    """

    def __init__(self, learning: Sequence[nn.Parameter], network: Network) -> None:
        tables = {
            id(module.weight) for module in network.modules() if isinstance(module, nn.Embedding) and module.sparse
        }
        self._tables = [parameter for parameter in learning if id(parameter) in tables]
        self._others = [parameter for parameter in learning if id(parameter) not in tables]
        self.clear()

    def clear(self) -> None:
        """Forget those of a step; embeddings keep their array, into which the next rows are added."""
        for parameter in self._others:
            parameter.grad = None
        for parameter in self._tables:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            else:
                parameter.grad.zero_()
