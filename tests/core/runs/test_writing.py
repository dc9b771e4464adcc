"""Jobs that write, one after the other; and a journal that is whole whatever the disk says."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from trainer_core.runs.journal import Journal, read_journal
from trainer_core.runs.writing import WritingQueue
from trainer_core.training.events import RunWarning


class Disk:
    """Notes what is written, unless it is full."""

    def __init__(self) -> None:
        self.full = False
        self.written: list[int] = []

    def write(self, number: int) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.written.append(number)
        return number


def test_jobs_are_done_in_their_order_and_told_once() -> None:
    disk, queue = Disk(), WritingQueue[int]("test-writing")
    for number in range(5):
        queue.begin(lambda number=number: disk.write(number))  # type: ignore[misc]
    assert queue.take(all_of_them=True) == [0, 1, 2, 3, 4]
    assert queue.take(all_of_them=True) == []
    queue.close()


def test_after_a_full_disk_all_is_written_once_and_in_order() -> None:
    disk, queue = Disk(), WritingQueue[int]("test-writing")
    queue.begin(lambda: disk.write(0))
    queue.finish()
    disk.full = True
    for number in (1, 2, 3):
        queue.begin(lambda number=number: disk.write(number))  # type: ignore[misc]
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            queue.take(all_of_them=True)
    assert disk.written == [0]
    disk.full = False
    assert queue.take(all_of_them=True) == [0, 1, 2, 3]
    assert disk.written == [0, 1, 2, 3]
    queue.close()


def test_who_brings_too_many_jobs_waits() -> None:
    queue, gate, begun = WritingQueue[int]("test-writing"), threading.Event(), threading.Event()

    def slow() -> int:
        gate.wait()
        return 0

    def bring() -> None:
        for _ in range(3):
            queue.begin(slow)
        begun.set()

    bringer = threading.Thread(target=bring)
    bringer.start()
    assert not begun.wait(0.1)
    gate.set()
    bringer.join()
    assert queue.take(all_of_them=True) == [0, 0, 0]
    queue.close()


class FullFile:
    """A file on a disk with room for so many bytes more."""

    def __init__(self, file: Any, room: int) -> None:
        self._file = file
        self._room = room

    def write(self, line: memoryview) -> int:
        if not self._room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._file.write(line[: self._room])
        self._room -= written
        return int(written)

    def close(self) -> None:
        self._file.close()


@pytest.mark.parametrize("room", [0, 1, 30])
def test_a_line_that_does_not_fit_is_written_whole_later(tmp_path: Path, room: int) -> None:
    path = tmp_path / "events.jsonl"
    with Journal(path) as journal:
        journal.append(RunWarning(message="one"))
        journal._file = FullFile(journal._file, room)  # type: ignore[assignment]
        with pytest.raises(OSError, match="No space"):
            journal.append(RunWarning(message="two"))
        journal.append(RunWarning(message="two"))
        journal.append(RunWarning(message="three"))
    told = [event.message for event in read_journal(path) if isinstance(event, RunWarning)]
    assert told == ["one", "two", "three"]
    assert path.read_bytes().count(b"\n") == 3


def test_a_journal_whose_drive_came_back_goes_on_behind_what_was_whole(tmp_path: Path) -> None:
    path, away = tmp_path / "drive" / "events.jsonl", tmp_path / "away"
    path.parent.mkdir()
    with Journal(path) as journal:
        journal.append(RunWarning(message="one"))
        path.parent.rename(away)
        journal._file = FullFile(journal._file, 0)  # type: ignore[assignment]
        for _ in range(2):
            with pytest.raises(OSError, match=r"No space|No such file"):
                journal.append(RunWarning(message="two"))
        away.rename(path.parent)
        journal.append(RunWarning(message="two"))
    assert [event.message for event in read_journal(path) if isinstance(event, RunWarning)] == ["one", "two"]
