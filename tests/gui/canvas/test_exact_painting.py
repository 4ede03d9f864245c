"""Painting only what changed leaves no trace, at the fractional scales of real screens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]


@pytest.mark.parametrize("scale", ["1", "1.25", "1.5", "1.75", "2"])
def test_partial_repaints_are_the_same_as_full_ones_pixel_by_pixel(scale: str) -> None:
    theme = "dark" if scale in ("1.25", "1.75") else "light"
    run = subprocess.run(
        [sys.executable, "-P", "-W", "error", str(TESTS / "programs" / "partial_painting.py"), scale, theme],
        env=os.environ | {"QT_SCALE_FACTOR": scale, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count(f"scale {float(scale)} ") == 8
    assert not run.stderr.replace("This plugin does not support propagateSizeHints()\n", "")
