"""Tests of the whole, with the real starter model."""
