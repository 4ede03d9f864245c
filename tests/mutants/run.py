"""Plants bugs, one at a time, in a copy of the tree, and says what found each: `make mutants`.

    python -P tests/mutants/run.py [PATCH …]

`seeds/*.patch`: bugs that the seeds of the simulation alone must find, within MOST_SEEDS; how many it took is printed.
`scenarios/*.patch`: each names in its head the tests that must turn red, one a line:

    Test: tests/e2e/test_switchover.py::test_the_other_server_is_taken
    Test: tests/scenarios/test_scenarios.py::test_scenario[roles_swap]

A patch is made with `git diff` against the tree, with what the bug is in its first line. One that does not apply any more, or
that nothing catches, fails the run (exit code 1).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COPIED = ("vizclient", "ui", "resources", "tests", "pyproject.toml")
MOST_SEEDS = 400
SOUND_SEEDS = 80
"""That the tree itself passes before any bug is planted."""
_LASTS = 900.0


@dataclass(frozen=True)
class Verdict:
    """What became of one patch. `by` names what caught it."""

    caught: bool
    by: str


def main(names: Sequence[str]) -> int:
    """See the module."""
    chosen = [Path(name).resolve() for name in names]
    patches = chosen or sorted([*HERE.glob("seeds/*.patch"), *HERE.glob("scenarios/*.patch")])
    failed = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        clean = Path(folder) / "clean"
        for name in COPIED:
            _copy(ROOT / name, clean / name)
        sound = _by_seeds(clean, SOUND_SEEDS)
        if sound.caught:
            _say(f"without any of them, there is already {sound.by}")
            return 1
        for patch in patches:
            began = time.perf_counter()
            verdict = _try(patch, clean, Path(folder) / "planted")
            took = time.perf_counter() - began
            failed += not verdict.caught
            word = "caught" if verdict.caught else "NOT CAUGHT"
            _say(f"{word:10}  {patch.parent.name}/{patch.stem}: {verdict.by} ({took:.0f} s)")
    _say(f"{len(patches) - failed} of {len(patches)} planted bugs were found")
    return 1 if failed or not patches else 0


def _try(patch: Path, clean: Path, planted: Path) -> Verdict:
    shutil.rmtree(planted, ignore_errors=True)
    _copy(clean, planted)
    apply = ["git", "apply", "--whitespace=nowarn", str(patch)]
    # a ceiling, so that git takes the copy for no part of whatever repository is above it
    applied = _run(apply, planted, {"GIT_CEILING_DIRECTORIES": str(planted.parent)})
    if applied.returncode:
        return Verdict(False, f"does not apply: {applied.stderr.strip()}")
    if patch.parent.name == "seeds":
        return _by_seeds(planted)
    tests = re.findall(r"^Test: (\S.*?)\s*$", patch.read_text("utf-8"), re.MULTILINE)
    return _by_tests(planted, tests) if tests else Verdict(False, "names no test")


def _by_seeds(planted: Path, most: int = MOST_SEEDS) -> Verdict:
    command = ["tests/simulation/simulate.py", "--seeds", str(most), "--block", "1", "--jobs", "1", "--stop"]
    ended = _run([sys.executable, "-P", *command], planted)
    said = ended.stdout
    seed = re.search(r"^seed (\d+) failed", said, re.MULTILINE)
    count = re.search(r"^(\d+) seeds in", said, re.MULTILINE)
    if not ended.returncode or seed is None or count is None:
        return Verdict(False, f"{most} seeds\n{said}{ended.stderr}")
    reasons = re.findall(r"^(?:\w+\.)*\w+(?:Error|Deadlock)(?:: (.*))?$", said, re.MULTILINE)
    return Verdict(
        True, f"seed {seed[1]}, after {count[1]} seeds: {reasons[0] or 'an assertion' if reasons else ''}"[:200]
    )


def _by_tests(planted: Path, tests: Sequence[str]) -> Verdict:
    survived, red = [], []
    for test in tests:
        ended = _run([sys.executable, "-P", "-m", "pytest", "--quiet", "--no-header", "-x", test], planted)
        # 1: tests failed. Anything else is a test that does not exist, or that cannot even be collected.
        if ended.returncode == 1:
            red.append(test)
        else:
            survived.append(f"{test}\n{ended.stdout}{ended.stderr}" if ended.returncode else test)
    return Verdict(False, "is not noticed by " + ", ".join(survived)) if survived else Verdict(True, ", ".join(red))


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
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
