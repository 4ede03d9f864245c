"""The wheel holds all that the program needs and nothing else, and works from a clean environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCREEN = ("PySide6", "shiboken6", "qasync")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links the libraries instead of installing them anew")


def run(command: Sequence[str | Path], cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def must(command: Sequence[str | Path], cwd: Path, **environment: str) -> str:
    done = run(command, cwd, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: a build leaves files beside its sources, and takes up those that it finds there."""
    source = tmp_path_factory.mktemp("source")
    for folder in ("vizclient", "ui", "resources"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source / file)
    must(
        [sys.executable, "-P", "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", "out", "."],
        source,
    )
    (built,) = (source / "out").glob("vizclient-*.whl")
    return built


def clean_environment(folder: Path, wheel: Path, *, without: tuple[str, ...] = ()) -> Path:
    """A new environment with the wheel and the libraries that we run with, but for those `without`. Its interpreter."""
    must([sys.executable, "-P", "-m", "venv", "--without-pip", folder], ROOT)
    python = folder / "bin" / "python"
    must([sys.executable, "-P", "-m", "pip", "--python", python, "install", "-q", "--no-deps", wheel], ROOT)
    (site,) = folder.glob("lib/python*/site-packages")
    (ours,) = Path(sys.prefix).glob("lib/python*/site-packages")
    for part in ours.iterdir():
        ours_alone = part.suffix == ".pth" or part.name.startswith(
            ("__editable__", "vizclient", "__pycache__", *without)
        )
        if not ours_alone and not (site / part.name).exists():
            (site / part.name).symlink_to(part)
    return python


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clean_environment(tmp_path_factory.mktemp("clean") / "env", wheel)


@pytest.fixture(scope="module")
def headless(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clean_environment(tmp_path_factory.mktemp("headless") / "env", wheel, without=SCREEN)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A working directory with folders and files named like ours, which must never be run."""
    for name in ("ui", "vizclient", "resources", "asyncio"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('a stranger was run')\n", encoding="utf-8")
    return tmp_path


def test_the_wheel_has_both_wings_and_the_resources_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert {name.partition("/")[0] for name in names} == {"vizclient", "ui"}
    carried = {name.removeprefix("vizclient/_resources/") for name in names if name.startswith("vizclient/_resources/")}
    there = {
        file.relative_to(ROOT / "resources").as_posix()
        for file in (ROOT / "resources").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert carried == there
    code = {name for name in names if name.endswith(".py")} - {"vizclient/_resources/__init__.py"}
    assert code == {
        file.relative_to(ROOT).as_posix() for wing in ("vizclient", "ui") for file in (ROOT / wing).rglob("*.py")
    }


def test_resources_are_found_from_the_wheel(installed: Path, hostile: Path) -> None:
    program = (
        "from vizclient.resources import resource_path as r; print(r()); print(sorted(p.name for p in r().iterdir()))"
    )
    folder, names = must([installed, "-P", "-c", program], hostile).splitlines()
    assert Path(folder).is_relative_to(installed.parents[1])
    expected = {path.name for path in (ROOT / "resources").iterdir()} - {"__pycache__"}
    assert set(eval(names)) - {"__pycache__"} == expected


def test_every_module_can_be_imported_from_the_wheel(installed: Path, hostile: Path) -> None:
    program = (
        "import importlib, pkgutil, vizclient, ui\n"
        "for wing in (vizclient, ui):\n"
        "    for module in pkgutil.walk_packages(wing.__path__, wing.__name__ + '.'):\n"
        "        if not module.name.endswith('__main__') and module.name != 'vizclient.machine.windows':\n"
        "            importlib.import_module(module.name)\n"
    )
    must([installed, "-P", "-c", program], hostile)


def test_the_command_runs_beside_a_hostile_folder(installed: Path, hostile: Path) -> None:
    said = must([installed.with_name("vizclient"), "--help"], hostile)
    assert "probe" in said
    assert must([installed, "-P", "-m", "vizclient", "--help"], hostile) == said


def test_headless_commands_run_without_qt(headless: Path, hostile: Path) -> None:
    missing = run([headless, "-P", "-c", "import PySide6"], hostile)
    assert "No module named 'PySide6'" in missing.stderr
    command = headless.with_name("vizclient")
    for name in ("probe", "watch", "write", "sim"):
        assert name in must([command, name, "--help"], hostile)
    profile = hostile / "nobody.toml"
    profile.write_text(
        'format = 1\nname = "Nobody"\n'
        '[main]\nurl = "opc.tcp://127.0.0.1:1"\n[backup]\nurl = "opc.tcp://127.0.0.1:2"\n'
        '[security]\npolicy = "None"\nmode = "None"\n',
        encoding="utf-8",
    )
    probe = run([command, "probe", "--profile", profile, "--json"], hostile)
    assert probe.returncode == 3, probe.stdout + probe.stderr
    assert "Traceback" not in probe.stderr
