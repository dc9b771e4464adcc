"""What the commands of ``thaw`` do and print. One file a command."""
