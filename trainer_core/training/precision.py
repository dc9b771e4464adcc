"""The device and the number format of a run; mixed precision is accelerate's."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import cast

import torch
from accelerate import Accelerator
from accelerate.optimizer import AcceleratedOptimizer
from accelerate.state import AcceleratorState
from torch import Tensor, nn

from trainer_core.errors import InputError
from trainer_core.project.schema import Precision

_ACCELERATE_NAMES = {Precision.FLOAT32: "no", Precision.BFLOAT16: "bf16", Precision.FLOAT16: "fp16"}


def resolve_device(wish: str) -> torch.device:
    """Return the device that a wish means here: ``auto`` takes CUDA, else Apple's MPS, else the CPU.

    Raises:
        InputError: the device is not there.
    """
    if wish == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(wish)
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}[device.type]
    if there and device.type == "cuda" and device.index is not None:
        there = device.index < torch.cuda.device_count()
    if not there:
        what = f'There is no device "{wish}" that this installation of torch can use.'
        raise InputError.one("training.device", what, 'Write "auto" or "cpu".')
    return device


def check_precision(wish: Precision, device: torch.device) -> None:
    """Refuse a number format that the device cannot train in.

    Raises:
        InputError: with what can be had instead.
    """
    if wish is Precision.FLOAT16 and device.type == "cpu":
        what = "float16 cannot be trained on the CPU."
        raise InputError.one("training.precision", what, 'Write "auto", "float32" or "bfloat16".')


class MixedPrecision:
    """Autocast, loss scaling and clipping for one run."""

    def __init__(self, device: torch.device, precision: Precision) -> None:
        # accelerate keeps its choice for the whole process; a window trains many runs in one.
        AcceleratorState._reset_state(reset_partial_state=True)
        self.device = device
        self.precision = precision
        if device.type == "cuda":
            # TF32: products of float32 take ten bits of each factor and are several times as fast.
            torch.set_float32_matmul_precision("high")
        self._optimizer: AcceleratedOptimizer | None = None
        self._accelerator = Accelerator(mixed_precision=_ACCELERATE_NAMES[precision], cpu=device.type == "cpu")

    def autocast(self) -> AbstractContextManager[None]:
        """Return the context in which forward passes are computed."""
        return cast(AbstractContextManager[None], self._accelerator.autocast())

    def prepare_optimizer(self, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """Return the optimiser; where losses are scaled, it skips steps whose gradients overflowed."""
        if self._accelerator.scaler is None:  # a step through accelerate takes some tenths of a millisecond more
            return optimizer
        self._optimizer = AcceleratedOptimizer(optimizer, device_placement=False, scaler=self._accelerator.scaler)
        return cast(torch.optim.Optimizer, self._optimizer)

    def scaler_state(self) -> dict[str, float]:
        """Return the state of the loss scaling; nothing where the format needs none."""
        scaler = self._accelerator.scaler
        return {} if scaler is None else dict(scaler.state_dict())

    def restore_scaler(self, state: dict[str, float]) -> None:
        """Go on with this loss scaling."""
        if self._accelerator.scaler is not None and state:
            self._accelerator.scaler.load_state_dict(state)

    def backward(self, loss: Tensor) -> None:
        """Compute gradients, scaled where the format needs it."""
        if self._accelerator.scaler is None:
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            self._accelerator.backward(loss)

    def clip(self, parameters: Iterable[nn.Parameter], max_norm: float) -> Tensor:
        """Scale gradients down to this norm; return the norm they had, on the device."""
        if self._optimizer is not None:
            self._accelerator.unscale_gradients(self._optimizer)
        return nn.utils.clip_grad_norm_(list(parameters), max_norm)
