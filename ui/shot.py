"""`vizclient shot`: a picture of a page with live values, made without a display. The strip is part of it."""

from __future__ import annotations

import asyncio
import os
import time
from argparse import Namespace
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImageWriter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vizclient.exits import Exit
from vizclient.headless.running import complain, complain_of
from vizclient.items.freshness import Freshness
from vizclient.link.client import open_link
from vizclient.logs import Log
from vizclient.machine import on_stop
from vizclient.pages.bundle import Bundle, BundleError, load_bundle
from vizclient.pages.document import Page
from vizclient.places import Places
from vizclient.profiles.loading import ProfileError, load_profile
from vizclient.profiles.model import Profile
from vizclient.redundancy.model import Caution, Connection, ConnectionState

from . import loop
from .app import in_the_operators_language, make_application, present
from .canvas.canvas import Canvas
from .panels.strip import Strip
from .style import dress
from .theme import load_theme

_PATIENCE = 10.0
_GIVEN_UP = 3.0
"""Seconds after which what the connection says about the servers is taken for the answer."""
_DETAILS = 2.0
"""Seconds that units and ranges have, once all values are there."""
_LOOK_EVERY = 0.02


def run(arguments: Namespace) -> int:
    """Make the picture that `arguments` ask for; the exit code tells how the servers were."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["QT_SCALE_FACTOR"] = str(arguments.scale)
    places = Places.of(arguments.data_dir)
    with Log("shot", places.logs) as logbook:
        try:
            profile = load_profile(arguments.profile, places.config / "profiles")
        except ProfileError as error:
            complain_of(error)
            return Exit.USAGE
        path = arguments.bundle or profile.bundle_path
        if path is None:
            complain("no-bundle", {})
            return Exit.USAGE
        try:
            bundle = load_bundle(path, profile.namespaces)
        except BundleError as error:
            complain_of(error)
            return Exit.USAGE
        if arguments.page not in bundle.pages:
            complain("no-such-page", {"page": arguments.page, "known": ", ".join(bundle.pages)})
            return Exit.USAGE
        return _Picture(profile, arguments, bundle, logbook).make()


class _Picture:
    """One page, its strip, and the link that feeds them."""

    def __init__(self, profile: Profile, arguments: Namespace, bundle: Bundle, logbook: Log) -> None:
        self._arguments = arguments
        self._logbook = logbook
        self._link = open_link(profile, arguments.data_dir)
        self._mirror = self._link.mirror
        self._application = make_application()
        speaker, numbers = in_the_operators_language(self._application, profile)
        theme = load_theme(arguments.theme or "light")
        dress(self._application, theme)
        page: Page = bundle.pages[arguments.page]
        handles = {item: self._mirror.handle(address) for item, address in bundle.addresses(page.id).items()}
        self._handles: Sequence[int] = tuple(handles.values())
        self._link.show("0", self._handles)
        self._whole = QWidget(None, Qt.WindowType.FramelessWindowHint)
        self._strip = Strip(speaker, self._mirror, theme, present, self._whole)
        self._canvas = Canvas(self._mirror, theme, numbers, speaker.words, parent=self._whole)
        self._canvas.set_page(page, handles)
        self._link.on_connection.append(self._strip.set_connection)
        box = QVBoxLayout(self._whole)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._strip)
        box.addWidget(self._canvas, 1)
        width, height = page.size
        own = QSize(round(width), round(height) + self._strip.height())
        self._whole.setFixedSize(QSize(*arguments.size) if arguments.size else own)

    def make(self) -> Exit:
        """Wait, take it, save it."""
        self._whole.show()
        code = loop.run(self._application, self._wait_and_take)
        return Exit.UNKNOWN if code is None else code

    async def _wait_and_take(self) -> Exit:
        running = asyncio.get_running_loop()
        self._logbook.watch_loop(running)
        task = asyncio.current_task()
        assert task is not None
        on_stop(running, task.cancel)
        self._link.attach(running)
        try:
            await self._until_ready()
            self._strip.refresh()
            self._canvas.repaint_all()  # also what would have been painted with the next frame
            picture = self._whole.grab().toImage()
            connection = self._link.connection
        finally:
            self._whole.hide()
            await self._link.close()
        writer = QImageWriter(str(self._arguments.out), b"png")
        if not writer.write(picture):
            complain("picture-unwritable", {"reason": f"{self._arguments.out}: {writer.errorString()}"})
            return Exit.USAGE
        return exit_of(connection)

    async def _until_ready(self) -> None:
        started = time.perf_counter()
        complete_at: float | None = None
        while True:
            now = time.perf_counter()
            waited = now - started
            if self._arguments.after is not None:
                if waited >= self._arguments.after:
                    return
            elif waited >= _PATIENCE or (waited >= _GIVEN_UP and _is_hopeless(self._link.connection)):
                return
            elif self._values_are_there(now):
                complete_at = complete_at or now
                if self._details_are_there() or now - complete_at >= _DETAILS:
                    return
            else:
                complete_at = None
            await asyncio.sleep(_LOOK_EVERY)

    def _values_are_there(self, now: float) -> bool:
        connection = self._link.connection
        if connection is None or connection.state is not ConnectionState.CONNECTED:
            return False
        waiting = (Freshness.NEVER, Freshness.HELD, Freshness.STALE)
        return all(self._mirror.freshness(handle, now) not in waiting for handle in self._handles)

    def _details_are_there(self) -> bool:
        now = time.perf_counter()
        return all(
            self._mirror.metadata[handle] is not None or self._mirror.freshness(handle, now) is Freshness.MISSING
            for handle in self._handles
        )


def exit_of(connection: Connection | None) -> Exit:
    """How the servers were when the picture was taken."""
    if connection is None:
        return Exit.NO_ACTIVE
    if connection.state is ConnectionState.ATTENTION:
        return Exit.ATTENTION
    if connection.state is not ConnectionState.CONNECTED:
        return Exit.NO_ACTIVE
    return Exit.TWO_ACTIVE if Caution.TWO_ACTIVE in connection.warnings else Exit.DONE


def _is_hopeless(connection: Connection | None) -> bool:
    return connection is not None and connection.state in (ConnectionState.NO_ACTIVE, ConnectionState.ATTENTION)
