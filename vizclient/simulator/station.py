"""One server of the pair: its items, its role and what it says of itself. Everything happens in one task, in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from asyncua import ua

from vizclient.redundancy.model import Server
from vizclient.simulator import arbitration
from vizclient.simulator.announcement import Announcement, server_uri, standing
from vizclient.simulator.arbitration import Become, Grant, Heard, Role, Rules, Ticked, Word
from vizclient.simulator.building import NAMESPACE
from vizclient.simulator.certificates import own_certificate, trusted_certificates
from vizclient.simulator.clock import Clock
from vizclient.simulator.contents import Contents
from vizclient.simulator.gate import DemoServer, Gate
from vizclient.simulator.incoming import refusal
from vizclient.simulator.options import STANDBY_KINDS, Options
from vizclient.simulator.page_file import PageFile, bundle_bytes
from vizclient.simulator.replication import Wire
from vizclient.simulator.sessions import Admission, DemoInternalServer
from vizclient.simulator.web import Web
from vizclient.simulator.web_manager import Shown, WebManager
from vizclient.simulator.website import Website

_OTHER_NAMESPACE: Final = "urn:vizclient:demo:redundancy"
_DECIDE_EVERY: Final = 0.02
_MOVE_EVERY: Final = 0.1
_STATE_EVERY: Final = 0.2
_TIME_EVERY: Final = 1.0
_FENCE: Final = 0.9
"""A server that could not send a heartbeat for this part of `dead_after` steps down, before the other one acts."""
_NOTICE: Final = "OPCUA/Notice/Text"
_GHOST: Final = 0.05

Say = Callable[[str, dict[str, Any]], None]


class Station:
    """`say` is told of events: name and fields. `run` ends when the server has been asked to end."""

    def __init__(self, server: Server, options: Options, say: Say) -> None:
        self._server, self._options, self._say = server, options, say
        self._port = options.main_port if server is Server.MAIN else options.backup_port
        self._rules = Rules(
            server,
            None if options.stay else Server.MAIN,
            options.dead_after / 1000,
            options.grace / 1000,
            options.return_delay / 1000,
        )
        self._clock = Clock(options.main_clock if server is Server.MAIN else options.backup_clock)
        self._inbox: asyncio.Queue[tuple[float, str, Any]] = asyncio.Queue()
        self._standby = options.standby
        self._seen: dict[str, Any] = {}
        self._load: dict[str, int] = {}
        self._cut = False
        self._pages: PageFile | None = None
        self._ends_at: float | None = None
        self._ended = False
        loop = asyncio.get_running_loop()
        self._wire = Wire(
            listen=server is Server.MAIN,
            port=options.link_port,
            heartbeat=options.heartbeat / 1000,
            limit=_FENCE * self._rules.dead_after,
            receive=lambda at, kind, payload: _post(loop, self._inbox, (at, kind, payload)),
        )
        self._contents = Contents(
            server,
            options,
            self._clock,
            self._wire,
            post=lambda told: _post(loop, self._inbox, (time.perf_counter(), "mail", told)),
        )
        self._admission = Admission(
            self._wire.pulse,
            self._write,
            self._clock,
            silent=not options.ghost,
            users=options.users_of(server),
            max_sessions=options.max_sessions,
            max_items=options.max_items,
        )
        self._state = arbitration.begin(self._rules, time.perf_counter())

    async def start(self) -> None:
        """Build everything and take up the standby role. Raises OSError if a port or file cannot be had."""
        options, uri = self._options, server_uri(self._server)
        internal = DemoInternalServer(self._admission)
        self._internal = internal
        demo = DemoServer(internal)
        certificate, key = await asyncio.to_thread(
            own_certificate,
            Path(options.data_dir),
            self._server,
            uri,
            options.host,
            expired=self._server in options.expired_certificate,
        )
        if options.trust:
            self._admission.trusted = await asyncio.to_thread(trusted_certificates, Path(options.trust))
        if options.reject_certificates:
            self._admission.trusted = frozenset()
        host = options.advertise or options.host
        if options.advertise:
            internal.match_discovery_endpoint_url = internal.match_discovery_source_ip = False
        policies = await demo.prepare(_url(host, self._port), uri, str(certificate), str(key))
        order = (NAMESPACE, _OTHER_NAMESPACE) if self._server is Server.MAIN else (_OTHER_NAMESPACE, NAMESPACE)
        indexes = {name: await demo.register_namespace(name) for name in order}
        self._contents.build(internal.aspace, indexes[NAMESPACE])
        if bundle := (self._server is Server.BACKUP and options.backup_bundle) or options.bundle:
            content = await asyncio.to_thread(bundle_bytes, Path(bundle))
            self._pages = PageFile(internal.aspace, indexes[NAMESPACE], internal.calls, content, self._clock.now())
        self._announcement = Announcement(
            demo, self._server, self._clock, options.announce, indexes[_OTHER_NAMESPACE], indexes[NAMESPACE]
        )
        await self._announcement.prepare(self._failover, options.max_items)
        self._announcement.let_fail_over(self._admission, options.failover_users)
        await self._announcement.tell_time()
        peer_port = options.backup_port if self._server is Server.MAIN else options.main_port
        self._announcement.name_peer(_url(host, peer_port))
        self._gate = Gate(demo, policies, self._admission, options.host, self._port)
        silent = self._admission.mute
        self._web = Web(
            self._server,
            options,
            Website(self._server, self._contents.items, self._contents.nodes, silent),
            WebManager(self._server, self._look, self._change_notice, lambda: self.command("swap", {}), silent),
        )
        await self._web.start()
        await self._become_standby("start")
        self._state = arbitration.begin(self._rules, time.perf_counter())
        self._put_word()  # the thread of the wire sends it from its first moment on
        self._wire.start()

    async def run(self) -> None:
        """Act until the end."""
        moved = stated = told_time = time.perf_counter()
        while not self._ended:
            now = time.perf_counter()
            if not self._wire.pulse.stopped():
                await self._arbitrate(Ticked(now))
                if now - moved >= _MOVE_EVERY:
                    alive = arbitration.peer_alive(self._rules, self._state, now)
                    await self._contents.move(now, min(now - moved, 0.5), peer_alive=alive)
                    moved = now
                if now - stated >= _STATE_EVERY:
                    stated = now
                    if self._state.role is Role.ACTIVE:
                        self._wire.send("state", self._whole_state(now))
                    elif told := self._contents.told():
                        self._wire.send("told", told)
                if now - told_time >= _TIME_EVERY:
                    told_time = now
                    await self._announcement.tell_time()
                await self._announce(now)
                self._tell(now)
            if self._ends_at is not None and now >= self._ends_at:
                self._ended = True
            await self._wait()

    async def close(self) -> None:
        """Let go of sockets and files."""
        await self._web.close()
        self._wire.close()
        self._gate.close()
        self._contents.close()

    def end(self) -> None:
        """Make `run` return. Thread-safe only through the loop."""
        self._ended = True
        self._inbox.put_nowait((time.perf_counter(), "wake", None))

    async def command(self, do: str, arguments: dict[str, Any]) -> bool:
        """What a person, or a test, asks of this server; whether it is done. Raises ValueError for what makes no sense."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait((time.perf_counter(), "command", (do, arguments, done)))
        return await done

    async def _obey(self, do: str, arguments: dict[str, Any]) -> bool:
        now = time.perf_counter()
        match do:
            case "swap":
                before = self._state
                await self._arbitrate(arbitration.SwapAsked(now))
                return self._state is not before
            case "cut":
                self._cut = bool(arguments["cut"])
                self._wire.cut(cut=self._cut)
            case "stop":
                self._ends_at = now + float(arguments.get("seconds", 1.0))
                await self._arbitrate(arbitration.Leaving(now))
            case "set":
                await self._set_values(arguments)
            case "write":
                await self._contents.force(arguments)
            case "point":
                self._contents.point(arguments["interfaces"], here=bool(arguments["here"]))
            case "foreign":
                self._contents.break_foreign(arguments["name"], failed=bool(arguments["failed"]))
            case _:
                raise ValueError(f"unknown command {do}")
        await self._announce(time.perf_counter())
        return True

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_DECIDE_EVERY):
                message = await self._inbox.get()
        except TimeoutError:
            return
        while True:
            await self._receive(*message)
            if self._inbox.empty():
                return
            message = self._inbox.get_nowait()

    async def _receive(self, at: float, kind: str, payload: Any) -> None:
        match kind:
            case "word":
                await self._arbitrate(Heard(at, _word(payload)))
            case "state" if self._state.role is Role.STANDBY:
                self._contents.take(payload)
                await self._arbitrate(arbitration.Updated(at))
            case "write" if self._state.role is Role.STANDBY:
                self._contents.keep(*payload)
            case "mail":
                self._contents.messaging.ended(payload)
            case "told":
                self._contents.hear(payload)
            case "ask":
                await self._arbitrate(arbitration.Asked(at))
            case "grant":
                self._contents.take(payload)
                await self._arbitrate(arbitration.Granted(at))
            case "command":
                do, arguments, done = payload
                try:
                    outcome = await self._obey(do, arguments)
                except (ValueError, KeyError, TypeError, OSError) as error:
                    done.set_exception(error)
                else:
                    if not done.done():  # whoever asked by a method may have been sent away by what was asked for
                        done.set_result(outcome)
            case "thawed":
                self._contents.messaging.thawed()
                if self._options.ghost:
                    await asyncio.sleep(_GHOST)
                await self._arbitrate(arbitration.Thawed(time.perf_counter()))
                self._wire.pulse.clear()

    async def _arbitrate(self, event: arbitration.Event) -> None:
        self._state, effects = arbitration.arbitrate(self._rules, self._state, event)
        for effect in effects:
            match effect:
                case Become(Role.ACTIVE, reason):
                    await self._become_active(reason)
                case Become(Role.STANDBY, reason):
                    await self._become_standby(reason)
                case Grant():
                    self._wire.send("grant", self._whole_state(time.perf_counter()))
                case _:
                    self._wire.send("ask", None)
        self._put_word()

    def _put_word(self) -> None:
        """Let the heartbeat say how this server stands."""
        word = arbitration.word_of(self._state)
        self._wire.word = (word.role, word.ready, word.favourite, word.wish)

    async def _become_active(self, reason: str) -> None:
        began = time.perf_counter()
        await self._contents.become_active(began, cold=reason in ("alone", "nobody active"))
        self._admission.refuse = 0
        await self._announce(time.perf_counter())
        await self._gate.open()
        at = time.perf_counter()
        self._contents.note_role("active", reason, at)
        await self._web.become_active()
        self._say("role", {"role": "active", "reason": reason, "p": at, "took": at - began})

    async def _become_standby(self, reason: str) -> None:
        at = time.perf_counter()
        passive = self._standby == "passive" or self._state.leaving
        self._admission.refuse = 0 if passive else ua.StatusCodes.BadServerHalted
        self._web.become_standby()
        if not passive:
            if self._standby == "closed":
                self._gate.shut()
            else:
                self._gate.drop()
            await self._internal.end_sessions()
        self._contents.note_role("standby", reason, at)
        await self._contents.become_standby()
        await self._announce(at)
        if passive or self._standby == "reject":
            await self._gate.open()
        self._say("role", {"role": "standby", "reason": reason, "p": at, "took": time.perf_counter() - at})

    def _look(self) -> Shown:
        """What the Web Manager shows."""
        now, load = time.perf_counter(), self._internal.load
        alive = arbitration.peer_alive(self._rules, self._state, now)
        ready = arbitration.peer_ready(self._rules, self._state, now)
        return Shown(
            self._state.role is Role.ACTIVE and not self._state.leaving,
            str(self._contents.held(_NOTICE)),
            (
                ("Role", self._state.role),
                ("Service level", self._announcement.level),
                ("Other server", "ready" if ready else "heard" if alive else "not heard"),
                ("Sessions", load["sessions"]),
                ("Subscriptions", load["subscriptions"]),
                ("Monitored items", load["monitored_items"]),
                ("Items", len(self._contents.items)),
                ("Time", f"{self._clock.now():%Y-%m-%d %H:%M:%S} UTC"),
            ),
        )

    async def _change_notice(self, text: str) -> bool:
        return await self.command("write", {"item": _NOTICE, "value": text[:200]})

    def _whole_state(self, now: float) -> dict[str, Any]:
        return self._contents.whole_state(peer_ready=arbitration.peer_ready(self._rules, self._state, now))

    async def _write(self, write: ua.WriteValue) -> ua.StatusCode:
        index = self._contents.nodes.index.get(write.NodeId)
        if self._admission.mute() or self._state.leaving:
            return ua.StatusCode(ua.StatusCodes.BadServerHalted)
        if write.NodeId not in self._internal.aspace:
            return ua.StatusCode(ua.StatusCodes.BadNodeIdUnknown)
        if index is None:
            return ua.StatusCode(ua.StatusCodes.BadNotWritable)
        if self._state.role is not Role.ACTIVE:
            return ua.StatusCode(ua.StatusCodes.BadInvalidState)
        status = refusal(self._contents.items[index], write)
        content = write.Value.Value.Value if write.Value.Value is not None else None
        status = status or self._contents.refusal(index, content)
        if not status:
            await self._contents.apply(index, tuple(content) if isinstance(content, list) else content)
        return ua.StatusCode(status)

    async def _set_values(self, wanted: dict[str, Any]) -> None:
        for name, value in wanted.items():
            match name:
                case "level" | "state" | "mode" | "support" | "peer_level":
                    self._announcement.claims[name] = value
                case "estimated_return":
                    await self._announcement.promise(None if value is None else float(value))
                case "reject_certificates":
                    self._admission.trusted = frozenset() if value else None
                case "users":
                    self._admission.users = {str(name): str(password) for name, password in value.items()}
                case "failover_users":
                    self._announcement.let_fail_over(self._admission, value)
                case "bundle" if self._pages is not None:
                    self._pages.replace(await asyncio.to_thread(bundle_bytes, Path(value)), self._clock.now())
                case "missing":
                    await self._contents.nodes.miss(value or ())
                case "clock":
                    self._clock.ahead = float(value)
                    await self._announcement.tell_time()
                case "standby" if value in STANDBY_KINDS:
                    self._standby = value
                    if self._state.role is Role.STANDBY:
                        await self._become_standby("set")
                case _:
                    raise ValueError(f"cannot set {name} to {value!r}")

    async def _failover(self, _parent: ua.NodeId) -> ua.StatusCode:
        return ua.StatusCode(0 if await self.command("swap", {}) else ua.StatusCodes.BadInvalidState)

    async def _announce(self, now: float) -> None:
        """Bring what the server says of itself in line with what it is."""
        left = max(0, round(self._ends_at - now)) if self._ends_at is not None else 0
        await self._announcement.show(standing(self._rules, self._state, self._options, now, seconds_left=left))

    def _tell(self, now: float) -> None:
        """Say how things stand, when that changes."""
        alive = arbitration.peer_alive(self._rules, self._state, now)
        ready = arbitration.peer_ready(self._rules, self._state, now)
        seen = {
            "role": self._state.role, "peer": alive, "peer_ready": ready, "cut": self._cut,
            "updated": self._state.updated_at is not None, "level": self._announcement.level,
        }  # fmt: skip
        if seen != self._seen:
            self._seen = seen
            self._say("state", {**seen, "p": now})
        load = self._internal.load
        if load != self._load:
            self._load = load
            self._say("load", load)


def _url(host: str, port: int) -> str:
    return f"opc.tcp://[{host}]:{port}" if ":" in host else f"opc.tcp://{host}:{port}"


def _post(loop: asyncio.AbstractEventLoop, inbox: asyncio.Queue[Any], message: Any) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(inbox.put_nowait, message)


def _word(payload: Any) -> Word:
    role, ready, favourite, wish = payload
    return Word(Role(role), bool(ready), None if favourite is None else Server(favourite), int(wish))
