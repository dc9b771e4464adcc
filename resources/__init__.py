"""Files that Thaw ships with: icons, starter projects, and the list of starter models."""
