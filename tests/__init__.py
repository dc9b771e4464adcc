"""The tests of Thaw."""
