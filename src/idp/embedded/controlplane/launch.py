"""Becomes another program that ends when the process that started it ends.

`python launch.py PARENT PROGRAM ARGUMENTS...`. Linux sends the signal (`PR_SET_PDEATHSIG`), and
keeps the wish for it over `exec`; asking for it has to happen in the child, between fork and exec,
and there Python code of a process with threads is not safe. Hence a program of its own, of the
standard library only.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for the signal, then become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2]
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the wish was made
        sys.exit(1)
    os.execv(program, sys.argv[2:])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
