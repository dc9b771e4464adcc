"""Models that tell tokens: the pretrained head of a language model, apart from its body.

A head is whatever the model computes behind its body (a transform and a norm in an encoder, a cap on scores in Gemma),
so it is not rebuilt: the model's own code runs, with the states in place of the body.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, PretrainedConfig
from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions

from trainer_core.errors import InputError
from trainer_core.models.facts import Telling
from trainer_core.models.network import Head

_AUTO: dict[Telling, Any] = {Telling.NEXT: AutoModelForCausalLM, Telling.HIDDEN: AutoModelForMaskedLM}


def telling_of(config: PretrainedConfig) -> Telling:
    """Return which tokens a model of this configuration tells.

    Raises:
        InputError: it tells none.
    """
    for telling in (Telling.HIDDEN, Telling.NEXT):  # encoders can be asked for the next token too, and know it badly
        if type(config) in _AUTO[telling]._model_mapping and not (
            telling is Telling.HIDDEN and getattr(config, "is_decoder", False)
        ):
            return telling
    what = f"A {config.model_type} model has no head that tells tokens."
    raise InputError.one("model.source", what, "Choose a language model, or another task.")


def language_class(config: PretrainedConfig) -> Any:
    """Return the class of transformers' that loads a model with its language head."""
    return _AUTO[telling_of(config)]


class LanguageHead(Head):
    """The part of a language model behind its body.

    Args:
        model: a whole language model of transformers; its body is taken out of it.
        width: the size of the body's states.
        new: the names of its parameters that did not come with the model.
    """

    by_token = True
    pretrained = True

    def __init__(self, model: Any, width: int, new: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.width = width
        self.outputs = int(model.config.vocab_size)
        self._new = new
        self._place = str(model.base_model_prefix)
        setattr(model, self._place, _Passing())
        self.model = model

    @property
    def telling(self) -> Telling:
        """Which tokens it tells."""
        return telling_of(self.model.config)

    def is_new(self, name: str) -> bool:
        """Whether a parameter did not come with the model."""
        return name.rpartition("head.model.")[2] in self._new

    def forward(self, features: Tensor) -> Tensor:
        """Return the scores of every token of the vocabulary, float [units, outputs], for states [units, width]."""
        return cast(Tensor, self.model(inputs_embeds=features.unsqueeze(0)).logits[0])

    @contextmanager
    def assembled(self, body: nn.Module) -> Iterator[Any]:
        """Put a body into the model, so that it is one that transformers can save or let write."""
        passing = getattr(self.model, self._place)
        setattr(self.model, self._place, body)
        try:
            yield self.model
        finally:
            setattr(self.model, self._place, passing)


class _Passing(nn.Module):
    """Stands where the body was, and gives what it is given."""

    def forward(self, *_: Any, inputs_embeds: Tensor, **__: Any) -> BaseModelOutputWithPastAndCrossAttentions:
        """Return the states as if a body had made them."""
        return BaseModelOutputWithPastAndCrossAttentions(last_hidden_state=inputs_embeds)


def take_apart(model: Any, width: int, missing: frozenset[str] = frozenset()) -> tuple[nn.Module, LanguageHead]:
    """Return the body of a language model, and its head.

    Args:
        model: of transformers.
        width: the size of the body's states.
        missing: the names of its parameters that did not come with it.
    """
    body = cast(nn.Module, getattr(model, model.base_model_prefix))
    return body, LanguageHead(model, width, missing)
