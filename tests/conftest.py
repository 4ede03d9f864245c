"""What holds for every test: no screen, no files of the user's, the same examples each time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before anything imports Qt; child processes inherit it
settings.register_profile("vizclient", derandomize=True, deadline=None, database=None)
settings.load_profile("vizclient")


@pytest.fixture(scope="session", autouse=True)
def _nothing_of_the_user() -> Iterator[None]:
    """The program's own places are new and empty ones, and no keyring is touched; in child processes too."""
    with tempfile.TemporaryDirectory(prefix="vizclient-test-") as home, pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
            patch.setenv(name, home)
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        patch.delenv("CREDENTIALS_DIRECTORY", raising=False)
        for name in ("CONFIG", "STATE", "CACHE", "DATA"):
            patch.setenv(f"XDG_{name}_HOME", str(Path(home) / name.lower()))
        yield
