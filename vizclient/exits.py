"""Exit codes of all commands. Stable: scripts rely on them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a command ended with."""

    DONE = 0
    INTERNAL = 1  # an error of this program; the message says where the log is
    USAGE = 2  # wrong arguments, or a wrong profile
    NO_ACTIVE = 3
    TWO_ACTIVE = 4
    REFUSED = 5
    MISMATCH = 6
    UNKNOWN = 7
    ATTENTION = 8  # only a person can mend it
    NO_DISPLAY = 9
    RESTRICTED = 10  # the standby could take over, with restrictions
    NOT_READY = 11  # it could not
    FAILED = 12  # a drill: the switch or the return did not come, or nothing came back


HELP = """exit codes:
  0 done               1 internal error (the message says where the log is)
  2 usage or profile   3 no active server     4 two active servers
  5 refused            6 mismatch             7 unknown outcome
  8 needs a person     9 no display
 10 with restrictions                        11 not ready             12 drill failed"""
"""The same for people, below the help of every command."""
