"""CreateSession and ActivateSession (OPC 10000-4, 5.7.2 and 5.7.3): two round trips over an open channel.

Knows nothing of what the session is for. A session that could not be activated is closed again, as far as the server lets it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.common.utils import create_nonce
from asyncua.crypto import security_policies, uacrypto
from asyncua.ua.ua_binary import Primitives
from cryptography import x509

from vizclient.items.ports import ServiceFault, SessionEnded
from vizclient.opcua.channel import Channel, decode
from vizclient.opcua.endpoint import Target
from vizclient.opcua.errors import AnswerLate, Misfit, Undecodable
from vizclient.opcua.trust import Identity, application_uri, leaf
from vizclient.redundancy.model import ProblemKind

_log = logging.getLogger(__name__)
_PRODUCT = "urn:vizclient"
_PATIENCE = 0.3


@dataclass(frozen=True, slots=True)
class Created:
    """What CreateSession brought that ActivateSession needs."""

    nonce: bytes
    server_certificate: bytes | None
    tokens: tuple[Any, ...]
    server_uri: str


async def create_session(
    channel: Channel, target: Target, own: Identity | None, within: float, session_timeout: float
) -> Created:
    """Create a session and use its token in the channel from now on. Misfit if the server does not prove who it is."""
    nonce = create_nonce(32)
    certificate = channel.policy.host_certificate or None
    parameters = ua.CreateSessionParameters()
    parameters.ClientDescription.ApplicationUri = own.uri if own is not None else application_uri()
    parameters.ClientDescription.ProductUri = _PRODUCT
    parameters.ClientDescription.ApplicationName = ua.LocalizedText("vizclient")
    parameters.ClientDescription.ApplicationType = ua.ApplicationType.Client
    parameters.EndpointUrl = target.url
    parameters.SessionName = f"vizclient {socket.gethostname()}"
    parameters.ClientNonce = nonce
    parameters.ClientCertificate = certificate
    parameters.RequestedSessionTimeout = session_timeout * 1000
    request = ua.CreateSessionRequest()
    request.Parameters = parameters
    result = (await _ask(channel, request, within)).Parameters
    presented = leaf(result.ServerCertificate)
    if target.security.secured:
        if presented != channel.policy.peer_certificate:
            raise Misfit(ProblemKind.CERTIFICATE, "the session has another certificate than the channel")
        try:
            channel.policy.asymmetric_cryptography.verify(
                (certificate or b"") + nonce, result.ServerSignature.Signature or b""
            )
        except uacrypto.InvalidSignature:
            raise Misfit(ProblemKind.CERTIFICATE, "the server does not have the key of its certificate") from None
    endpoints = result.ServerEndpoints or []
    fitting = next((e for e in endpoints if target.security.matches(e)), endpoints[0] if endpoints else None)
    return Created(
        result.ServerNonce or b"",
        presented,
        tuple(fitting.UserIdentityTokens or ()) if fitting is not None else (),
        str(fitting.Server.ApplicationUri or "") if fitting is not None else "",
    )


async def activate_session(
    channel: Channel, target: Target, created: Created, within: float, locales: tuple[str, ...]
) -> None:
    """Activate the session just created, anonymously or as the target's user. Misfit if the server takes no such token."""
    parameters = ua.ActivateSessionParameters()
    parameters.LocaleIds = list(locales)
    if target.security.secured:
        parameters.ClientSignature.Algorithm = channel.policy.AsymmetricSignatureURI
        parameters.ClientSignature.Signature = channel.policy.asymmetric_cryptography.signature(
            (created.server_certificate or b"") + created.nonce
        )
    parameters.UserIdentityToken = _user(target, created) if target.user else _anonymous(created)
    request = ua.ActivateSessionRequest()
    request.Parameters = parameters
    await channel.request(request, ua.ActivateSessionResponse, within)


async def close_session(channel: Channel, within: float) -> None:
    """End the channel's session, if there is one, and then the channel, within `within`; drop the socket then at the latest.

    Never raises but for cancellation, and leaves no socket behind even then.
    """
    try:
        if channel.lost is None and not channel.token.is_null():
            request = ua.CloseSessionRequest()
            request.DeleteSubscriptions = True
            await channel.ask(request, within)
        channel.close()
    except SessionEnded:
        pass
    finally:
        if channel.lost is None:
            channel.abort()
    await channel.ended()


async def _ask(channel: Channel, request: ua.CreateSessionRequest, within: float) -> Any:
    """The response to CreateSession. When cancelled, wait a moment for it all the same, so that the session can be closed."""
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    channel.send(request, answer.set_result, within)
    try:
        done, _ = await asyncio.wait({answer}, timeout=within)
    except asyncio.CancelledError:
        await asyncio.wait({answer}, timeout=_PATIENCE)
        if answer.done() and not isinstance(answer.result(), Exception):
            with contextlib.suppress(ServiceFault, Undecodable):
                channel.token = decode(answer.result(), ua.CreateSessionResponse).Parameters.AuthenticationToken
        raise
    if not done:
        raise AnswerLate(f"CreateSession not answered within {within:.1f} s")
    if isinstance(answer.result(), Exception):
        raise answer.result()
    response = decode(answer.result(), ua.CreateSessionResponse)
    channel.token = response.Parameters.AuthenticationToken
    return response


def _anonymous(created: Created) -> Any:
    token = ua.AnonymousIdentityToken()
    policy = _token_policy(created, ua.UserTokenType.Anonymous)
    if policy is None and created.tokens:
        raise Misfit(ProblemKind.CREDENTIALS, "the server takes no anonymous sessions")
    token.PolicyId = policy.PolicyId if policy is not None else None
    return token


def _user(target: Target, created: Created) -> Any:
    policy = _token_policy(created, ua.UserTokenType.UserName)
    if policy is None:
        raise Misfit(ProblemKind.CREDENTIALS, "the server takes no user names")
    token = ua.UserNameIdentityToken()
    token.UserName = target.user
    token.PolicyId = policy.PolicyId
    uri = policy.SecurityPolicyUri or target.security.policy_uri
    if uri == security_policies.SecurityPolicyNone.URI:
        if target.security.mode != "SignAndEncrypt":
            _log.warning("the password for %s is sent unencrypted: the server asks for it so", target.host)
        token.Password = target.password.encode()
        token.EncryptionAlgorithm = None
        return token
    if created.server_certificate is None:
        raise Misfit(ProblemKind.CERTIFICATE, "the server wants an encrypted password and presents no certificate")
    secret = Primitives.Bytes.pack(target.password.encode() + created.nonce)
    try:
        key = x509.load_der_x509_certificate(created.server_certificate).public_key()
        token.Password, token.EncryptionAlgorithm = security_policies.encrypt_asymmetric(key, secret, uri)
    except (ValueError, TypeError, AttributeError, ua.UaError) as error:
        raise Misfit(
            ProblemKind.SECURITY, f"the password cannot be encrypted as the server wants it: {error}"
        ) from error
    return token


def _token_policy(created: Created, kind: Any) -> Any:
    return next((policy for policy in created.tokens if policy.TokenType == kind), None)
