"""A window outlives the references to None that PySide6 6.12.0 loses on Python 3.11."""

from __future__ import annotations

import subprocess
import sys

MANY_CALLS = """
from PySide6.QtWidgets import QApplication, QWidget
from desktop_app.none_guard import keep_none_alive
keep_none_alive()
app = QApplication([])
widget = QWidget()
for _ in range(200_000):
    widget.update()
print("alive")
"""


def test_many_calls_that_return_nothing_do_not_end_the_interpreter() -> None:
    done = subprocess.run([sys.executable, "-c", MANY_CALLS], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "alive", done.stderr[-500:]
    assert done.returncode == 0
