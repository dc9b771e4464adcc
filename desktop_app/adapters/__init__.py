"""Qt item models over objects of the training core."""
