"""The real window, in a process that tells what the link announces and sets a value when it is asked to.

On standard output, a line each: "link PID", "connection STATE", "write STATE". On standard input: "write" opens the dialog of
the first set-point of the page and sets it; "dialog" only opens it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = "floor-1"
PATIENCE = 30.0


class Opened:
    """The process, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.started_at = time.perf_counter()
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, name="window", daemon=True)
        self._reader.start()

    def wait_for(self, *lines: str) -> None:
        """Until it has said one of `lines`."""
        self._wait(lambda: any(line in self._lines for line in lines), " or ".join(lines))

    @property
    def link(self) -> int:
        """The number of its link process."""
        self._wait(lambda: any(line.startswith("link ") for line in self._lines), "link")
        return int(next(line for line in self._lines if line.startswith("link ")).split()[1])

    def ask(self, what: str) -> None:
        """One of the words of the module's docstring."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()

    def close(self) -> float:
        """Ask the window to close; seconds until its process and the link process are gone."""
        link = Path(f"/proc/{self.link}")
        began = time.perf_counter()
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        while link.exists() and time.perf_counter() - began < PATIENCE:
            time.sleep(0.002)
        taken = time.perf_counter() - began
        assert code == 0, f"the window ended with {code}"
        assert not link.exists(), "the link process outlived the window"
        return taken

    def end(self) -> None:
        """Whatever state it is in."""
        self.process.kill()
        self.process.wait()
        self._reader.join(10)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self._lines.append(line.strip())
                self._changed.notify_all()

    def _wait(self, found: Callable[[], bool], what: str) -> None:
        with self._changed:
            if not self._changed.wait_for(found, PATIENCE):
                raise AssertionError(f"waited in vain for {what!r}: {self._lines}, exit code {self.process.poll()}")


@contextmanager
def opened(profile: Path, env: dict[str, str] | None = None) -> Iterator[Opened]:
    """A window on `profile`; ended by its own handle when the block is left."""
    command = [sys.executable, "-P", __file__, str(profile), str(profile.parent / "data")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", env=env)
    window = Opened(process)
    try:
        yield window
    finally:
        window.end()


def main() -> int:
    """Show the window until it is closed."""
    from ui.app import show
    from ui.single_instance import SingleInstance, instance_name
    from ui.window import Window
    from vizclient.logs import Log
    from vizclient.pages.document import SetPointElement
    from vizclient.places import Places
    from vizclient.profiles.loading import load_profile

    data_dir = Path(sys.argv[2])
    places = Places.of(data_dir)
    profile = load_profile(sys.argv[1], places.config / "profiles")

    async def beside(window: Window) -> None:
        loop, asked = asyncio.get_running_loop(), asyncio.Queue[str]()
        link, controls, bundle = window._link, window.controls, window._bundle
        say(f"link {link.pid}")
        if link.connection is not None:
            say(f"connection {link.connection.state}")
        link.on_connection.append(lambda connection: say(f"connection {connection and connection.state}"))
        link.on_write.append(lambda state: say(f"write {state.outcome}"))
        threading.Thread(target=hear, args=(loop, asked), daemon=True).start()
        assert bundle is not None
        element = next(e for e in bundle.pages[PAGE].elements if isinstance(e, SetPointElement))
        while True:
            wanted = await asked.get()
            controls.use(element, bundle)
            dialog = controls.dialog
            assert dialog is not None
            dialog.field.setText("21.5")
            while wanted == "write" and not dialog.ok.isEnabled():
                await asyncio.sleep(0.02)
                dialog.refresh()
            if wanted == "write":
                dialog.ok.click()
            say(f"did {wanted}")

    with Log("window", places.logs) as log:
        return show(
            profile, places, data_dir, log, SingleInstance(instance_name(profile.file)), page=PAGE, beside=beside
        )


def hear(loop: asyncio.AbstractEventLoop, asked: asyncio.Queue[str]) -> None:
    """Hand on what is asked; in a thread of its own."""
    for line in sys.stdin:
        loop.call_soon_threadsafe(asked.put_nowait, line.strip())


def say(line: str) -> None:
    """At once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
