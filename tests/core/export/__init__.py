"""Tests of `trainer_core.export`."""
