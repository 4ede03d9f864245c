"""The one finder of the data that ships: fonts, theme, demo bundle, tables.

In the checkout that is the folder `resources/`, in a wheel the package `vizclient._resources`; both are found by import.
"""

from __future__ import annotations

import importlib.resources
from pathlib import Path

_PACKAGE = "vizclient._resources"


def resource_path(*parts: str) -> Path:
    """The file or folder `parts` below the resources. FileNotFoundError if it does not exist: the installation is broken."""
    with importlib.resources.as_file(importlib.resources.files(_PACKAGE).joinpath(*parts)) as path:
        if not path.exists():
            raise FileNotFoundError(path)
        return path
