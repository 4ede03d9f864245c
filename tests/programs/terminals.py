"""A terminal of one's own, for what asks a person."""

from __future__ import annotations

import os

import pytest


def open_terminal() -> tuple[int, int]:
    """Both ends: what a person types and sees, and what a program is given. Skips the test where a bare root has no terminals."""
    try:
        return os.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo-terminals here: {error}")
