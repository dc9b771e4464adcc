"""Tests of `trainer_core.models`."""
