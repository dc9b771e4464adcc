"""The window of Thaw: pages, plots and the thread that runs the training core."""
