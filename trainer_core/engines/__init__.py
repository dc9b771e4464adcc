"""Where the loop runs. Every engine yields the same events and leaves the same run folder."""
