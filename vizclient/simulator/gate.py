"""The OPC UA server of the simulator: asyncua's, with a gate that opens and shuts as the role wants it.

Knows how clients connect, and how they are dropped. Knows nothing of items, and nothing of how the role is found.
"""

# mypy: disallow-subclassing-any=False
# asyncua's classes are Any to the type checker, and it offers no other way in than subclasses.
from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from typing import Any

from asyncua import Server, ua
from asyncua.server.binary_server_asyncio import OPCUAProtocol
from asyncua.server.internal_server import InternalServer
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.ua_binary import uatcp_to_binary

from vizclient.simulator.sessions import Admission

_log = logging.getLogger(__name__)


class DemoServer(Server):
    """asyncua's server, without its listening: `Gate` does that."""

    async def prepare(self, url: str, uri: str, certificate: str, key: str) -> list[Any]:
        """Everything but listening; the security policies for the connections."""
        self.set_endpoint(url)
        self._application_uri = uri
        self.product_uri = "urn:vizclient:demo"
        self.manufacturer_name = "vizclient"
        self.application_type = ua.ApplicationType.Server
        self.set_server_name(f"vizclient simulator {uri.rpartition(':')[2]}")
        self.set_identity_tokens([ua.AnonymousIdentityToken, ua.UserNameIdentityToken])
        await self.init()
        await self.load_certificate(certificate)
        await self.load_private_key(key)
        self.set_security_policy(
            [ua.SecurityPolicyType.NoSecurity, ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt]
        )
        await self._setup_server_nodes()
        await self.iserver.start()
        policies: list[Any] = self._policies
        return policies


class Gate:
    """The listening socket and the connections. Shut, the port is kept, but every attempt to connect is refused."""

    def __init__(self, server: DemoServer, policies: list[Any], admission: Admission, host: str, port: int) -> None:
        self._internal, self._policies, self._admission = server.iserver, policies, admission
        self._limits = server.limits
        self._address = (host, port)
        self._connections: list[OPCUAProtocol] = []
        self._closing: list[asyncio.Task[Any]] = []
        self._listening: asyncio.Server | None = None
        self._reserved: socket.socket | None = self._reserve()

    async def open(self) -> None:
        """Let clients connect. Nothing if it is open. Raises OSError if the port is gone."""
        if self._listening is None:
            reserved = self._reserved or self._reserve()
            self._reserved = None
            self._listening = await asyncio.get_running_loop().create_server(self._connect, sock=reserved, backlog=500)

    def shut(self) -> None:
        """Refuse who connects from now on, and drop who is connected. Idempotent."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        self.drop()
        if self._reserved is None:
            with contextlib.suppress(OSError):  # tried again when it opens
                self._reserved = self._reserve()

    def close(self) -> None:
        """Shut it for good, and let go of the port."""
        self.shut()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def drop(self) -> None:
        """Drop every connection at once, unsent answers included."""
        for connection in list(self._connections):
            if connection.transport is not None:
                connection.transport.abort()

    def _reserve(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        # the protocol is named, so that asyncio sets TCP_NODELAY
        reserved = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if sys.platform != "win32":  # there it would let another process share the port
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            reserved.bind(self._address)
        except OSError:
            reserved.close()
            raise
        return reserved

    def _connect(self) -> OPCUAProtocol:
        self._closing[:] = [task for task in self._closing if not task.done()]
        return _Connection(
            self._internal, self._policies, self._connections, self._closing, self._limits, self._admission
        )


class _Connection(OPCUAProtocol):
    def __init__(
        self, internal: InternalServer, policies: Any, connections: Any, closing: Any, limits: Any, admission: Admission
    ) -> None:
        super().__init__(internal, policies, connections, closing, limits)
        self._admission = admission

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.transport is not None:  # None: too many connections
            self.processor: Any = _Processor(self.iserver, transport, self.limits, self._admission)
            self.processor.set_policies(self.policies)


class _Processor(UaProcessor):
    def __init__(self, internal: InternalServer, transport: Any, limits: Any, admission: Admission) -> None:
        super().__init__(internal, transport, limits)
        self._admission = admission

    def send_response(
        self, requesthandle: Any, seqhdr: Any, response: Any, msgtype: Any = ua.MessageType.SecureMessage
    ) -> None:
        if not self._admission.mute():
            clock = self._admission.clock
            response.ResponseHeader.Timestamp = clock.now()
            if isinstance(response, ua.PublishResponse):
                message = response.Parameters.NotificationMessage
                message.PublishTime = clock.shifted(message.PublishTime)
            super().send_response(requesthandle, seqhdr, response, msgtype)

    def open_secure_channel(self, algohdr: Any, seqhdr: Any, body: Any) -> None:
        trusted = self._admission.trusted
        if trusted is not None and algohdr.SenderCertificate and algohdr.SenderCertificate not in trusted:
            _log.warning("refused the certificate of the client at %s", self.name)
            refusal = ua.ErrorMessage(ua.StatusCode(ua.StatusCodes.BadSecurityChecksFailed), "certificate not trusted")
            self._transport.write(uatcp_to_binary(ua.MessageType.Error, refusal))
            self._transport.close()
            return
        super().open_secure_channel(algohdr, seqhdr, body)
