"""`python -m thalweg`, and the command `thalweg`: the command line."""

from __future__ import annotations

import sys

from . import _native


def main() -> int:
    """Runs the command line with the arguments of this process."""
    return _native.command_line(["thalweg", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
