"""Benchmarks: print a table and write `build/bench.json` (flat, name → number, the unit in the name).

Absolute times depend on the machine; compare the ratios, whose baseline is measured in the same run.
Usage: python tests/bench/run.py [SECTION …]; sections: page, start, close, load, blackout, probing, endurance, follow.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import blackout, close, endurance, follow, load, page, probing, start

SECTIONS = {
    "page": page.measure,
    "start": start.measure,
    "close": close.measure,
    "load": load.measure,
    "blackout": blackout.measure,
    "probing": probing.measure,
    "endurance": endurance.measure,
    "follow": follow.measure,
}
OUTPUT = Path(__file__).parents[2] / "build" / "bench.json"


def main(names: list[str]) -> int:
    """Run the named sections, all if none is named; a section keeps the others' earlier figures."""
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        sys.stderr.write(f"no such section: {', '.join(unknown)}; there are: {', '.join(SECTIONS)}\n")
        return 2
    OUTPUT.parent.mkdir(exist_ok=True)
    figures: dict[str, float] = json.loads(OUTPUT.read_text("utf-8")) if OUTPUT.exists() and names else {}
    for name in names or list(SECTIONS):
        sys.stdout.write(f"\n{name}\n{'-' * len(name)}\n")
        for key, figure in SECTIONS[name]().items():
            figures[f"{name}_{key}"] = round(figure, 4)
            sys.stdout.write(f"{key:<58}{figure:>14,.3f}\n")
            sys.stdout.flush()
        OUTPUT.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
