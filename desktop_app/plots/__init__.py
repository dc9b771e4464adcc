"""Live plots: growing series (numpy only), the plot widget, and the one timer that redraws. No training core."""
