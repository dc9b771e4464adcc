"""Letting a language model write, token by token, until it is done or nobody listens any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig, PreTrainedTokenizerBase, StoppingCriteria, StoppingCriteriaList, TextStreamer

from trainer_core.inference.written import WritingEnd, WritingSettings, Written
from trainer_core.models.body import max_positions
from trainer_core.models.language import LanguageHead
from trainer_core.models.network import Network

Say = Callable[[str], bool]
"""Takes what was written since the last time; returns whether to go on."""


class Writer:
    """A loaded language model that writes. Not to be called from two threads at once.

    Args:
        network: with the head of a model that tells the next token.
        tokenizer: the model's own.
        device: where the network is.
    """

    def __init__(self, network: Network, tokenizer: PreTrainedTokenizerBase, device: torch.device) -> None:
        assert isinstance(network.head, LanguageHead)
        self._network = network
        self._head = network.head
        self._tokenizer = tokenizer
        self._device = device

    def write(self, prompt: str, settings: WritingSettings, say: Say | None = None) -> Written:
        """Go on with a text.

        Where there is no room for all of it, its beginning is left out.

        Args:
            prompt: with all marks that the model expects.
            settings: how it writes.
            say: told what is written while it is.
        """
        ids, forgotten = self._ids(prompt, settings.most_tokens)
        listener = _Listener(self._tokenizer, say)
        began = time.perf_counter()
        with self._head.assembled(self._network.body) as model, torch.random.fork_rng():
            torch.manual_seed(settings.seed if settings.seed is not None else time.time_ns() % 2**32)
            found: Tensor = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                generation_config=self._config(settings),
                streamer=listener,
                stopping_criteria=StoppingCriteriaList([listener.criteria]),
            )
        new = found[0, ids.shape[1] :]
        seconds = time.perf_counter() - began
        text = str(self._tokenizer.decode(new, skip_special_tokens=True)).strip()
        return Written(text, len(new), seconds, self._end(new, listener), forgotten)

    def _ids(self, prompt: str, most_tokens: int) -> tuple[Tensor, int]:
        config: Any = self._network.body.config
        ids = self._tokenizer(prompt, add_special_tokens=False, return_tensors="pt")["input_ids"]
        longest = max_positions(config)
        room = ids.shape[1] if longest is None else max(1, longest - most_tokens)
        forgotten = max(0, ids.shape[1] - room)
        return ids[:, forgotten:].to(self._device), forgotten

    def _config(self, settings: WritingSettings) -> Any:
        kind: Any = GenerationConfig
        draws = settings.temperature > 0
        more = {"temperature": settings.temperature, "top_p": settings.top_p, "top_k": 0} if draws else {}
        return kind(
            max_new_tokens=settings.most_tokens,
            do_sample=draws,
            eos_token_id=self._tokenizer.eos_token_id,
            pad_token_id=self._tokenizer.pad_token_id,
            bos_token_id=self._tokenizer.bos_token_id,
            **more,
        )

    def _end(self, new: Tensor, listener: _Listener) -> WritingEnd:
        if listener.stopped:
            return WritingEnd.STOPPED
        done = len(new) and int(new[-1]) == self._tokenizer.eos_token_id
        return WritingEnd.DONE if done else WritingEnd.LENGTH


class _Listener(TextStreamer):
    """Hands on what is written, whole words at a time, and hears when it is enough."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, say: Say | None) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self._say = say
        self.stopped = False
        self.criteria = _Stop(self)

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Hand on what became certain."""
        if text and self._say is not None and not self.stopped:
            self.stopped = not self._say(text)


class _Stop(StoppingCriteria):
    def __init__(self, listener: _Listener) -> None:
        self._listener = listener

    def __call__(self, input_ids: Tensor, scores: Any, **named: Any) -> Tensor:
        """Return whether to end, bool [sequences]."""
        return torch.full((len(input_ids),), self._listener.stopped, device=input_ids.device, dtype=torch.bool)
