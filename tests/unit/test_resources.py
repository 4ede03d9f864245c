"""What ships is found, and what a wheel must carry is named."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from vizclient.resources import resource_path

ROOT = Path(__file__).parents[2]


def test_in_the_checkout_resources_are_those_of_the_checkout() -> None:
    assert resource_path() == ROOT / "resources"
    assert resource_path("__init__.py").is_file()


def test_what_does_not_ship_is_said_at_once() -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        resource_path("nowhere", "nothing.json")


def test_the_wheel_names_every_package_of_the_checkout() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = set(project["tool"]["setuptools"]["packages"])
    there = {
        ".".join(file.parent.relative_to(ROOT).parts)
        for wing in ("vizclient", "ui")
        for file in (ROOT / wing).rglob("__init__.py")
    }
    assert named - {"vizclient._resources"} == there


def test_every_folder_with_code_is_a_package() -> None:
    for wing in ("vizclient", "ui"):
        for file in (ROOT / wing).rglob("*.py"):
            assert (file.parent / "__init__.py").exists(), file
