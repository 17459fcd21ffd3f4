"""Runs the `nnstep` command as `python -m nnstep`."""

import sys

from nnstep.cli import main

sys.exit(main())
