"""Many seeds of a whole site on a fake pair, and many random walks of `decide`, on all cores.

    python -P tests/simulation/simulate.py --seeds 20000 --walks 1000000
    python -P tests/simulation/simulate.py --seed 123         one seed, alone, with what the site logs
    python -P tests/simulation/simulate.py --walk 123         one walk, alone

Prints how many a second, and each failing seed or walk, which goes the same way when it is run alone. Exit code 1 if any failed,
or if a row of the decision table was reached by no seed.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[2]))  # the product of this tree, not the one installed
sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes.rows import ROWS
from fakes.storm import Outcome, play
from fakes.walks import walk

STEPS = 20
"""Steps of one walk: some thirty events."""
_SHOWN = 5
_TOLD_EVERY = 30.0

_T = TypeVar("_T")


def main(arguments: list[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="simulate")
    parser.add_argument("--seeds", type=int, default=0, metavar="N", help="run so many seeds")
    parser.add_argument("--walks", type=int, default=0, metavar="N", help="run so many walks of decide")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first seed or walk")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes")
    parser.add_argument("--block", type=int, default=25, metavar="N", help="seeds that a process takes at a time")
    parser.add_argument("--stop", action="store_true", help="stop at the first failure")
    parser.add_argument("--seed", type=int, help="run this seed alone")
    parser.add_argument("--walk", type=int, help="run this walk alone")
    options = parser.parse_args(arguments)
    if options.seed is not None:
        logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
        _say(_told(play(options.seed)))
        return 0
    if options.walk is not None:
        _say(f"{walk(options.walk, STEPS)} events")
        return 0
    failed = 0
    if options.walks:
        failed += _walk_many(options)
    if options.seeds:
        failed += _play_many(options)
    return 1 if failed else 0


def _play_many(options: argparse.Namespace) -> int:
    began, done, failed = time.perf_counter(), 0, 0
    faults = switchovers = writes = 0
    reached: Counter[str] = Counter()
    for seed, outcome, failure in _all(_play_some, options.first, options.seeds, options.block, options.jobs):
        done += 1
        if outcome is None:
            failed += 1
            _show(f"seed {seed}", f"make simulate SEED={seed}", failure, failed)
            if options.stop:
                break
        else:
            faults, switchovers = faults + outcome.faults, switchovers + outcome.switchovers
            writes += outcome.writes
            reached.update(outcome.rows)
    took = time.perf_counter() - began
    _say(
        f"{done} seeds in {took:.1f} s, {done / took:.1f} a second on {options.jobs} processes: {failed} failed; "
        f"{faults} faults, {switchovers} switchovers, {writes} writes"
    )
    if options.stop and failed:
        return failed
    for row in sorted(ROWS):
        _say(f"  {reached[row]:8}  {row}" + ("" if reached[row] else "   never reached"))
    return failed + len(ROWS - reached.keys())


def _walk_many(options: argparse.Namespace) -> int:
    began, done, events, failed = time.perf_counter(), 0, 0, 0
    for number, seen, failure in _all(_walk_some, options.first, options.walks, 2000, options.jobs):
        done += 1
        if seen is None:
            failed += 1
            _show(f"walk {number}", f"make simulate WALK={number}", failure, failed)
            if options.stop:
                break
        else:
            events += seen
    took = time.perf_counter() - began
    _say(
        f"{done} walks ({events} events) in {took:.1f} s, {done / took:.0f} a second on {options.jobs} processes: "
        f"{failed} failed"
    )
    return failed


def _show(what: str, alone: str, failure: str, failed: int) -> None:
    if failed <= _SHOWN:
        _say(f"{what} failed (alone: {alone})\n{failure}")
    else:
        _say(f"{what} failed")


_Result = tuple[int, _T | None, str]


def _all(
    some: Callable[[Iterable[int]], list[_Result[_T]]], first: int, count: int, size: int, jobs: int
) -> Iterator[_Result[_T]]:
    """The results of all numbers, block by block as they come; in this process, and in order, if `jobs` is 1."""
    blocks = [range(at, min(at + size, first + count)) for at in range(first, first + count, size)]
    if jobs == 1:
        _quiet()
        for block in blocks:
            yield from some(block)
        return
    context = multiprocessing.get_context("spawn")
    done, told_at = 0, time.perf_counter()
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin) as pool:
        try:
            for finished in as_completed([pool.submit(some, block) for block in blocks]):
                results = finished.result()
                yield from results
                done += len(results)
                if time.perf_counter() - told_at >= _TOLD_EVERY:
                    told_at = time.perf_counter()
                    sys.stderr.write(f"… {done} of {count}\n")
                    sys.stderr.flush()
        finally:
            pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """A worker begins. It ends with its parent, however that ends: else it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def outlive() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=outlive, name="end-with-parent", daemon=True).start()
    _quiet()


def _quiet() -> None:
    logging.disable(logging.CRITICAL)


def _some(numbers: Iterable[int], one: Callable[[int], _T]) -> list[_Result[_T]]:
    found: list[_Result[_T]] = []
    for number in numbers:
        try:
            found.append((number, one(number), ""))
        except Exception as error:  # noqa: BLE001 each failure is shown, and the others go on
            found.append((number, None, "".join(traceback.format_exception(error)[-4:])))
    return found


def _play_some(seeds: Iterable[int]) -> list[_Result[Outcome]]:
    return _some(seeds, play)


def _walk_some(numbers: Iterable[int]) -> list[_Result[int]]:
    return _some(numbers, partial(walk, steps=STEPS))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _told(outcome: Outcome) -> str:
    counts = f"{outcome.faults} faults, {outcome.switchovers} switchovers, {outcome.writes} writes"
    return "\n".join([f"seed {outcome.seed}: {counts}", *(f"  {row}" for row in sorted(outcome.rows))])


if __name__ == "__main__":
    sys.exit(main())
