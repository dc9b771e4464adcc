"""The training core of Thaw. It knows no Qt and works alone from the command line."""

import os

for _switch in ("HF_HUB_DISABLE_TELEMETRY", "DISABLE_TELEMETRY", "DO_NOT_TRACK"):
    os.environ.setdefault(_switch, "1")  # before any library reads it: nobody is told what is trained here

__version__ = "0.1.0"
