"""A simulated pair behind doors that a test can meddle with, and a client that watches it: the stage of the scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fakes.door import Door, door
from programs.pairs import UNHURRIED, running_pair, write_profile
from programs.watching import Watching
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

ITEMS = [f"bms:Plain/000/{n:05}" for n in (0, 1, 2, 4, 5)]
LIVELY = Options(items=20, change_rate=100, grace=500, dead_after=UNHURRIED)
"""A pair whose few items change several times a second."""


class Stage:
    """`doors`: by server. `profile`: of the pair as it is seen through them."""

    def __init__(self, folder: Path, pair: Pair, doors: dict[str, Door], profile: Path) -> None:
        self.folder = folder
        self.pair = pair
        self.doors = doors
        self.main = doors["main"]
        self.backup = doors["backup"]
        self.profile = profile

    def watching(self, items: Sequence[str] = ITEMS) -> Watching:
        """A child that watches; a context manager."""
        return Watching(self.profile, items)

    def claim(self, server: str, level: int | None, mode: int | None = None) -> None:
        """Let `server` announce this, None for the truth; returns when it does."""
        self.pair.wait_done(self.pair.set(server, level=level, mode=mode))


@contextmanager
def staged(
    folder: Path, options: Options, *servers: str, policy: str = "None", mode: str = "None", **settings: int
) -> Iterator[Stage]:
    """A started pair behind its doors. `settings` are those of the profile's redundancy section."""
    with ExitStack() as stack:
        pair = stack.enter_context(running_pair(folder, options, *servers))
        ports = {"main": pair.options.main_port, "backup": pair.options.backup_port}
        doors = {server: stack.enter_context(door(port)) for server, port in ports.items()}
        urls = {server: there.url for server, there in doors.items()}
        profile = write_profile(folder, pair, policy=policy, mode=mode, **urls)
        if settings:
            lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
            profile.write_text(f"{profile.read_text('utf-8')}[redundancy]\n{lines}", "utf-8")
        yield Stage(folder, pair, doors, profile)


def once(do: Callable[[], object]) -> Callable[[], None]:
    """`do`, but only the first time."""
    left = [do]

    def first() -> None:
        if left:
            left.pop()()

    return first
