from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from vizclient.cli import main
from vizclient.exits import Exit
from vizclient.resources import resource_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(resource_path("demo", "bundle"), tmp_path / "bundle")


def test_an_edited_bundle_is_sealed_and_checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = folder / "pages" / "metering.json"
    page.write_text(page.read_text(encoding="utf-8").replace('"Metering"', '"Meters"'), encoding="utf-8")
    assert main(["pages", "seal", str(folder)]) == Exit.DONE
    assert "pages: 9" in capsys.readouterr().out


def test_a_mistake_in_a_page_is_said_with_its_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = folder / "pages" / "metering.json"
    page.write_text(page.read_text(encoding="utf-8").replace('"decimals"', '"decimal"', 1), encoding="utf-8")
    assert main(["pages", "seal", str(folder)]) == Exit.USAGE
    said = capsys.readouterr().err
    assert f"{page}:" in said
    assert "Did you mean decimals?" in said


def test_what_is_no_bundle_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pages", "seal", str(tmp_path)]) == Exit.USAGE
    assert "bundle.json" in capsys.readouterr().err
