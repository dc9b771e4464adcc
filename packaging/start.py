#!/usr/bin/env python3
"""Set Thaw up and start it: the one file to run on a fresh machine.

    python3 packaging/start.py             set up everything, then open the starter project
    python3 packaging/start.py test        set up everything, then run the checks and the tests
    python3 packaging/start.py prepare     only set up; afterwards .venv/bin/thaw and .venv/bin/python are usable
    python3 packaging/start.py shortcut    put Thaw into the menu and on the desktop (--remove takes it away)

With a screen the starter project opens in the window. Without one, or with --headless, it is trained in the
terminal. The environment lies in .venv beside this folder; what was done is in .thaw-setup/setup.log.

Which build of PyTorch is installed
-----------------------------------
Always version 2.13.0, and always before everything else, so that pip's resolver never chooses one itself:

1. ``--torch`` decides where it is given: cpu, cuda, mps, plain (what a bare ``pip install torch`` brings) or
   anything pip understands ("torch==2.12.1", the path of a wheel, "torch==2.13.0 --index-url URL"). It is
   remembered; ``--torch auto`` goes back to these rules.
2. A Mac takes the plain wheel, which carries MPS.
3. A machine with an NVIDIA driver takes CUDA: cu130 from driver 580 on, cu126 from driver 525 on (528 on
   Windows) and for cards older than Turing (compute capability below 7.5). Where neither fits (an older
   driver, a Blackwell card with a driver before 580, a card before Maxwell) it takes the CPU build and says why.
4. Every other machine takes the CPU build.

A CPU wheel lying in a folder that pip itself is configured to search (find-links) is taken at once. Then comes
the build's own wheel index, unless it does not answer within three seconds; then the plain version; then Thaw
gives up and says so. From there on a constraints file holds that exact torch in every call of pip.

This file stays readable to any old Python, so that it can say which one is needed; the work is done by the
modules of thaw_start beside it, which use nothing but the standard library.
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the whole point of this file
    sys.stderr.write(
        "Thaw needs Python 3.11 or newer, and this is Python %d.%d: install a newer one and start again with it.\n"  # noqa: UP031
        % sys.version_info[:2]
    )
    sys.exit(1)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - before pathlib is known to exist

from thaw_start.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], description=__doc__ or ""))
