"""The composition root: the one place that builds the window and all that it needs."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLocale, Qt, QtMsgType, QTranslator, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from vizclient.exits import Exit
from vizclient.footprint import ResourceTrace, keep_account
from vizclient.link.client import LinkClient, open_link
from vizclient.link.drills import Drills
from vizclient.link.history import History
from vizclient.logs import Log
from vizclient.machine import on_stop
from vizclient.pages.bundle import Bundle, BundleError, load_bundle
from vizclient.places import Places
from vizclient.profiles.model import Profile
from vizclient.redundancy.model import Server, Switchover
from vizclient.state_files import StateFile
from vizclient.tasks import TaskSet

from . import loop
from .canvas.accessibility import Accessibility
from .canvas.canvas import Canvas
from .canvas.trace import TraceFile
from .numbers import Numbers
from .single_instance import SingleInstance
from .speaker import Moment, Speaker
from .style import dress
from .theme import load_fonts, load_theme
from .times import Times
from .window import Window
from .window_state import WindowState, window_state_file
from .words import Words

log = logging.getLogger(__name__)

Beside = Callable[[Window], Coroutine[None, None, None]]
"""What runs beside the window, from when its loop runs until it is closed; it is cancelled then."""

_SAVE_EVERY = 10.0
_HISTORY_AFTER = 1.0
_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def show(
    profile: Profile,
    places: Places,
    data_dir: Path | None,
    logbook: Log,
    instance: SingleInstance,
    *,
    bundle_path: Path | None = None,
    page: str = "",
    trace: TraceFile | None = None,
    resources: ResourceTrace | None = None,
    theme_name: str = "",
    beside: Beside | None = None,
    link: LinkClient | None = None,
) -> int:
    """Build the window, show it, and run until it is closed; nothing is left running then.

    `link`: the profile's, where it has been started already.
    """
    if link is None:  # it imports its libraries while the window is built
        link = open_link(profile, data_dir, resources.path if resources else None)
    mirror = link.mirror
    application = make_application()
    speaker, numbers = in_the_operators_language(application, profile)
    words = speaker.words
    history = History(places, profile.file)
    link.switchovers, history_fault = history.load()
    state_file = window_state_file(places, profile.file)
    remembered, state_fault = state_file.load()
    state = remembered or WindowState()
    theme = load_theme(theme_name or state.theme or system_theme(application))
    dress(application, theme)
    bundle, bundle_fault = read_bundle(profile, bundle_path, words)
    canvas = Canvas(mirror, theme, numbers, words)
    canvas.on_painted = trace
    accessibility = Accessibility()  # kept until the window has gone
    accessibility.watch(canvas)
    window = Window(
        profile.name,
        bundle,
        link,
        mirror,
        canvas,
        speaker,
        numbers,
        theme,
        present,
        state,
        may_switch=profile.redundancy.operator_switch,
        web=profile.web,
        last_drill=Drills(places, profile.file).last,
        users={server: user.name for server in Server if (user := profile.user_of(server)) is not None},
    )
    if page:
        window.begin_with(page)
    if bundle_fault:
        window.messages.show_message(bundle_fault)
    if state_fault is not None:
        window.tell_fault("message.state", state_fault)
    if history_fault is not None:
        window.tell_fault("message.history", history_fault)
    if logbook.unclean_end is not None:
        window.tell("message.unclean-end", file=logbook.path)
    if logbook.path is None:
        window.tell("message.no-log", folder=places.logs)
    instance.on_asked.append(window.come_forward)
    window.show()

    async def main() -> None:
        running = asyncio.get_running_loop()
        logbook.watch_loop(running)
        closed = asyncio.Event()
        window.closed.connect(closed.set)
        on_stop(running, closed.set)
        link.attach(running)
        instance.listen()
        tasks = TaskSet("window")
        if beside is not None:
            tasks.start(beside(window), name="beside")
        running.call_later(1.0, _settle)
        tasks.start(_keep_saved(state_file, window), name="state")
        tasks.start(_keep_history(history, link), name="history")
        tasks.start(keep_account(resources), name="footprint")
        try:
            await closed.wait()
        finally:
            instance.release()
            window.hide()
            _save(state_file, window.state)
            await asyncio.gather(link.close(), tasks.close())

    try:
        loop.run(application, main)
    except loop.LoopEnded:
        from vizclient.headless.running import complain  # noqa: PLC0415 - seldom wanted

        log.error("the display has gone")
        complain("display-gone", {})
        return Exit.NO_DISPLAY
    finally:
        for file in (trace, resources):
            if file is not None:
                file.close()
        qInstallMessageHandler(None)
    return Exit.DONE


def make_application() -> QApplication:
    """Qt's application object, with our font, and its messages in the log."""
    qInstallMessageHandler(
        lambda kind, context, text: Log.qt_message(_QT_LEVELS[kind], context.category or "default", text)
    )
    QApplication.setApplicationName("vizclient")
    QApplication.setDesktopFileName("vizclient")
    QApplication.setStyle("Fusion")
    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    load_fonts()
    return application


def present() -> Moment:
    """Now, on both clocks."""
    return Moment(time.perf_counter(), time.time())


def in_the_operators_language(application: QApplication, profile: Profile) -> tuple[Speaker, Numbers]:
    """Words, times and numbers as the desktop's language and the profile's zone want them."""
    words = Words.of(QLocale.system().uiLanguages()[0])
    system = QLocale.system()
    same = QLocale.languageToCode(system.language()) == words.language
    locale = system if same else QLocale(words.language)
    translator = QTranslator(application)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if words.language != "en" and translator.load(f"qtbase_{words.language}", folder):
        application.installTranslator(translator)
    names = {server: f"{profile.server(server).host}:{profile.server(server).port}" for server in Server}
    speaker = Speaker(words, Times(words, locale, profile.timezone), names)
    return speaker, Numbers(locale, speaker.times.zone_info, (words("value.false"), words("value.true")))


def system_theme(application: QApplication) -> str:
    """Light or dark, as the desktop is."""
    return "dark" if application.styleHints().colorScheme() is Qt.ColorScheme.Dark else "light"


def read_bundle(profile: Profile, path: Path | None, words: Words) -> tuple[Bundle | None, str]:
    """The bundle to show, or None and why there is none to show."""
    path = path or profile.bundle_path
    if path is None:
        return None, words("message.bundle-none")
    try:
        return load_bundle(path, profile.namespaces), ""
    except BundleError as error:
        return None, words("message.bundle", fault="\n".join(map(words.fault, error.faults[:3])))


async def _keep_saved(file: StateFile[WindowState], window: Window) -> None:
    """Save what the window remembers soon after it changed: a crash loses little."""
    saved = window.state
    while True:
        await asyncio.sleep(_SAVE_EVERY)
        if window.state != saved:
            saved = window.state
            _save(file, saved)


async def _keep_history(history: History, link: LinkClient) -> None:
    """Save each switchover once no more has become known of it for a while, and what is left at the end."""
    changed = asyncio.Event()
    link.on_switchover.append(lambda _: changed.set())
    saved = list(link.switchovers)
    try:
        while True:
            await changed.wait()
            while changed.is_set():
                changed.clear()
                await asyncio.sleep(_HISTORY_AFTER)
            saved = _save_history(history, link)
    finally:
        if link.switchovers != saved:
            _save_history(history, link)


def _save_history(history: History, link: LinkClient) -> list[Switchover]:
    """What was saved, or would have been."""
    if (fault := history.save(link.switchovers)) is not None:
        log.warning("history not saved: %s %s", fault.code, dict(fault.arguments))
    return list(link.switchovers)


def _save(file: StateFile[WindowState], state: WindowState) -> None:
    if (fault := file.save(state)) is not None:
        log.warning("state not saved: %s %s", fault.code, dict(fault.arguments))


def _settle() -> None:
    """After the start, what was made stays: the garbage collector need never look at it again."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()
