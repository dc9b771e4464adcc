"""Chat and instruction tuning: a model that writes learns answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar

from pydantic import Field
from transformers import PreTrainedTokenizerBase

from trainer_core.data.encoded import Encodings
from trainer_core.data.messages import (
    Unreadable,
    conversation_of,
    is_conversation,
    open_conversation,
    read_conversations,
)
from trainer_core.data.rendering import Rendered, encode_rendered, render_conversation, render_plain, template
from trainer_core.data.roles import Content, Fields, Need, Role
from trainer_core.data.sources import Table
from trainer_core.data.targets import BoolArray, Targets
from trainer_core.errors import InputError
from trainer_core.tasks.base import TaskOptions
from trainer_core.tasks.language import LanguageTask


class Learn(StrEnum):
    """What of a conversation is learnt."""

    ANSWERS = "answers"
    EVERYTHING = "everything"


class ChatOptions(TaskOptions):
    """``[options]`` of chat."""

    learn: Learn = Field(
        default=Learn.ANSWERS, title="Learn", description="What of a conversation counts: answers alone, or every token"
    )
    packing: bool = Field(
        default=True,
        title="Pack short rows",
        description="Short conversations share a sequence without seeing each other, so that little is padding",
    )


class Chat(LanguageTask[ChatOptions]):
    """The loss of the next token over answers, of conversations as the model's own chat template writes them."""

    name = "chat"
    title = "Chat"
    summary = "Answers to instructions and in conversations, written by a language model"
    needs: ClassVar[tuple[Need, ...]] = (
        Need(Role.MESSAGES, Content.MESSAGES, "Messages", optional=True, nested=True),
        Need(Role.QUESTION, Content.TEXT, "Instruction", optional=True, unless=(Role.MESSAGES,)),
        Need(Role.CONTEXT, Content.TEXT, "Input", optional=True, blank=True, unless=(Role.MESSAGES,)),
        Need(Role.ANSWERS, Content.TEXT, "Answer", optional=True, unless=(Role.MESSAGES,)),
        Need(Role.TEXT, Content.TEXT, "Text", optional=True, unless=(Role.MESSAGES, Role.ANSWERS)),
    )
    target = "conversation that can be learnt from"
    options_type = ChatOptions
    writes: ClassVar[bool] = True

    def read_targets(
        self, table: Table, columns: Mapping[Role, str], whole: BoolArray, labels: tuple[str, ...] | None
    ) -> Targets:
        """Find rows that are no whole conversation."""
        return read_conversations(table, columns, whole)

    @property
    def reading(self) -> str:
        """Conversations are rendered, and some of their tokens learnt."""
        return f"chat, {self.options.learn}, {self.options.packing}"

    def encode(self, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Fields], max_length: int) -> Encodings:
        """Render conversations and plain texts; the end of a longer one is cut."""
        rendered = [self._rendered(tokenizer, fields) for fields in rows]
        return encode_rendered(tokenizer, rendered, max_length, packs=self.options.packing)

    def _rendered(self, tokenizer: PreTrainedTokenizerBase, fields: Fields) -> Rendered:
        if len(fields) == 1 and not is_conversation(fields[0]):
            return render_plain(tokenizer, fields[0])
        messages = conversation_of(fields)
        try:
            return render_conversation(tokenizer, messages, only_answers=self.options.learn is Learn.ANSWERS)
        except Unreadable as cause:
            what = f'A conversation cannot be used, since {cause}. It begins: "{messages[0]["content"][:60]}"'
            raise InputError.one("data.train", what, "Mend it, or choose a model with another template.") from cause

    def prompt(self, tokenizer: PreTrainedTokenizerBase, fields: Fields) -> str:
        """Return a conversation up to where the next answer begins."""
        return template(tokenizer, open_conversation(fields), asks=True)
