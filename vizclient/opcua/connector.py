"""Probes, and the sessions they become: `redundancy.ports.Connector` with asyncua.

Round trips of a probe without security: TCP, Hello, OpenSecureChannel, CreateSession, ActivateSession, and one Read that
brings the role, the namespaces and the limits (together with the search for the Mode node until one is found; at the
very first contact with a server that has one, a second Read). With security, the server's certificate is known from earlier; at the first
contact it is asked for over an unsecured channel before. `session=False` ends after TCP.

Whatever happens becomes a report. Nothing is left behind: what was opened is closed before `probe` ends, also when it is
cancelled, within a bounded time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from vizclient.opcua import role
from vizclient.opcua.endpoint import Deadlines, Target, open_channel, open_tcp
from vizclient.opcua.errors import Misfit, problem_of
from vizclient.opcua.inspection import certificate_in, certificate_of
from vizclient.opcua.login import Login, Passwords, activate_session, close_session, create_session
from vizclient.opcua.names import Resolver
from vizclient.opcua.reading import Reader
from vizclient.opcua.session import OpcUaSession
from vizclient.opcua.trust import Identity, TrustedServers, own_identity, unwritable
from vizclient.password import Password
from vizclient.redundancy.model import Layer, Problem, ProblemKind, Report, Server, Timing
from vizclient.redundancy.ports import ProbeResult, SessionListener
from vizclient.redundancy.readiness import Certificates

_log = logging.getLogger(__name__)


class OpcUaConnector:
    """Connects to the servers of one profile.

    `own`: directory of our certificate. `trusted`: directory of this profile's server certificates. Both are made when
    security first needs them. `role_item`: the profile's, if it has one. `interface_property`: of nodes, naming their interface.
    `passwords`: needed where a target has a user.
    """

    def __init__(
        self,
        targets: Mapping[Server, Target],
        *,
        own: Path,
        trusted: Path,
        timing: Timing,
        role_item: role.RoleItem | None = None,
        interface_property: str = "Interface",
        passwords: Passwords | None = None,
        locales: tuple[str, ...] = ("en",),
        deadlines: Deadlines | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self._targets = dict(targets)
        self._own = own
        self._trusted = TrustedServers(trusted)
        self._role_item = role_item
        self._interface_property = interface_property
        self._passwords = passwords
        self._locales = locales
        self._timing = timing
        self._deadlines = deadlines or Deadlines()
        self._resolver = resolver or Resolver()
        self._identity: Identity | None = None
        self._identifying = asyncio.Lock()
        self._nodes: dict[Server, role.RoleNodes] = {}

    async def probe(self, server: Server, generation: int, listener: SessionListener, *, session: bool) -> ProbeResult:
        """See the port."""
        attempt = _Attempt(server)
        try:
            if session:
                return await self._open(attempt, generation, listener)
            await self._knock(attempt)
        except Exception as error:  # noqa: BLE001 every failure is a report
            user = self._targets[server].user
            problem = self._in_full(problem_of(error, attempt.layer, with_user=bool(user)), user)
            if problem.case == "password-refused" and self._passwords is not None and attempt.shown is not None:
                await self._passwords.refused(server, attempt.shown)
            if problem.kind is ProblemKind.LOCAL:
                _log.exception("probe of %s", server)
            return ProbeResult(attempt.report(problem), None)
        return ProbeResult(attempt.report(None), None)

    def _in_full(self, problem: Problem, user: str) -> Problem:
        """`problem`, where the server answered so, with what a person needs to know of our side."""
        if problem.status is None:
            return problem
        match problem.kind:
            case ProblemKind.CERTIFICATE:
                file = str(self._own / "vizclient.der")
                return replace(problem, case="certificate-refused", arguments=(("file", file),))
            case ProblemKind.CREDENTIALS if user:
                return replace(problem, case="password-refused", arguments=(("user", user),))
            case ProblemKind.CREDENTIALS:
                return replace(problem, case="anonymous-refused")
        return problem

    def certificates(self, server: Server) -> Certificates:
        """What a secure channel with `server` rests on, as it is kept on this computer."""
        if not self._targets[server].security.secured:
            return Certificates()
        own, trusted = certificate_in(self._own / "vizclient.der"), self._trusted.certificate(server)
        return Certificates(needed=True, own=own, trusted=certificate_of(trusted))

    async def _knock(self, attempt: _Attempt) -> None:
        target = self._targets[attempt.server]
        plain = Target(target.url).security.build(None, None)
        channel = await open_tcp(target, self._resolver, plain, self._deadlines)
        channel.abort()
        await channel.ended()
        attempt.reach(Layer.TCP)

    async def _open(self, attempt: _Attempt, generation: int, listener: SessionListener) -> ProbeResult:
        server, target, deadlines = attempt.server, self._targets[attempt.server], self._deadlines
        own = await self._our_identity() if target.security.secured else None
        try:
            password = await self._password(server)
        except Misfit:
            with contextlib.suppress(OSError):
                await self._knock(attempt)  # whether its port is open is told all the same
            raise
        channel = await open_channel(server, target, own, self._trusted, self._resolver, deadlines, attempt.reach)
        kept = False
        try:
            created = await create_session(channel, target, own, deadlines.step, deadlines.session)
            login = None
            if password is not None and self._passwords is not None:
                await self._passwords.showing(server, password)
                attempt.shown, login = password, Login(password, partial(self._trusted.check, server))
            attempt.reach(Layer.SESSION)
            await activate_session(channel, target, created, login, deadlines.step, self._locales)
            attempt.reach(Layer.ACTIVATED)
            if password is not None and self._passwords is not None:
                await self._passwords.accepted(server, password)
            reader = Reader(channel, deadlines.step)
            learned = await role.learn(channel, reader, self._role_item, self._nodes.get(server, role.RoleNodes()))
            self._nodes[server] = learned.nodes
            reader.restrict(learned.max_read)
            if channel.lost is not None:  # in this moment
                raise channel.lost
            now = time.perf_counter()
            said = learned.said
            report = attempt.timed(role.report_of(said, server, now, now - attempt.begun, learned.round_trip))
            opened = OpcUaSession(
                channel,
                server,
                generation,
                listener,
                learned,
                reader,
                self._role_item,
                self._timing,
                deadlines,
                self._interface_property,
            )
            kept = True
            return ProbeResult(report, opened)
        finally:
            if not kept:
                await close_session(channel, deadlines.close)

    async def _password(self, server: Server) -> Password | None:
        """That of the user of `server`, None without a user. Looked for before anything else: that it is lacking is known even
        while the server's port is closed, and not only when it is needed."""
        if not self._targets[server].user:
            return None
        assert self._passwords is not None, "a user needs a password"
        return await self._passwords.password(server)

    async def _our_identity(self) -> Identity:
        async with self._identifying:
            if self._identity is None:
                try:
                    self._identity = await asyncio.to_thread(own_identity, self._own)
                except OSError as error:
                    raise unwritable(self._own, error) from error
            return self._identity


class _Attempt:
    """How far one attempt has come. `shown`: the password that the server was shown, or is about to be."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.begun = time.perf_counter()
        self.layer = Layer.NOTHING
        self.shown: Password | None = None
        self._reached: dict[Layer, float] = {}

    def reach(self, layer: Layer) -> None:
        self.layer = max(self.layer, layer)
        self._reached[layer] = time.perf_counter()

    def report(self, problem: Problem | None) -> Report:
        now = time.perf_counter()
        return self.timed(Report(self.server, now, self.layer, problem, took=now - self.begun))

    def timed(self, report: Report) -> Report:
        """`report` with the times of the steps."""
        reached = self._reached
        return replace(report, channel_at=reached.get(Layer.CHANNEL), session_at=reached.get(Layer.ACTIVATED))
