"""Tests of `trainer_core.project`."""
