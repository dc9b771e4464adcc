"""What the presenter of the model page needs of its view, and what it hands it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import SignalInstance

from desktop_app.pages.base import NoticeView
from trainer_core.models.facts import ModelFacts, StarterModel
from trainer_core.models.foreign_code import ModelCode
from trainer_core.project.schema import Pooling


@dataclass(frozen=True)
class ModelSettings:
    """What the project says about its model, for the view.

    Attributes:
        source: as the project names it.
        max_length: the most tokens of a text that are read.
        longest: the most the model can read; None while unknown or without limit.
        pooling: how tokens become one vector.
    """

    source: str
    max_length: int
    longest: int | None
    pooling: Pooling


class ModelPageView(NoticeView, Protocol):
    """What the presenter needs of the view."""

    @property
    def starter_chosen(self) -> SignalInstance:
        """The user chose a starter model: its source."""

    @property
    def folder_wanted(self) -> SignalInstance:
        """The user wants to choose a folder."""

    @property
    def hub_chosen(self) -> SignalInstance:
        """The user named a model of the hub."""

    @property
    def max_length_chosen(self) -> SignalInstance:
        """The user wants texts to be cut after so many tokens."""

    @property
    def pooling_chosen(self) -> SignalInstance:
        """The user chose how tokens become one vector."""

    @property
    def retry_wanted(self) -> SignalInstance:
        """The user wants Thaw to look at the model again."""

    @property
    def convert_wanted(self) -> SignalInstance:
        """The user wants the model's pickled weights written again in safetensors."""

    @property
    def code_wanted(self) -> SignalInstance:
        """The user wants to see the code that the model brings."""

    @property
    def code_allowed(self) -> SignalInstance:
        """The user lets this code run: a ``ModelCode``."""

    def show_empty(self) -> None:
        """Show that there is no project."""

    def show_starters(self, models: Sequence[StarterModel]) -> None:
        """Show the starter models."""

    def show_starters_error(self, error: Exception) -> None:
        """Show why there are no starter models."""

    def show_settings(self, settings: ModelSettings) -> None:
        """Show what the project says."""

    def show_busy(self) -> None:
        """Show that the model is being looked at; no facts."""

    def show_facts(self, facts: ModelFacts) -> None:
        """Show what is known of the model."""

    def show_facts_error(self, error: Exception) -> None:
        """Show why the model cannot be used; no facts."""

    def show_code(self, code: ModelCode) -> None:
        """Show the code that the model brings, and let the user allow it."""
