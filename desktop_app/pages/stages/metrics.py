"""Metrics to choose from, each with what it says."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt

from desktop_app.run_words import metric_hint
from desktop_app.widgets.controls import Choice, Control


def offer_metrics(control: Control, metrics: Mapping[str, str]) -> None:
    """Offer metrics, in words by their names."""
    assert isinstance(control, Choice)
    control.set_choices(metrics)
    for place in range(control.count()):
        control.setItemData(place, metric_hint(control.itemData(place)), Qt.ItemDataRole.ToolTipRole)
