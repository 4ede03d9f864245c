"""The link process, started by the window as `python -P -m vizclient.link.process --profile F [OPTION …]`.

Its standard input and output are the private channel; whatever anybody prints goes to standard error. It lives as
long as the channel: at the end of file it closes its session and exits.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import io
import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vizclient import machine

if TYPE_CHECKING:
    from vizclient.link.channel import Channel
    from vizclient.link.messages import FromWindow
    from vizclient.logs import Log
    from vizclient.places import Places
    from vizclient.profiles.model import Profile

SAY_WITHIN = 0.5
"""Seconds for the last words to go into the pipe."""
COLLECT_AFTER = (20_000, 20, 50)
"""Garbage is collected more seldom than usual: a burst of values is no garbage, and a collection is a stall."""
COLLECT_EVERY = 60.0
"""Seconds. Each connection that has ended leaves 2 KB in asyncio that refer to each other, and grew old with it. What this process
began with is frozen: with 20,000 items there are 40,000 objects to look at, which takes some 5 ms."""
GRACE = 2.0
"""Seconds that this process may outlive a window that died."""


def main() -> None:
    """Run the link process. Never returns: a stuck name resolution or a stray thread must not keep it alive."""
    gc.disable()  # nothing becomes garbage while modules are loaded: that takes a fifth less time without
    reading, writing = take_channel()
    machine.ensure_streams()
    machine.end_with_parent(GRACE)
    parser = argparse.ArgumentParser(prog="vizclient-link")
    parser.add_argument("--profile", required=True)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--trace-resources", type=Path)
    arguments = parser.parse_args()
    code = _serve(reading, writing, arguments.profile, arguments.data_dir, arguments.trace_resources)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def take_channel() -> tuple[io.RawIOBase, io.RawIOBase]:
    """The two pipes, out of reach of anything that prints or reads: input gives nothing, output is standard error."""
    reading, writing = io.FileIO(os.dup(0), "rb"), io.FileIO(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # no standard error either, as under pythonw
        os.dup2(nothing, 1)
    os.close(nothing)
    return reading, writing


def _serve(
    reading: io.RawIOBase, writing: io.RawIOBase, profile: str, data_dir: Path | None, trace_resources: Path | None
) -> int:
    from vizclient.link.channel import Channel  # noqa: PLC0415 - the channel is safe by now; messages wait in it
    from vizclient.link.messages import Troubled, decode_from_window, encode  # noqa: PLC0415
    from vizclient.logs import Log  # noqa: PLC0415
    from vizclient.places import Places  # noqa: PLC0415
    from vizclient.profiles.loading import ProfileError, load_profile  # noqa: PLC0415

    places = Places.of(data_dir)
    with Log("link", places.logs) as log:
        channel = Channel(reading, writing, decode_from_window, name="window")
        try:
            loaded = load_profile(profile, places.config / "profiles")
        except ProfileError as error:
            channel.send(encode(Troubled(error.code, dict(error.arguments))))
            channel.close(wait=SAY_WITHIN)
            return 2
        try:
            asyncio.run(_run(channel, loaded, places, log, trace_resources))
        except Exception:  # the window starts another one
            logging.getLogger(__name__).exception("the link process cannot go on")
            return 1
        finally:
            channel.close(wait=SAY_WITHIN)
    return 0


async def _run(
    channel: Channel[FromWindow], profile: Profile, places: Places, log: Log, trace_resources: Path | None
) -> None:
    from vizclient.footprint import ResourceTrace, keep_account  # noqa: PLC0415
    from vizclient.link.composition import compose  # noqa: PLC0415 - asyncua: a quarter of a second
    from vizclient.link.service import Service  # noqa: PLC0415
    from vizclient.tasks import TaskSet  # noqa: PLC0415

    log.watch_loop(asyncio.get_running_loop())
    service = Service(channel, partial(compose, profile, places, with_readiness=True))
    tasks = TaskSet("link")
    trace = None if trace_resources is None else ResourceTrace(trace_resources, "link")
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    gc.enable()
    tasks.start(keep_account(trace), name="footprint")
    tasks.start(_collect(), name="garbage")
    try:
        await service.run()
    finally:
        await tasks.close()


async def _collect() -> None:
    while True:
        await asyncio.sleep(COLLECT_EVERY)
        gc.collect()


if __name__ == "__main__":
    main()
