"""Benchmarks: each runs as ``python -m tests.benchmarks.NAME [--json]`` and ends with one JSON object."""
