"""Tests of `trainer_core.results`."""
