"""Tests of `trainer_core.forecast`."""
