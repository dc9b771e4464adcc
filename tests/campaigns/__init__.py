"""Long trials of what Thaw promises: each runs as ``python -m tests.campaigns.NAME`` and ends with one JSON object."""
