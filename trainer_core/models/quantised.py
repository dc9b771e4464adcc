"""Frozen matrices in four bits beside adapters (QLoRA), by bitsandbytes.

Dettmers et al. 2023, arXiv:2305.14314. Sixty-four values share a scale, and each is the nearest of sixteen levels that
suit normally distributed weights (NF4); scales are kept in eight bits themselves (double quantisation). So a value
takes 0.516 bytes in place of 4. A pass reads a matrix whole again, in the number format of the run, and drops it; no
gradient goes into it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection
from functools import cache
from typing import Any, cast

import torch
from torch import Tensor, nn

from trainer_core.errors import InputError
from trainer_core.project.schema import Quantisation

WHERE = "adapter.quantisation"
FULL = f'write quantisation = "{Quantisation.NONE}".'


class QuantisedLinear(nn.Linear):
    """A linear layer whose matrix is kept in four bits; it looks like any other, so peft adapts it as such.

    bitsandbytes' own layer is not used: it turns its bias into the number format of the first pass, which a run that is
    gone on with would not repeat, and on some CPUs packs its matrix anew at the first evaluation.

    Args:
        linear: in place of which it stands; its matrix is left to it, its bias is taken over.
        device: where the matrix is quantised, and stays.
    """

    def __init__(self, linear: nn.Linear, device: torch.device) -> None:
        from bitsandbytes.nn import Params4bit  # takes seconds, which runs without it need not wait

        super().__init__(linear.in_features, linear.out_features, bias=False, device="meta")
        # As bitsandbytes has it, numbers are quantised where a parameter is moved to a device for the first time.
        whole = Params4bit(linear.weight.detach(), requires_grad=False, quant_type="nf4", compress_statistics=True)
        self.weight = whole.to(device)
        self.bias = linear.bias

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - as the class above calls it
        """Return ``input`` [..., inputs] times the matrix, plus the bias: float [..., outputs]."""
        from bitsandbytes import matmul_4bit

        kind = input.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else input.dtype
        weight: Any = self.weight
        output = cast(Tensor, matmul_4bit(input.to(dtype), weight, quant_state=weight.quant_state))
        # Here and not there: the library's gradient of a bias is wrong for more than two dimensions.
        return output if self.bias is None else output + self.bias.to(dtype)

    def whole(self) -> nn.Linear:
        """Return an ordinary layer of what the matrix is worth, float32 [outputs, inputs]."""
        from bitsandbytes.functional import dequantize_4bit

        weight: Any = self.weight
        linear = nn.Linear(self.in_features, self.out_features, bias=False, device="meta")
        linear.weight = nn.Parameter(dequantize_4bit(weight.data, weight.quant_state), requires_grad=False)
        linear.bias = self.bias
        return linear


def quantisable_modules(body: nn.Module) -> frozenset[str]:
    """Return the modules of a body whose matrix can be kept in four bits.

    Not so: matrices that lie the other way round (GPT-2's), that are tied to others and would be kept whole for these,
    and those of an odd number of inputs, of which two do not fill a byte.
    """
    uses = Counter(id(parameter) for _, parameter in body.named_parameters(remove_duplicate=False))
    return frozenset(
        name
        for name, module in body.named_modules(remove_duplicate=False)
        if type(module) is nn.Linear and module.in_features % 2 == 0 and uses[id(module.weight)] == 1
    )


def quantise(body: nn.Module, modules: Collection[str], device: torch.device) -> None:
    """Keep the matrices of these modules in four bits from now on, one after the other.

    Args:
        body: with its pretrained weights.
        modules: some of ``quantisable_modules``.
        device: where they are quantised, and stay.

    Raises:
        InputError: this cannot be done here.
    """
    if modules:
        check_quantiser(device)
    for path in modules:
        _replace(body, path, QuantisedLinear(cast(nn.Linear, body.get_submodule(path)), device))


def make_whole(body: nn.Module) -> None:
    """Give all quantised layers of a body ordinary matrices again, of the values that they had in training."""
    for path, module in list(body.named_modules()):
        if isinstance(module, QuantisedLinear):
            _replace(body, path, module.whole())


def is_quantised(body: nn.Module) -> bool:
    """Whether a body has layers in four bits."""
    return any(isinstance(module, QuantisedLinear) for module in body.modules())


def parts_of(tensor: Tensor) -> list[Tensor]:
    """Return everything that a tensor's values are made from: itself, and its scales where it is quantised."""
    state: Any = getattr(tensor, "quant_state", None)
    if state is None:
        return [tensor]
    return [tensor, *(part for part in state.as_dict().values() if isinstance(part, Tensor))]


def check_quantiser(device: torch.device) -> None:
    """Refuse four bits where they cannot be had.

    Raises:
        InputError: with the cause.
    """
    if device.type == "mps":
        what = "Matrices in four bits were not tried on Apple's MPS."
        raise InputError.one(WHERE, what, f'Write device = "cpu" in [training], or {FULL}')
    trouble = _trouble(device)
    if isinstance(trouble, ModuleNotFoundError):
        remedy = f'Install it ("{sys.executable}" -m pip install bitsandbytes), or {FULL}'
        raise InputError.one(WHERE, "Four bits need the library bitsandbytes, which is not here.", remedy) from trouble
    if trouble is not None:
        what = f"bitsandbytes cannot keep a matrix in four bits on {device}: {str(trouble).partition(chr(10))[0]}."
        raise InputError.one(WHERE, what, f"Choose another device, or {FULL}") from trouble


@cache
def _trouble(device: torch.device) -> Exception | None:
    """Return what goes wrong where a small matrix is quantised and used on a device; None where it works."""
    try:
        layer = QuantisedLinear(nn.Linear(2, 2), device).to(device)
        layer(torch.ones(1, 2, device=device, requires_grad=True)).sum().backward()
    except Exception as cause:  # a library that cannot be loaded fails in many ways
        return cause
    return None


def _replace(body: nn.Module, path: str, module: nn.Module) -> None:
    above, _, name = path.rpartition(".")
    setattr(body.get_submodule(above), name, module)
