"""A server process of the pair: commands as JSON lines on stdin, events on stdout; it ends at the end of stdin.

Started by `vizclient.simulator.pair` as `-m vizclient.simulator.process SERVER OPTIONS`.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import queue
import sys
import threading
import time
from typing import Any

from vizclient import machine
from vizclient.redundancy.model import Server
from vizclient.simulator.options import Options
from vizclient.tasks import TaskSet


class _Outbox:
    """Lines for the parent, written by a thread, so that a parent that does not read never holds the server up."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def say(self, event: str, fields: dict[str, Any]) -> None:
        head = {"event": event, "server": self._server, "t": time.time(), "p": time.perf_counter()}
        self._lines.put(json.dumps(head | fields))

    def close(self) -> None:
        self._lines.put(None)
        self._thread.join(timeout=0.5)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
            except OSError:  # the parent is gone; the end of stdin ends this process
                return


def main(arguments: list[str]) -> int:
    """Run one server until it is told to end. 0; 1 if it could not start."""
    machine.ensure_streams()
    machine.end_with_parent()
    server, options = Server(arguments[0]), Options.from_json(arguments[1])
    _log_to_stderr(verbose=options.verbose)
    outbox = _Outbox(server)
    gc.disable()  # building makes a million objects that all stay
    try:
        return asyncio.run(_serve(server, options, outbox))
    except OSError as error:
        outbox.say("failed", {"error": str(error)})
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        outbox.close()


async def _serve(server: Server, options: Options, outbox: _Outbox) -> int:
    from vizclient.simulator.station import Station  # noqa: PLC0415 - asyncua takes its time; failures are said first

    station = Station(server, options, outbox.say)
    await station.start()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 50, 50)
    tasks = TaskSet("simulator")
    loop = asyncio.get_running_loop()
    commands: asyncio.Queue[str | None] = asyncio.Queue()
    threading.Thread(target=_read_commands, args=(loop, commands), name="commands", daemon=True).start()
    tasks.start(_obey(station, commands, outbox), name="commands")
    machine.on_stop(loop, station.end)
    outbox.say("ready", {})
    try:
        await station.run()
    finally:
        await tasks.close()
        await station.close()
    outbox.say("ended", {})
    return 0


async def _obey(station: Any, commands: asyncio.Queue[str | None], outbox: _Outbox) -> None:
    while (line := await commands.get()) is not None:
        command = json.loads(line)
        try:
            done = await station.command(command["do"], command.get("with", {}))
            outbox.say("reply", {"id": command["id"], "done": done})
        except (ValueError, KeyError, TypeError, OSError) as error:
            outbox.say("reply", {"id": command["id"], "done": False, "error": f"{type(error).__name__}: {error}"})
    station.end()


def _read_commands(loop: asyncio.AbstractEventLoop, commands: asyncio.Queue[str | None]) -> None:
    for line in sys.stdin:
        if not loop.is_closed():
            loop.call_soon_threadsafe(commands.put_nowait, line)
    if not loop.is_closed():
        loop.call_soon_threadsafe(commands.put_nowait, None)


def _log_to_stderr(*, verbose: bool) -> None:
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    if not verbose:  # asyncua warns of what clients may do: refused writes, closed connections, faults as answers
        logging.getLogger("asyncua").setLevel(logging.ERROR)
        logging.getLogger("asyncua.server.uaprocessor").addFilter(lambda record: record.exc_info is not None)
        logging.getLogger("asyncua.server.address_space").setLevel(logging.CRITICAL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
