"""`python -m cenote keep`: keeps names (`cenote.keep`) until it is stopped or its input ends."""

from __future__ import annotations

import contextlib
import sys


def main(arguments: list[str]) -> int:
    """The exit status."""
    if arguments != ["keep"]:
        print("usage: python -m cenote keep", file=sys.stderr)
        return 2
    from ._keeper import run

    with contextlib.suppress(KeyboardInterrupt):
        run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
