"""What was computed once and is kept for later runs: arrays by key, within a budget."""
