"""The chat of the Try it page: for models whose answers are texts that they write."""
