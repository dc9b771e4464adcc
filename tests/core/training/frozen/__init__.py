"""Tests of the frozen part."""
