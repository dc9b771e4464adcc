"""Attention with dropout on the CPU. PyTorch's own has no fast way for it: it draws a number for every weight.

The same mathematics as scaled dot product attention (Vaswani et al. 2017, arXiv:1706.03762) with dropout on the
weights, as one step of the backward pass: nothing is kept for it but the weights and what was dropped.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from trainer_core.training.quick_draws import draw_kept

NAME = "thaw_cpu"
"""What the attention is called among those of transformers."""
REPLACED = "sdpa"


def use_quick_attention(body: nn.Module) -> bool:
    """Let a body that uses PyTorch's attention use this one; return whether it does now."""
    config: Any = body.config
    if config._attn_implementation != REPLACED:
        return False
    AttentionInterface.register(NAME, quick_attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    config._attn_implementation = NAME
    return True


def quick_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **named: Any,
) -> tuple[Tensor, None]:
    """Attend, as transformers asks for it: query, key and value are float [rows, heads, tokens, width of a head].

    Where nothing is dropped, PyTorch's own attention is faster and does it.

    Returns:
        float [rows, tokens, heads, width of a head], and None for the weights.
    """
    masked = attention_mask is not None and attention_mask.dtype == torch.bool
    free = attention_mask is None and not (named.get("is_causal") or getattr(module, "is_causal", True))
    alike = query.shape == key.shape == value.shape and query.device.type == "cpu"
    if not dropout or not alike or not (masked or free) or named.get("position_bias") is not None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **named
        )
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    with torch.autocast("cpu", enabled=False):
        answer: Tensor = DroppedAttention.apply(  # type: ignore[no-untyped-call]
            query, key, value, attention_mask, dropout, scale
        )
    return answer.transpose(1, 2).contiguous(), None


class DroppedAttention(torch.autograd.Function):
    """Scaled dot product attention with dropout, forward and backward."""

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout: float, scale: float
    ) -> Tensor:
        """Return float [rows, heads, tokens, width]; ``mask``, bool, broadcasts to [rows, heads, tokens, tokens]."""
        rows, heads, tokens, width = query.shape
        query, key, value = (each.reshape(rows * heads, tokens, width) for each in (query, key, value))
        scores = _product(query, key.transpose(1, 2), scale)
        if mask is not None:
            scores.view(rows, heads, tokens, tokens).masked_fill_(~mask, torch.finfo(scores.dtype).min)
        weights = torch.softmax(scores, dim=-1)
        kept = draw_kept(weights.shape, dropout)
        ctx.save_for_backward(query, key, value, weights, kept)
        ctx.scale, ctx.rise = scale, 1.0 / (1.0 - dropout)
        return _product(weights * kept, value, ctx.rise).view(rows, heads, tokens, width)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor | None, ...]:
        """Return the gradients of query, key and value."""
        query, key, value, weights, kept = ctx.saved_tensors
        (gradient,) = gradients
        shape = gradient.shape
        gradient = gradient.reshape(query.shape)
        of_value = _product((weights * kept).transpose(1, 2), gradient, ctx.rise)
        of_weights = _product(gradient, value.transpose(1, 2), ctx.rise).mul_(kept)
        of_scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype)
        of_query = _product(of_scores, key, ctx.scale)
        of_key = _product(of_scores.transpose(1, 2), query, ctx.scale)
        return of_query.view(shape), of_key.view(shape), of_value.view(shape), None, None, None


def _product(left: Tensor, right: Tensor, factor: float) -> Tensor:
    """Return the product of matrices times a factor; float [rows, tokens, tokens or width]."""
    unused = left.new_empty(())
    return torch.baddbmm(unused, left, right, beta=0, alpha=factor)
