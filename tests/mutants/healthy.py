"""A client and a pair of which nothing is wrong: exit code 0 once its values are live. A planted bug must not prevent that."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from programs.pairs import running_pair, write_profile
from programs.stage import ITEMS, LIVELY
from programs.watching import Watching


def main() -> int:
    """See the module."""
    with tempfile.TemporaryDirectory(prefix="healthy-") as name:
        folder = Path(name)
        with running_pair(folder, LIVELY) as pair, Watching(write_profile(folder, pair), ITEMS) as watching:
            watching.wait_live("main")
    return 0


if __name__ == "__main__":
    sys.exit(main())
