"""In which number format a run computes: as wished, or what a step in each showed, remembered for later runs."""

from __future__ import annotations

import contextlib
import time

import torch

from trainer_core.cache.notes import Notes, notes_place
from trainer_core.data.encoded import Encoded
from trainer_core.models.network import Network
from trainer_core.project.schema import Precision
from trainer_core.tasks.base import Task
from trainer_core.training.events import PrecisionChosen
from trainer_core.training.frozen.keys import code_key
from trainer_core.training.trial import candidates, choose_precision, promising, try_precisions


def resolve_precision(
    wish: Precision, network: Network, task: Task, rows: Encoded, device: torch.device, *, body_learns: bool = True
) -> tuple[Precision, PrecisionChosen | None]:
    """Return the number format of a run; ``auto`` is measured once for a model on a device, and then remembered.

    Args:
        wish: the project's.
        network: on the device.
        task: whose loss is compared.
        rows: some of those that are learnt from.
        device: where the network computes.
        body_learns: whether more than the head learns. What is known of such steps holds for the head alone, too.
    """
    if wish is not Precision.AUTO:
        return wish, None
    options = candidates(device)
    if len(options) == 1:
        return options[0], None
    notes = Notes(notes_place())
    key = f"precision {code_key(network, device, str(torch.get_num_threads()))}"
    of_head = f"{key} head"
    known = notes.get(key) or (None if body_learns else notes.get(of_head))
    if known:
        with contextlib.suppress(ValueError, TypeError):
            chosen = PrecisionChosen.model_validate(known | {"remembered": True, "time": time.time()})
            return Precision(chosen.precision), chosen
    options = promising(network, device, options)
    several = len(options) > 1
    trials = try_precisions(network, task, rows, device, options, body_learns=body_learns) if several else {}
    chosen = PrecisionChosen(
        precision=choose_precision(trials) if several else options[0],
        seconds={precision: trial.seconds for precision, trial in trials.items()},
        losses={precision: trial.loss for precision, trial in trials.items()},
    )
    notes.put(key if body_learns else of_head, chosen.model_dump(mode="json", exclude={"time", "event"}))
    return Precision(chosen.precision), chosen
