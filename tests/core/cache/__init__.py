"""Tests of arrays that are kept."""
