"""What a disk refuses has a cause and a remedy in words, whichever library met it."""

from __future__ import annotations

import errno
import os

import pytest

from trainer_core.disk import refusal_of, refused_in_words, system_errors
from trainer_core.errors import InputError


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.ENOSPC, "The disk is full."),
        (errno.EROFS, "It cannot be written."),
        (errno.ENOENT, "It is no longer there."),
        (errno.EIO, "The drive does not answer."),
        (errno.EBUSY, os.strerror(errno.EBUSY) + "."),
    ],
)
def test_every_refusal_has_a_cause_and_a_remedy(number: int, why: str) -> None:
    refusal = refusal_of(OSError(number, os.strerror(number), "/runs/today"))
    assert refusal.why == why
    assert refusal.remedy.endswith("then try again.")
    assert refusal.where == "/runs/today"
    assert refusal_of(OSError("odd")).why == "odd."


@pytest.mark.parametrize(
    "told",
    [
        "Error while serializing: IoError(Os { code: 28, kind: StorageFull, message: ... })",
        "No space left on device (os error 28)",
    ],
)
def test_what_a_library_tells_as_its_own_becomes_the_systems_error(told: str) -> None:
    with pytest.raises(OSError, match=os.strerror(28)) as met, system_errors():
        raise RuntimeError(told)
    assert met.value.errno == errno.ENOSPC


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(ZeroDivisionError), system_errors():
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), refused_in_words("/runs", "It cannot be written."):
        raise ZeroDivisionError


def test_a_place_is_refused_with_what_could_not_be_done() -> None:
    with pytest.raises(InputError) as met, refused_in_words("/models/new", "The model cannot be written."):
        raise OSError(errno.ENOSPC, "")
    (problem,) = met.value.problems
    assert (problem.where, problem.what) == ("/models/new", "The model cannot be written. The disk is full.")
