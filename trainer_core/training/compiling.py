"""``torch.compile`` for the body's blocks, where the user wishes it and the machine can."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from trainer_core.training.events import Event, RunWarning, WorkProgress
from trainer_core.training.freezing import set_training_modes
from trainer_core.training.session import TrainingSession

WORK = "Compiling the blocks"


def compile_blocks(session: TrainingSession) -> Iterator[Event]:
    """Compile every repeated block of the session's body by itself, and try it.

    Blocks are alike, so one piece of code serves all of them, for batches of any shape. Where nothing comes of it (no
    compiler, an operation that torch cannot trace), the blocks stay as they are.

    Yields:
        That it goes on; a warning where the blocks stay as they are.
    """
    blocks = _blocks(session)
    if not blocks:
        yield RunWarning(message="This model has no repeated blocks to compile, so it runs as it is.")
        return
    yield WorkProgress(work=WORK, done=0, total=1)
    try:
        for block in blocks:
            block.forward = torch.compile(block.forward, dynamic=True)
        _try_out(session)
        # What a later stage asks for and cannot be compiled runs as it is, instead of ending the run.
        torch._dynamo.config.suppress_errors = True
    except Exception as error:
        for block in blocks:
            block.__dict__.pop("forward", None)
        why = " ".join(str(error).split("\n")[:2]).strip() or type(error).__name__
        yield RunWarning(message=f"The blocks could not be compiled, so they run as they are: {why}")
    finally:
        set_training_modes(session.network)
    yield WorkProgress(work=WORK, done=1, total=1)


def _blocks(session: TrainingSession) -> list[nn.Module]:
    if not session.tree.blocks:
        return []
    found = session.network.body.get_submodule(session.tree.blocks)
    return list(found.children())


def _try_out(session: TrainingSession) -> None:
    """Send two rows through in evaluation, and two with gradients."""
    rows = np.argsort(session.train.lengths, kind="stable")[:2]
    tokens = session.train.tokens(rows).to(session.device)
    session.network.eval()
    with torch.no_grad(), session.precision.autocast():
        session.network.features(tokens)
    session.network.train()
    with session.precision.autocast():
        session.network.features(tokens).float().sum()
