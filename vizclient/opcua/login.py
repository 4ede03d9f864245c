"""CreateSession and ActivateSession (OPC 10000-4, 5.7.2 and 5.7.3): two round trips over an open channel.

Knows nothing of what the session is for. A session that could not be activated is closed again, as far as the server lets it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

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
from vizclient.password import Password
from vizclient.redundancy.model import ProblemKind, Server

_PRODUCT = "urn:vizclient"
_PATIENCE = 0.3

_NONE: Final = str(security_policies.SecurityPolicyNone.URI)
_ENCRYPTING: Final = tuple(
    str(policy.URI)
    for policy in (
        security_policies.SecurityPolicyAes256Sha256RsaPss,
        security_policies.SecurityPolicyBasic256Sha256,
        security_policies.SecurityPolicyAes128Sha256RsaOaep,
        security_policies.SecurityPolicyBasic256,
        security_policies.SecurityPolicyBasic128Rsa15,
    )
)
"""What a password can be encrypted with, the best first; the last two are out of date, and better than nothing."""


class Passwords(Protocol):
    """Where the passwords of users come from, and who hears what became of them."""

    async def password(self, server: Server) -> Password:
        """The one for the user of `server`. Raises Misfit if there is none, or it must not be shown now. Bounded in time."""
        ...

    async def showing(self, server: Server, password: Password) -> None:
        """It is shown next. Raises Misfit if it must not be, because it has been meanwhile. Bounded in time."""
        ...

    async def accepted(self, server: Server, password: Password) -> None:
        """The server took it."""
        ...

    async def refused(self, server: Server, password: Password) -> None:
        """The server did not take it. Returns when that is kept, in bounded time."""
        ...


@dataclass(frozen=True, slots=True)
class Login:
    """What a user logs in with. `trust` is handed the certificate that the password is to be encrypted for, where the channel
    did not prove whose it is; it raises Misfit if that is not trusted."""

    password: Password
    trust: Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Created:
    """What CreateSession brought that ActivateSession needs. `tokens`: the UserTokenPolicies of the endpoint in use."""

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
        presented or (leaf(fitting.ServerCertificate) if fitting is not None else None),
        tuple(fitting.UserIdentityTokens or ()) if fitting is not None else (),
        str(fitting.Server.ApplicationUri or "") if fitting is not None else "",
    )


async def activate_session(
    channel: Channel,
    target: Target,
    created: Created,
    login: Login | None,
    within: float,
    locales: tuple[str, ...],
) -> None:
    """Activate the session just created, as the target's user or, without `login`, anonymously.

    Misfit if the server takes no such token, or no password without its being told to others.
    """
    parameters = ua.ActivateSessionParameters()
    parameters.LocaleIds = list(locales)
    if target.security.secured:
        parameters.ClientSignature.Algorithm = channel.policy.AsymmetricSignatureURI
        parameters.ClientSignature.Signature = channel.policy.asymmetric_cryptography.signature(
            (created.server_certificate or b"") + created.nonce
        )
    parameters.UserIdentityToken = _anonymous(created) if login is None else _user(target, created, login)
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
    policy = next((policy for policy in created.tokens if policy.TokenType == ua.UserTokenType.Anonymous), None)
    if policy is None and created.tokens:
        raise Misfit(ProblemKind.CREDENTIALS, "the server takes no anonymous sessions", "anonymous-refused")
    token.PolicyId = policy.PolicyId if policy is not None else None
    return token


def _user(target: Target, created: Created, login: Login) -> Any:
    """A UserNameIdentityToken (OPC 10000-4, 7.40.4), its password encrypted as the chosen policy says."""
    policy, uri = _token_policy(target, created)
    token = ua.UserNameIdentityToken()
    token.UserName = target.user
    token.PolicyId = policy.PolicyId
    text = login.password.reveal().encode()
    if uri == _NONE:
        token.Password = text
        token.EncryptionAlgorithm = None
        return token
    certificate = created.server_certificate
    if certificate is None:
        raise Misfit(ProblemKind.SECURITY, "no certificate to encrypt the password for", "password-no-certificate")
    if not target.security.secured:
        login.trust(certificate)
    secret = Primitives.Bytes.pack(text + created.nonce)
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
        token.Password, token.EncryptionAlgorithm = security_policies.encrypt_asymmetric(key, secret, uri)
    except (ValueError, TypeError, AttributeError, ua.UaError) as error:
        reason = f"the password cannot be encrypted with {uri}: {type(error).__name__}"
        raise Misfit(ProblemKind.SECURITY, reason, "password-no-certificate") from None
    return token


def _token_policy(target: Target, created: Created) -> tuple[Any, str]:
    """The UserTokenPolicy to log in with, and what encrypts the password (OPC 10000-4, 7.41): the best that is offered.

    Unencrypted only inside an encrypted channel, or where the profile allows it.
    """
    offered = {
        policy.SecurityPolicyUri or target.security.policy_uri: policy  # none said: that of the channel
        for policy in created.tokens
        if policy.TokenType == ua.UserTokenType.UserName
    }
    if not offered:
        raise Misfit(ProblemKind.SECURITY, "the server takes no user names", "user-names-refused", user=target.user)
    for uri in _ENCRYPTING:
        if uri in offered:
            return offered[uri], uri
    if _NONE not in offered:
        names = ", ".join(sorted(uri.rpartition("#")[2] for uri in offered))
        raise Misfit(ProblemKind.SECURITY, f"password encryption {names}", "password-encryption", offered=names)
    if target.security.mode != "SignAndEncrypt" and not target.allow_plain:
        raise Misfit(ProblemKind.SECURITY, "the password would be sent unencrypted", "password-plain")
    return offered[_NONE], _NONE
