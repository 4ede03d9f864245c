"""Benchmarks: print a table and write `build/bench.json` (flat, name → number, the unit in the name).

Absolute times depend on the machine; compare the ratios, whose baseline is measured in the same run.
Usage: python tests/bench/run.py [SECTION …]; sections: page, start, close, load, blackout, probing, endurance, follow.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
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


def lines(figures: dict[str, float]) -> Iterator[str]:
    """A line a figure; minimum, median and maximum of the same thing share one."""
    spreads = [name.removesuffix("_median_ms") for name in figures if name.endswith("_median_ms")]
    spreads = [name for name in spreads if {f"{name}_min_ms", f"{name}_max_ms"} <= figures.keys()]
    if spreads:
        yield f"{'':<36}{'min ms':>12}{'median ms':>12}{'max ms':>12}\n"
    for name in spreads:
        least, median, most = (figures[f"{name}_{which}_ms"] for which in ("min", "median", "max"))
        yield f"{name:<36}{least:>12,.1f}{median:>12,.1f}{most:>12,.1f}\n"
    told = {f"{name}_{which}_ms" for name in spreads for which in ("min", "median", "max")}
    for key, figure in figures.items():
        if key not in told:
            yield f"{key:<58}{figure:>14,.3f}\n"


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
        measured = SECTIONS[name]()
        figures = {key: figure for key, figure in figures.items() if not key.startswith(f"{name}_")}
        figures |= {f"{name}_{key}": round(figure, 4) for key, figure in measured.items()}
        sys.stdout.writelines(lines(measured))
        sys.stdout.flush()
        OUTPUT.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
