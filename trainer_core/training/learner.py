"""What a stage changes: the parameters that learn, with their gradients, their optimiser and their moving average."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from trainer_core.stages.plan import StagePlan
from trainer_core.training.averaging import AveragedWeights
from trainer_core.training.optimiser import build_optimizer, load_moments, moments
from trainer_core.training.quick import Gradients
from trainer_core.training.session import TrainingSession


class Learner:
    """The learning side of a stage.

    Args:
        session: the run, whose network lets exactly ``parameters`` learn.
        stage: its learning rates.
        parameters: those that learn.
    """

    def __init__(self, session: TrainingSession, stage: StagePlan, parameters: Sequence[nn.Parameter]) -> None:
        self._names = {id(parameter): name for name, parameter in session.network.named_layers()}
        self.parameters = list(parameters)
        self.optimizer = session.precision.prepare_optimizer(
            build_optimizer(session.network, session.tree, stage, session.plan.training.weight_decay)
        )
        self.gradients = Gradients(parameters, session.network)
        self.averaged = AveragedWeights(parameters, stage.average_epochs * stage.steps_per_epoch)

    @property
    def learning_rate(self) -> float:
        """The highest rate of any layer, as it was last set."""
        return float(max(group["lr"] for group in self.optimizer.param_groups))

    def step(self) -> None:
        """Move the weights by the gradients at hand, and forget these."""
        self.optimizer.step()
        self.gradients.clear()
        self.averaged.update()

    def state(self) -> dict[str, Tensor]:
        """Return the optimiser's and the average's own tensors, by what they are and the parameters' names."""
        return moments(self.optimizer, self._names) | self.averaged.tensors(self._names)

    def restore(self, state: Mapping[str, Tensor], averaged_steps: int, average_updates: int) -> None:
        """Go on from what ``state`` returned; parameters that it does not know begin anew."""
        load_moments(self.optimizer, self._names, state)
        self.averaged.restore(self._names, state, averaged_steps, average_updates)
