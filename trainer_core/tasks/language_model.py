"""Domain adaptation: a language model reads on, in texts of a field, before it is taught anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field
from transformers import PreTrainedTokenizerBase

from trainer_core.data.encoded import Encodings
from trainer_core.data.rendering import encode_hidden, encode_rendered, render_plain
from trainer_core.data.roles import TEXT, Fields, Need, Role
from trainer_core.data.sources import Table
from trainer_core.data.targets import BoolArray, Targets
from trainer_core.tasks.base import TaskOptions
from trainer_core.tasks.language import LanguageTask


class LanguageModelOptions(TaskOptions):
    """``[options]`` of a language model."""

    hidden_share: float = Field(
        default=0.15,
        ge=0.01,
        le=0.9,
        title="Hidden tokens",
        description="The share of tokens that an encoder has to tell; a model that writes tells every next one",
    )
    packing: bool = Field(
        default=True,
        title="Pack short rows",
        description="Short texts share a sequence without seeing each other, where the model tells the next token",
    )


class LanguageModel(LanguageTask[LanguageModelOptions]):
    """The loss of hidden tokens (an encoder), or of the next one (a model that writes).

    To adapt a model to a field and then put a task on it is ULMFiT's order (Howard and Ruder 2018, arXiv:1801.06146).
    """

    name = "language_model"
    title = "Language model"
    summary = "The language of a field, from plain texts, before another task is put on the model"
    needs: ClassVar[tuple[Need, ...]] = (TEXT,)
    options_type = LanguageModelOptions

    def read_targets(
        self, table: Table, columns: Mapping[Role, str], whole: BoolArray, labels: tuple[str, ...] | None
    ) -> Targets:
        """Every row with a text has what is to be learnt in it."""
        return Targets(np.zeros(len(whole), dtype=np.int8), np.zeros(len(whole), dtype=np.bool_))

    @property
    def reading(self) -> str:
        """Texts are read in pieces, and some of their tokens told."""
        return f"language, {self.options.hidden_share}, {self.options.packing}"

    def encode(self, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Fields], max_length: int) -> Encodings:
        """Read texts in pieces of so many tokens: nothing is cut away."""
        texts = [text for (text,) in rows]
        if tokenizer.mask_token_id is not None:
            return encode_hidden(tokenizer, texts, max_length, self.options.hidden_share)
        rendered = [render_plain(tokenizer, text) for text in texts]
        return encode_rendered(tokenizer, rendered, max_length, in_pieces=True, packs=self.options.packing)

    def prompt(self, tokenizer: PreTrainedTokenizerBase, fields: Fields) -> str:
        """Return the text as it is: the model goes on with it."""
        (text,) = fields
        marked = render_plain(tokenizer, text).text
        return marked.removesuffix(tokenizer.eos_token or "")
