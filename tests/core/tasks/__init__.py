"""Tests of `trainer_core.tasks`."""
