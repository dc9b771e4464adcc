"""Work outside the window's thread: the training thread, and the one helper for short jobs."""
