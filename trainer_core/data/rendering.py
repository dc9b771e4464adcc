"""Conversations and texts as a language model reads them, and which of their tokens are to be learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash
from transformers import PreTrainedTokenizerBase

from trainer_core.data.encoded import Encodings
from trainer_core.data.messages import Unreadable
from trainer_core.data.reading import Reading, Stretch
from trainer_core.errors import InputError
from trainer_core.inference.written import Message

Letters = tuple[int, int]
"""From where to where in a text."""


@dataclass(frozen=True)
class Rendered:
    """A text as the model reads it.

    Attributes:
        text: with the marks that stand between messages.
        learnt: the letters of what is to be learnt.
    """

    text: str
    learnt: tuple[Letters, ...]


def render_plain(tokenizer: PreTrainedTokenizerBase, text: str) -> Rendered:
    """Return a text between the marks of a beginning and an end, where the model has them; all of it is learnt."""
    first = tokenizer.bos_token if _begins_with_a_mark(tokenizer) else ""
    whole = f"{first or ''}{text}{tokenizer.eos_token or ''}"
    return Rendered(whole, ((len(first or ""), len(whole)),))


def render_conversation(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], *, only_answers: bool
) -> Rendered:
    """Return a conversation as the model's chat template writes it.

    What is learnt of an answer ends with the mark by which the model says that it is done.

    Args:
        tokenizer: whose template it is; a plain one stands in for a model without any.
        messages: ending with an answer.
        only_answers: whether answers alone are learnt; else everything is.
    """
    whole = template(tokenizer, messages)
    if not only_answers:
        return Rendered(whole, ((0, len(whole)),))
    answers = [place for place, message in enumerate(messages) if message["role"] == "assistant"]
    learnt = [found for place in answers if (found := _answer_in(tokenizer, messages, place, whole)) is not None]
    if not learnt:
        raise Unreadable("the chat template of this model leaves out its answers")
    return Rendered(whole, tuple(learnt))


def template(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], *, asks: bool = False) -> str:
    """Return messages as a model's chat template writes them; with ``asks``, up to where an answer begins.

    Raises:
        Unreadable: the template takes no such messages.
    """
    if not tokenizer.chat_template:
        return _plain_template(tokenizer, messages, asks=asks)
    try:
        said = [dict[str, str](role=message["role"], content=message["content"]) for message in messages]
        return str(tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=asks))
    except Exception as cause:  # templates are little programs, and raise what they like
        raise Unreadable(f"the chat template of this model refuses it ({cause})") from cause


def _plain_template(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], *, asks: bool) -> str:
    names = {"system": "System", "user": "User", "assistant": "Assistant"}
    end = tokenizer.eos_token or ""
    parts = [
        f"{names[message['role']]}: {message['content']}{end if message['role'] == 'assistant' else ''}\n"
        for message in messages
    ]
    return "".join(parts) + ("Assistant:" if asks else "")


def _answer_in(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], place: int, whole: str
) -> Letters | None:
    """Return where an answer stands in the whole; None where the template shows it in another way."""
    before = template(tokenizer, messages[:place], asks=True)
    behind = template(tokenizer, messages[: place + 1])
    if whole.startswith(before) and whole.startswith(behind.rstrip()) and len(behind) > len(before):
        return len(before), len(behind.rstrip())
    # Some templates write earlier answers in another way once there are later ones.
    start = whole.rfind(messages[place]["content"])
    return None if start < 0 else (start, start + len(messages[place]["content"]))


def _begins_with_a_mark(tokenizer: PreTrainedTokenizerBase) -> bool:
    ids = tokenizer("a")["input_ids"]
    return tokenizer.bos_token_id is not None and ids[:1] == [tokenizer.bos_token_id]


# --- token numbers ---------------------------------------------------------------------------------------------------


def encode_rendered(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[Rendered],
    max_length: int,
    *,
    in_pieces: bool = False,
    packs: bool = False,
) -> Encodings:
    """Return texts as token numbers, each token but the last telling the next one where that is to be learnt.

    Args:
        tokenizer: the model's own.
        texts: rendered.
        max_length: the most tokens of a sequence.
        in_pieces: whether a longer text becomes several sequences; else its end is cut.
        packs: whether short texts may stand in one sequence.

    Raises:
        InputError: the tokenizer does not tell which letters a token is of.
    """
    _needs_letters(tokenizer)
    batch = tokenizer(
        [rendered.text for rendered in texts],
        add_special_tokens=False,
        truncation=True,
        max_length=max_length,
        return_overflowing_tokens=in_pieces,
        return_attention_mask=False,
    )
    found = list(batch.encodings)
    owners = np.array(batch["overflow_to_sample_mapping"]) if in_pieces else np.arange(len(texts))
    told = [_told(encoding.offsets, texts[owner].learnt) for encoding, owner in zip(found, owners, strict=True)]
    ids = np.fromiter(chain.from_iterable(encoding.ids for encoding in found), dtype=np.int32)
    scored = np.concatenate(told)
    return Encodings(
        ids=ids,
        lengths=np.array([len(encoding.ids) for encoding in found], dtype=np.int64),
        cut=np.array([bool(encoding.overflowing) and not in_pieces for encoding in found], dtype=np.bool_),
        owners=owners.astype(np.int64) if in_pieces else None,
        scored=scored,
        goals=ids[np.flatnonzero(scored) + 1],
        packed=max_length if packs else 0,
    )


def _told(offsets: Sequence[Letters], learnt: Sequence[Letters]) -> npt.NDArray[np.bool_]:
    """Return which tokens of a sequence tell a token that is learnt, bool [tokens]."""
    letters = np.array(offsets, dtype=np.int64).reshape(-1, 2)
    inside = np.zeros(len(letters), dtype=np.bool_)
    for start, end in learnt:
        inside |= (letters[:, 1] > start) & (letters[:, 0] < end)
    return np.append(inside[1:], False) if len(inside) else inside


def encode_hidden(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_length: int, share: float) -> Encodings:
    """Return texts as token numbers with some hidden, which are to be told.

    Of those chosen, eight in ten are hidden, one becomes any other token, and one stays (Devlin et al. 2019,
    arXiv:1810.04805). Which ones depends on the text alone, so that it is the same every time.

    Args:
        tokenizer: the model's own, with a token that hides.
        texts: a longer one becomes several sequences.
        max_length: the most tokens of a sequence.
        share: of tokens that are chosen.
    """
    _needs_letters(tokenizer)
    batch = tokenizer(
        list(texts), truncation=True, max_length=max_length, return_overflowing_tokens=True, return_attention_mask=False
    )
    found = list(batch.encodings)
    read = [np.array(encoding.ids, dtype=np.int32) for encoding in found]
    chosen = [_chosen(ids, np.array(e.special_tokens_mask), share) for ids, e in zip(read, found, strict=True)]
    hidden = [_hidden(tokenizer, ids, some) for ids, some in zip(read, chosen, strict=True)]
    scored = np.concatenate(chosen)
    return Encodings(
        ids=np.concatenate(hidden),
        lengths=np.array(list(map(len, read)), dtype=np.int64),
        cut=np.zeros(len(read), dtype=np.bool_),
        owners=np.array(batch["overflow_to_sample_mapping"], dtype=np.int64),
        scored=scored,
        goals=np.concatenate(read)[scored],
    )


def _chosen(ids: npt.NDArray[np.int32], special: npt.NDArray[np.int64], share: float) -> npt.NDArray[np.bool_]:
    free = np.flatnonzero(special == 0)
    some = np.zeros(len(ids), dtype=np.bool_)
    if len(free):
        some[_chance(ids).choice(free, size=max(1, round(share * len(free))), replace=False)] = True
    return some


def _hidden(
    tokenizer: PreTrainedTokenizerBase, ids: npt.NDArray[np.int32], chosen: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int32]:
    chance, places, hidden = _chance(ids[::-1]), np.flatnonzero(chosen), ids.copy()
    fates = chance.random(len(places))
    hidden[places[fates < 0.8]] = tokenizer.mask_token_id
    others = places[fates >= 0.9]
    hidden[others] = chance.integers(len(tokenizer), size=len(others))
    return hidden


def _chance(ids: npt.NDArray[np.int32]) -> np.random.Generator:
    return np.random.default_rng(xxhash.xxh64_intdigest(np.ascontiguousarray(ids).tobytes()))


def _needs_letters(tokenizer: PreTrainedTokenizerBase) -> None:
    if not tokenizer.is_fast:
        what = "The tokenizer of this model does not tell which letters a token is of."
        raise InputError.one("model.source", what, "Choose a model with a tokenizer.json.")


# --- what is shown ---------------------------------------------------------------------------------------------------


def reading_of(tokenizer: PreTrainedTokenizerBase, encodings: Encodings) -> Reading:
    """Return the first sequence of what was encoded as text, and which of it is learnt.

    What is told of an encoder's hidden tokens are these themselves; else a token tells the next one.
    """
    end = int(encodings.lengths[0])
    ids, told, goals = encodings.ids[:end].copy(), encodings.scored, encodings.goals
    assert told is not None
    assert goals is not None
    told = told[:end]
    if tokenizer.mask_token_id is None:
        learnt = np.concatenate([[False], told[:-1]])
    else:
        learnt = told
        ids[told] = goals[: int(told.sum())]
    borders = [0, *(np.flatnonzero(np.diff(learnt)) + 1).tolist(), end]
    stretches = (
        Stretch(_text_between(tokenizer, ids, start, stop), bool(learnt[start])) for start, stop in pairwise(borders)
    )
    return Reading(tuple(stretches), end, int(learnt.sum()), bool(encodings.cut[0]) or len(encodings.lengths) > 1)


def _text_between(tokenizer: PreTrainedTokenizerBase, ids: npt.NDArray[np.integer[Any]], start: int, stop: int) -> str:
    """Return the text of some tokens as it reads behind those before them: many a decoder drops a leading space."""
    before, whole = (str(tokenizer.decode(ids[:end])) for end in (start, stop))
    return whole[len(before) :] if whole.startswith(before) else str(tokenizer.decode(ids[start:stop]))
