"""Who is let in, and what a session may do: asyncua's sessions, with users, rights and limits as real servers have them.

Hands writes to who understands them. Knows nothing of items, connections and roles.
"""

# mypy: disallow-subclassing-any=False
# asyncua's classes are Any to the type checker, and it offers no other way in than subclasses.
from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from asyncua.server.user_managers import UserManager

from vizclient.simulator.clock import Clock
from vizclient.simulator.subscriptions import Subscriptions

_NOBODY: Final = User(role=UserRole.Anonymous)

Write = Callable[[ua.WriteValue], Awaitable[ua.StatusCode]]


class Breaks(Protocol):
    """Tells whether this process was stopped and has not dealt with it yet."""

    def stopped(self) -> bool: ...


@dataclass(slots=True)
class Admission:
    """What clients meet now. `refuse`: the StatusCode that CreateSession is refused with, 0 to let them in.

    `silent`: nothing is sent while `breaks` says that the process was stopped. `trusted`: None for any certificate.
    `users`: names with their passwords, and who is none of them is refused; empty for anybody. `guarded`: methods, with the names
    of those who may call them. `max_sessions`, `max_items`: most sessions at a time, most monitored items of one call; 0 for any number.
    """

    breaks: Breaks
    write: Write
    clock: Clock
    silent: bool = True
    refuse: int = 0
    trusted: frozenset[bytes] | None = None
    users: Mapping[str, str] = field(default_factory=dict)
    guarded: dict[ua.NodeId, frozenset[str]] = field(default_factory=dict)
    refused_logins: int = 0
    max_sessions: int = 0
    max_items: int = 0

    def mute(self) -> bool:
        """Whether what would be sent now must not be."""
        return self.silent and self.breaks.stopped()

    def may_call(self, user: User | None, method: ua.NodeId) -> bool:
        """Whether the user of a session may call a method."""
        callers = self.guarded.get(method)
        return callers is None or (user is not None and user.name in callers)


class Calls:
    """Whose method call is being carried out, and who wants to know of sessions that end."""

    def __init__(self) -> None:
        self.forget: list[Callable[[ua.NodeId], None]] = []
        self._session: ContextVar[ua.NodeId | None] = ContextVar("session", default=None)

    @property
    def session(self) -> ua.NodeId | None:
        """The session that calls, None for the server's own."""
        return self._session.get()

    @contextmanager
    def of(self, session: ua.NodeId) -> Iterator[None]:
        """In here it is this session that calls."""
        token = self._session.set(session)
        try:
            yield
        finally:
            self._session.reset(token)


class DemoInternalServer(InternalServer):
    """Sessions that pass the admission, subscriptions that are fast."""

    def __init__(self, admission: Admission) -> None:
        super().__init__(user_manager=_Users(admission))
        self.admission = admission
        self.calls = Calls()
        self.allow_remote_admin = False
        self.disabled_clock = True  # asyncua's; who announces things announces the time as well
        self.subscription_service = Subscriptions(self.aspace, iserver=self)
        self.isession.subscription_service = self.subscription_service
        self.peer: ua.ApplicationDescription | None = None

    async def get_endpoints(
        self, params: ua.GetEndpointsParameters | None = None, sockname: Any = None
    ) -> list[ua.EndpointDescription]:
        """All endpoints; where there are users, none lets anybody in without a name."""
        found: list[ua.EndpointDescription] = await super().get_endpoints(params, sockname)
        if self.admission.users:
            for endpoint in found:
                endpoint.UserIdentityTokens = [
                    token for token in endpoint.UserIdentityTokens if token.TokenType is not ua.UserTokenType.Anonymous
                ]
        return found

    def find_servers(self, params: ua.FindServersParameters, sockname: Any = None) -> list[ua.ApplicationDescription]:
        """This server, and its peer, as each server of a set lists all of it."""
        found: list[ua.ApplicationDescription] = super().find_servers(params, sockname)
        wanted = params.ServerUris or []
        if self.peer is not None and (not wanted or self.peer.ApplicationUri in wanted):
            found.append(self.peer)
        return found

    def create_session(self, name: str, user: User = _NOBODY, external: bool = False) -> InternalSession:
        """A session, unless clients are refused now."""
        if self.admission.refuse:
            raise ServiceError(self.admission.refuse)
        if external and 0 < self.admission.max_sessions <= len(self._external_sessions):
            raise ServiceError(ua.StatusCodes.BadTooManySessions)
        return _Session(self, self.aspace, self.subscription_service, name, user=user, external=external)

    def unregister_external_session(self, session: InternalSession) -> None:
        """A session has ended."""
        super().unregister_external_session(session)
        for forget in self.calls.forget:
            forget(session.session_id)

    @property
    def load(self) -> dict[str, int]:
        """What clients hold here now: sessions, subscriptions, monitored items; and how often one was refused for who it is."""
        subscriptions = self.subscription_service.subscriptions.values()
        return {
            "sessions": len(self._external_sessions),
            "subscriptions": len(subscriptions),
            "monitored_items": sum(each.monitored_item_srv.count for each in subscriptions),
            "refused_logins": self.admission.refused_logins,
        }

    async def end_sessions(self) -> None:
        """End every client's session, and its subscriptions with it."""
        for session in list(self._external_sessions.values()):
            await session.close_session()


class _Session(InternalSession):
    @property
    def _internal(self) -> DemoInternalServer:
        internal = self.iserver
        assert isinstance(internal, DemoInternalServer)
        return internal

    @property
    def _admission(self) -> Admission:
        return self._internal.admission

    def activate_session(
        self, params: ua.ActivateSessionParameters, peer_certificate: bytes | None
    ) -> ua.ActivateSessionResult:
        try:
            if self._admission.users and not isinstance(params.UserIdentityToken, ua.UserNameIdentityToken):
                raise ServiceError(ua.StatusCodes.BadIdentityTokenRejected)
            return super().activate_session(params, peer_certificate)
        except ServiceError as error:
            if error.code in (ua.StatusCodes.BadIdentityTokenRejected, ua.StatusCodes.BadUserAccessDenied):
                self._admission.refused_logins += 1
            raise

    async def read(self, params: ua.ReadParameters) -> list[ua.DataValue]:
        found: list[ua.DataValue] = await super().read(params)
        if self._admission.guarded:
            for place, wanted in enumerate(params.NodesToRead):
                if wanted.AttributeId == ua.AttributeIds.UserExecutable and wanted.NodeId in self._admission.guarded:
                    found[place] = ua.DataValue(ua.Variant(self._admission.may_call(self.user, wanted.NodeId)))
        return found

    async def write(self, params: ua.WriteParameters) -> list[ua.StatusCode]:
        return [await self._admission.write(value) for value in params.NodesToWrite]

    async def call(self, params: list[ua.CallMethodRequest]) -> list[ua.CallMethodResult]:
        results = []
        for method in params:
            if self._admission.may_call(self.user, method.MethodId):
                with self._internal.calls.of(self.session_id):
                    results += await super().call([method])
            else:
                results.append(ua.CallMethodResult(ua.StatusCode(ua.StatusCodes.BadUserAccessDenied)))
        return results

    async def create_monitored_items(
        self, params: ua.CreateMonitoredItemsParameters
    ) -> list[ua.MonitoredItemCreateResult]:
        if 0 < self._admission.max_items < len(params.ItemsToCreate):
            raise ServiceError(ua.StatusCodes.BadTooManyOperations)
        created: list[ua.MonitoredItemCreateResult] = await super().create_monitored_items(params)
        return created


class _Users(UserManager):
    """Who may come in. They may do what the items allow; nobody may change the address space."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    def get_user(
        self, iserver: InternalServer, username: str | None = None, password: str | None = None, certificate: Any = None
    ) -> User | None:
        users = self._admission.users
        if users:
            wanted = users.get(username or "")
            if wanted is None or not hmac.compare_digest(wanted.encode(), (password or "").encode()):
                return None
        return User(role=UserRole.User, name=username)
