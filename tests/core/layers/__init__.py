"""Tests of `trainer_core.layers`."""
