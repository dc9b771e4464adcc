"""The training core of Thaw. It knows no Qt and works alone from the command line."""

__version__ = "0.1.0"
