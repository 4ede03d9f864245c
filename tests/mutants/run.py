"""Plants bugs, one at a time, in a copy of the tree, and says what found each: `make mutants`.

    python -P tests/mutants/run.py [PATCH or FOLDER …]

`seeds/*.patch`: bugs that the seeds of the simulation alone must find, within MOST_SEEDS; how many it took is printed.
`scenarios/*.patch`, `interfaces/*.patch`: each names in its head the tests that must turn red, one a line:

    Test: tests/e2e/test_switchover.py::test_the_other_server_is_taken
    Test: tests/scenarios/test_scenarios.py::test_scenario[roles_swap]

A patch is made with `git diff` against the tree, with what the bug is in its first line. A bug is found when something that a
test asserts does not hold any more. It is no proof if the copy merely crashes: with the bug in it, a client must still show the
values of a pair of which nothing is wrong, and no test may end by a NameError or the like. Nor is it proof if the test is red
without the bug. Whatever is not found, or does not apply any more, fails the run (exit code 1).

Those for seeds and those for tests are gone through side by side, and nothing but the copy that was made at the beginning is looked at.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COPIED = ("vizclient", "ui", "resources", "tests", "pyproject.toml")
MOST_SEEDS = 400
SOUND_SEEDS = 80
"""That the tree itself passes before any bug is planted."""
ROWS = "tests/e2e/test_interfaces.py"
"""Its tests share one run of a pair: without any bug they are tried together."""
_LASTS = 900.0
_CRASHES = re.compile(
    r"^(?:E +)?((?:Name|UnboundLocal|Attribute|Type|Import|ModuleNotFound|Syntax|Indentation|Key|Index|Recursion)Error\b.*"
    r"|.*this program is at fault.*)",
    re.MULTILINE,
)
_ASSERTED = re.compile(r"AssertionError|Failed|TimeoutError|Deadlock|assert |\S*: waited .* in vain ")
"""How a test says that something does not hold: what it waits for does not come, or does not end."""


@dataclass(frozen=True)
class Verdict:
    """What became of one patch. `by` names what caught it."""

    caught: bool
    by: str


@dataclass
class Tree:
    """A copy of the tree. `sound`: what is known of its tests without any bug, by name."""

    folder: Path
    sound: dict[str, Verdict] = field(default_factory=dict)


def main(names: Sequence[str]) -> int:
    """See the module."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        clean = Tree(Path(folder) / "clean")
        for name in COPIED:
            _copy(ROOT / name, clean.folder / name)
        # where an installation has its resources: the copy must not use those of a tree that changes meanwhile
        resources = clean.folder / "vizclient" / "_resources"
        resources.unlink(missing_ok=True)
        resources.symlink_to(Path("..") / "resources")
        here = clean.folder / HERE.relative_to(ROOT)
        chosen = [here / Path(name).resolve().relative_to(HERE) for name in names] or [here]
        patches = sorted({patch for one in chosen for patch in ([one] if one.suffix else one.rglob("*.patch"))})
        for_seeds = [patch for patch in patches if patch.parent.name == "seeds"]
        for_tests = [patch for patch in patches if patch.parent.name != "seeds"]
        sound = _by_seeds(clean, clean.folder, SOUND_SEEDS) if for_seeds else None
        if sound is not None and sound.caught:
            _say(f"without any of them, there is already {sound.by}")
            return 1
        with ThreadPoolExecutor(2) as pool:
            running = (
                pool.submit(_go_through, for_tests, clean, _by_tests),
                pool.submit(_go_through, for_seeds, clean, _alone),
            )
            found = sum(one.result() for one in running)
    _say(f"{found} of {len(patches)} planted bugs were found, in {(time.perf_counter() - began) / 60:.1f} min")
    return 0 if patches and found == len(patches) else 1


def _go_through(patches: Sequence[Path], clean: Tree, search: Callable[[Tree, Path, Sequence[str]], Verdict]) -> int:
    """How many of them were found."""
    found = 0
    for patch in patches:
        began = time.perf_counter()
        planted = clean.folder.parent / patch.parent.name
        verdict = _plant(patch, clean, planted) or search(clean, planted, _named(patch))
        found += verdict.caught
        took = time.perf_counter() - began
        word = "caught" if verdict.caught else "NOT CAUGHT"
        _say(f"{word:10}  {patch.parent.name}/{patch.stem}: {verdict.by} ({took:.0f} s)")
    return found


def _plant(patch: Path, clean: Tree, planted: Path) -> Verdict | None:
    """Put the bug into a fresh copy. None if that works as long as nothing is wrong with the pair."""
    shutil.rmtree(planted, ignore_errors=True)
    _copy(clean.folder, planted)
    apply = ["git", "apply", "--whitespace=nowarn", str(patch)]
    # a ceiling, so that git takes the copy for no part of whatever repository is above it
    applied = _run(apply, planted, {"GIT_CEILING_DIRECTORIES": str(planted.parent)})
    if applied.returncode:
        return Verdict(False, f"does not apply: {applied.stderr.strip()}")
    well = _run([sys.executable, "-P", "tests/mutants/healthy.py"], planted)
    return Verdict(False, f"breaks a client of which nothing is asked: {well.stderr}") if well.returncode else None


def _named(patch: Path) -> list[str]:
    return re.findall(r"^Test: (\S.*?)\s*$", patch.read_text("utf-8"), re.MULTILINE)


def _alone(_: Tree, planted: Path, __: Sequence[str]) -> Verdict:
    return _by_seeds(Tree(planted), planted, MOST_SEEDS)


def _by_seeds(_: Tree, folder: Path, most: int) -> Verdict:
    command = ["tests/simulation/simulate.py", "--seeds", str(most), "--block", "1", "--jobs", "1", "--stop"]
    ended = _run([sys.executable, "-P", *command], folder)
    said = ended.stdout
    seed = re.search(r"^seed (\d+) failed", said, re.MULTILINE)
    count = re.search(r"^(\d+) seeds in", said, re.MULTILINE)
    if not ended.returncode:
        return Verdict(False, f"{most} seeds without a complaint")
    if seed is None or count is None:
        return Verdict(False, f"{said}{ended.stderr}")
    reason = re.findall(r"^((?:\w+\.)*\w+(?:Error|Deadlock)(?:: .*)?)$", said, re.MULTILINE)
    raised_in = re.findall(r'^ +File "(.*?)", line', said, re.MULTILINE)
    if not reason or not _ASSERTED.search(reason[0]) or not raised_in or "/tests/" not in raised_in[-1]:
        return Verdict(False, f"crashes in seed {seed[1]}:\n{said}")
    told = reason[0].rpartition("AssertionError: ")[2]
    return Verdict(True, f"seed {seed[1]}, after {count[1]} seeds: {told}"[:200])


def _by_tests(clean: Tree, planted: Path, tests: Sequence[str]) -> Verdict:
    if not tests:
        return Verdict(False, "names no test")
    for test in tests:
        tried = ROWS if test.startswith(f"{ROWS}::") else test
        if tried not in clean.sound:
            clean.sound[tried] = _by_test(clean.folder, tried)
        if clean.sound[tried].caught:
            return Verdict(False, f"{tried} is red without it: {clean.sound[tried].by}")
    verdicts = [_by_test(planted, test) for test in tests]
    return Verdict(all(verdict.caught for verdict in verdicts), ", ".join(verdict.by for verdict in verdicts))


def _by_test(folder: Path, test: str) -> Verdict:
    """Whether `test` turns red in `folder`, because something that it asserts does not hold."""
    told = folder / "told.xml"
    told.unlink(missing_ok=True)
    ended = _run(
        [sys.executable, "-P", "-m", "pytest", "--quiet", "--no-header", "-x", f"--junitxml={told}", test], folder
    )
    if ended.returncode == 0:
        return Verdict(False, f"not noticed by {test}")
    reason = _reason(told) if ended.returncode == 1 else ""
    crash = _CRASHES.search(ended.stdout + ended.stderr)
    if crash or not _ASSERTED.match(reason):
        return Verdict(
            False, f"{test} fails by {crash[1] if crash else reason or 'itself'}\n{ended.stdout}{ended.stderr}"
        )
    return Verdict(True, f"{test}: {reason.removeprefix('AssertionError: ')}"[:300])


def _reason(told: Path) -> str:
    """The first line of why the test failed; "" if it could not even be set up."""
    failure = ElementTree.parse(told).getroot().find(".//failure")
    return "" if failure is None else (failure.get("message") or "").partition("\n")[0]


def _run(command: Sequence[str], folder: Path, more: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """In `folder`, whose product is the one that is imported, there and in child processes."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "QT_QPA_PLATFORM": "offscreen", **(more or {})}
    try:
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=_LASTS
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 2, "", f"was not over after {_LASTS:.0f} s")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
