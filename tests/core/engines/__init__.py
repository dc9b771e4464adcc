"""Tests of `trainer_core.engines`."""
