"""Using a fine-tuned model: predictions with the preprocessing of training."""
