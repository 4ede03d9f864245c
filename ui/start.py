"""`vizclient run`, up to where Qt is needed: its libraries take as long to load as all the rest.

So the link process, which has its own to load, is started before them.
"""

from __future__ import annotations

import asyncio
import gc
import os
from argparse import Namespace

from vizclient.exits import Exit
from vizclient.footprint import ResourceTrace
from vizclient.headless.running import complain, complain_of
from vizclient.link.client import open_link
from vizclient.logs import Log
from vizclient.places import Places
from vizclient.profiles.loading import ProfileError, load_profile

from .canvas.trace import TraceFile
from .display import has_display
from .single_instance import SingleInstance, instance_name


def run(arguments: Namespace) -> int:
    """Open the window on `profile`; the exit code. Also reads `data_dir`, `bundle`, `page`, `theme` and the traces.

    Raises ImportError where Qt cannot be loaded.
    """
    if not has_display(os.environ):
        complain("no-display", {})
        return Exit.NO_DISPLAY
    gc.disable()  # nothing of what is made until the first frame is garbage
    places = Places.of(arguments.data_dir)
    with Log("window", places.logs) as logbook:
        try:
            profile = load_profile(arguments.profile, places.config / "profiles")
        except ProfileError as error:
            complain_of(error)
            return Exit.USAGE
        page = arguments.page or ""
        instance = SingleInstance(instance_name(profile.file))
        if not instance.claim():
            if instance.ask(page):
                return Exit.DONE
            complain("instance-silent", {})
            return Exit.INTERNAL
        try:
            trace = None if arguments.trace_display is None else TraceFile(arguments.trace_display)
            resources = arguments.trace_resources and ResourceTrace(arguments.trace_resources, "window")
        except OSError as error:
            complain("trace-unwritable", {"reason": error})
            return Exit.USAGE
        link = open_link(profile, arguments.data_dir, arguments.trace_resources)
        try:
            from .app import show  # noqa: PLC0415 - Qt

            return show(
                profile,
                places,
                arguments.data_dir,
                logbook,
                instance,
                bundle_path=arguments.bundle,
                page=page,
                trace=trace,
                resources=resources,
                theme_name=arguments.theme or "",
                link=link,
            )
        except BaseException:
            asyncio.run(link.close())  # it may have come to nothing before there was a window to close it
            raise
