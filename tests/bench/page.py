"""A page of 5,000 values: opening it, changing 1,000 of them, losing and regaining all; beside a widget for each value."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

COUNT = 5000


def measure() -> dict[str, float]:
    """Figures at scale 1 and 1.5, and their ratios to the page of widgets in the same run."""
    figures: dict[str, float] = {}
    for scale in ("1", "1.5"):
        canvas, widgets = child("canvas", scale), child("widgets", scale)
        name = f"scale_{scale.replace('.', '_')}"
        figures |= {f"{name}_{key}": figure for key, figure in canvas.items()}
        figures |= {f"{name}_widgets_{key}": figure for key, figure in widgets.items()}
        figures |= {f"{name}_{key[:-3]}_widgets_ratio": widgets[key] / canvas[key] for key in widgets}
    return figures


def child(way: str, scale: str) -> dict[str, float]:
    """One process that measures one way to draw."""
    command = [sys.executable, "-P", str(Path(__file__).with_name("page_child.py")), way, str(COUNT)]
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": scale}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures
