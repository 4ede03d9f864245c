"""The command line: what it knows, what it refuses, and what it does not load."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from vizclient import cli
from vizclient.exits import Exit

_COMMANDS = ("run", "shot", "demo", "probe", "watch", "write", "contact-sheet", "sim", "follow")


def _refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    assert ended.value.code == Exit.USAGE
    return capsys.readouterr().err


def test_help_names_every_command_and_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for command in _COMMANDS:
        assert command in said
    for code in Exit:
        assert f"{code.value} " in said


@pytest.mark.parametrize("command", _COMMANDS)
def test_every_command_has_its_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    assert "--data-dir" in capsys.readouterr().out


def test_the_forms_of_values_are_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["watch", "--help"])
    said = capsys.readouterr().out
    for form in ("NaN", "base64", "ISO 8601", "unsynchronised"):
        assert form in said


def test_help_loads_neither_protocol_nor_schema_nor_window() -> None:
    script = (
        "import sys, contextlib\n"
        "from vizclient.cli import main\n"
        "with contextlib.suppress(SystemExit): main(['--help'])\n"
        "heavy = {'asyncua', 'aiohttp', 'pydantic', 'PySide6', 'asyncio', 'msgspec', 'cryptography', 'ui'} & sys.modules.keys()\n"
        "raise SystemExit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_window_loads_of_the_link_is_no_protocol_and_no_schema() -> None:
    script = (
        "import sys; import vizclient.link.client\n"
        "raise SystemExit(', '.join({'asyncua', 'aiohttp', 'pydantic', 'cryptography', 'PySide6'} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "COMMAND"),
        (("proble",), "proble"),
        (("probe",), "--profile"),
        (("watch", "--profile", "x"), "ITEM"),
        (("watch", "--profile", "x", "a:b", "--seconds", "-1"), "--seconds"),
        (("shot", "--profile", "x", "--page", "p", "--out", "o.png", "--size", "10"), "WIDTHxHEIGHT"),
        (("shot", "--profile", "x", "--page", "p", "--out", "o.png", "--size", "1x1"), "16x16"),
        (("shot", "--profile", "x", "--page", "p", "--out", "o.png", "--scale", "99"), "0.25"),
        (("run", "--profile", "x", "--theme", "pink"), "pink"),
    ],
)
def test_wrong_usage_is_said_and_is_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert said in _refused(capsys, *arguments)


@pytest.mark.parametrize("where", ["before", "after"])
def test_the_data_directory_may_stand_before_or_after_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    seen: list[Path | None] = []

    def probe(arguments: argparse.Namespace) -> int:
        seen.append(arguments.data_dir)
        return 0

    monkeypatch.setattr(cli, "_probe", probe)
    option, rest = ["--data-dir", str(tmp_path)], ["probe", "--profile", "x"]
    cli.main([*option, *rest] if where == "before" else [*rest, *option])
    assert seen == [tmp_path]


def test_a_missing_qt_is_said_in_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'PySide6'", name="PySide6")

    monkeypatch.setattr(importlib, "import_module", missing)
    assert cli.main(["run", "--profile", "x"]) == Exit.USAGE
    assert "PySide6" in capsys.readouterr().err


def test_a_fault_of_our_own_is_not_taken_for_a_missing_qt_but_logged_and_said_with_the_place_of_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(name: str) -> None:
        raise ImportError("cannot import name 'x' from 'ui.app'", name="ui.app")

    monkeypatch.setattr(importlib, "import_module", broken)
    assert cli.main(["--data-dir", str(tmp_path), "run", "--profile", "x"]) == Exit.INTERNAL
    said = capsys.readouterr().err
    log = tmp_path / "logs" / "command.log"
    assert said.count("\n") == 1
    assert str(log) in said
    assert "cannot import name 'x'" in log.read_text("utf-8")


def test_a_picture_has_its_size_and_theme() -> None:
    parser = cli._parser(with_sim=False)
    shot = parser.parse_args(["shot", "--profile", "x", "--page", "p", "--out", "o.png", "--size", "1920x1080"])
    assert (shot.size, shot.scale, shot.theme) == ((1920, 1080), 1.0, None)
