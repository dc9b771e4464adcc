"""Tests of `trainer_core.stages`."""
