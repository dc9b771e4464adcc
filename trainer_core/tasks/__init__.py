"""What is learned, one file a task: head, encoding, loss, metrics, and reading a prediction."""
