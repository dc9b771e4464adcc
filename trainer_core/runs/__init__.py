"""What is on disk: the run folder, the event journal, checkpoints, and the history folded from events."""
