"""`vizclient demo`: a simulated pair of servers, and the window on them with a panel to take one away."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from vizclient.exits import Exit
from vizclient.footprint import ResourceTrace
from vizclient.headless.running import complain
from vizclient.logs import Log
from vizclient.places import Places
from vizclient.profiles.loading import load_profile
from vizclient.redundancy.model import Server
from vizclient.simulator.demo import demo_options, demo_profile
from vizclient.simulator.pair import Pair
from vizclient.simulator.server_process import Event

from .app import show
from .canvas.trace import TraceFile
from .demo_panel import DemoPanel
from .display import has_display
from .single_instance import SingleInstance, instance_name
from .window import Window


def run(arguments: Namespace) -> int:
    """Run the demo until its window is closed; both servers end with it, however it ends."""
    if not has_display(os.environ):
        complain("no-display", {})
        return Exit.NO_DISPLAY
    gc.disable()
    with ExitStack() as stack:
        data_dir = arguments.data_dir
        if data_dir is None:
            data_dir = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="vizclient-demo-", ignore_cleanup_errors=True))
            )
        places = Places.of(data_dir)
        logbook = stack.enter_context(Log("window", places.logs))
        try:
            trace = None if arguments.trace_display is None else TraceFile(arguments.trace_display)
            resources = arguments.trace_resources and ResourceTrace(arguments.trace_resources, "window")
        except OSError as error:
            complain("trace-unwritable", {"reason": error})
            return Exit.USAGE
        try:
            options = demo_options(arguments.standby, arguments.items)
        except ValueError as error:
            complain("demo-ended", {"reason": error})
            return Exit.USAGE
        panels: list[DemoPanel] = []

        def heard(event: Event) -> None:
            for panel in panels:
                panel.heard(event)

        pair = stack.enter_context(Pair(options, on_event=heard))
        profile = load_profile(_write_profile(pair, places))
        instance = SingleInstance(instance_name(profile.file))
        if not instance.claim():
            complain("instance-silent" if not instance.ask("") else "demo-open", {})
            return Exit.USAGE

        async def beside(window: Window) -> None:
            panel = DemoPanel(pair, window.words, window.theme)
            panels.append(panel)
            title = window.words("demo.title")
            dock = window.add_panel("demo-dock", title, panel, Qt.DockWidgetArea.BottomDockWidgetArea)
            dock.setTitleBarWidget(QWidget(dock))  # it stays where it is
            pair.launch()  # now that the window is there
            panel.refresh()
            try:
                await asyncio.get_running_loop().create_future()
            finally:  # together with the window, which need not wait for servers that are frozen
                panels.clear()
                for server in Server:
                    pair.kill(server)

        return show(
            profile,
            places,
            data_dir,
            logbook,
            instance,
            trace=trace,
            resources=resources,
            theme_name=arguments.theme or "",
            beside=beside,
        )


def _write_profile(pair: Pair, places: Places) -> Path:
    places.create()
    path = places.config / "demo.toml"
    path.write_text(demo_profile(pair), encoding="utf-8")
    return path
