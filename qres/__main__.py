"""`python -m qres` and the command `qres`."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from qres.cli.door import run

    code = run(sys.argv[1:])
    gc.freeze()  # the interpreter would look through all that is left once more: 50 ms
    sys.exit(code)


if __name__ == "__main__":
    main()
