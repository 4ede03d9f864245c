"""Logging in at real servers: which token is chosen, what goes over the wire, and what becomes of a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.crypto import security_policies

from fakes.ua_server import UaServer, ua_server
from fakes.wire import relay
from vizclient.opcua.connector import OpcUaConnector
from vizclient.opcua.endpoint import Deadlines, Target
from vizclient.opcua.errors import Misfit
from vizclient.opcua.trust import Security, own_identity
from vizclient.password import Password
from vizclient.phrases import phrase
from vizclient.redundancy.model import Layer, Problem, ProblemKind, Report, Server, Timing

SECURED = Security("Basic256Sha256", "SignAndEncrypt")
SIGNED = Security("Basic256Sha256", "Sign")
NONE = security_policies.SecurityPolicyNone.URI
BASIC = security_policies.SecurityPolicyBasic256Sha256.URI


class Given:
    """Passwords that a test gives, and what it hears of them."""

    def __init__(self, password: str | None, *, held: bool = False) -> None:
        self._password = password
        self.held = held
        self.heard: list[str] = []

    async def password(self, server: Server) -> Password:
        self.heard.append("asked")
        if self._password is None:
            raise Misfit(ProblemKind.CREDENTIALS, "none", "password-missing", user="operator")
        return Password(self._password)

    async def showing(self, server: Server, password: Password) -> None:
        self.heard.append("showing")
        if self.held:
            raise Misfit(
                ProblemKind.CREDENTIALS, "held", "password-held", user="operator", refused="10:00", due="10:10"
            )

    async def accepted(self, server: Server, password: Password) -> None:
        self.heard.append("accepted")

    async def refused(self, server: Server, password: Password) -> None:
        assert password == Password(self._password or "")
        self.heard.append("refused")


class _Deaf:
    def session_reported(self, generation: int, report: Report) -> None: ...

    def session_lost(self, generation: int, problem: Problem) -> None: ...


Try = Callable[..., Report]


@pytest.fixture
def try_login(tmp_path: Path) -> Try:
    """One attempt at a server; whatever was opened is closed again."""

    def attempt(
        url: str, security: Security = SECURED, user: str = "operator", given: Given | None = None, **target: Any
    ) -> Report:
        async def run() -> Report:
            connector = OpcUaConnector(
                {Server.MAIN: Target(url, security, user, **target)},
                own=tmp_path / "own",
                trusted=tmp_path / "trusted",
                timing=Timing(),
                passwords=given or Given("right"),
                deadlines=Deadlines(tcp=2.0, step=2.0),
            )
            result = await connector.probe(Server.MAIN, 1, _Deaf(), session=True)
            if result.session is not None:
                await result.session.close()
            return result.report

        return asyncio.run(run())

    return attempt


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UaServer]:
    folder = tmp_path_factory.mktemp("server")
    own_identity(folder)
    with ua_server(certificate=(folder / "vizclient.der", folder / "vizclient.pem")) as started:
        yield started


@contextmanager
def token_policies(server: UaServer, *uris: str | None, anonymous: bool = False) -> Iterator[None]:
    """All endpoints ask for user names with passwords encrypted so; None: as the channel is."""
    tokens = []
    for number, uri in enumerate(uris):
        token = ua.UserTokenPolicy()
        token.PolicyId = f"name-{number}"
        token.TokenType = ua.UserTokenType.UserName
        token.SecurityPolicyUri = uri
        tokens.append(token)
    if anonymous:
        token = ua.UserTokenPolicy()
        token.PolicyId = "anonymous"
        token.TokenType = ua.UserTokenType.Anonymous
        tokens.append(token)
    endpoints: Sequence[Any] = server.server.iserver.endpoints
    before = [endpoint.UserIdentityTokens for endpoint in endpoints]
    for endpoint in endpoints:
        endpoint.UserIdentityTokens = tokens
    try:
        yield
    finally:
        for endpoint, had in zip(endpoints, before, strict=True):
            endpoint.UserIdentityTokens = had


def said(report: Report) -> str:
    """The case of what is wrong, which has words."""
    assert report.problem is not None
    for kind in ("reason", "advice"):
        sentence = phrase(f"{kind}.{report.problem.code}", dict(report.problem.arguments))
        assert "{" not in sentence
        assert not sentence.startswith(kind)
    return report.problem.code


@pytest.mark.parametrize("security", [Security(), SIGNED, SECURED], ids=["none", "sign", "encrypt"])
def test_the_right_password_lets_in_and_a_wrong_one_needs_a_person(
    try_login: Try, server: UaServer, security: Security
) -> None:
    right, wrong = Given("right"), Given("wrong")
    assert try_login(server.url, security, given=right).accepted
    assert right.heard == ["asked", "showing", "accepted"]
    refused = try_login(server.url, security, given=wrong)
    assert said(refused) == "password-refused"
    assert refused.problem is not None
    assert (refused.layer, refused.problem.kind) == (Layer.SESSION, ProblemKind.CREDENTIALS)
    assert wrong.heard == ["asked", "showing", "refused"]


@pytest.mark.parametrize("uri", [None, BASIC, NONE], ids=["of the channel", "its own", "none"])
def test_inside_an_encrypted_channel_any_way_to_send_the_password_will_do(
    try_login: Try, server: UaServer, uri: str | None
) -> None:
    with token_policies(server, uri):
        assert try_login(server.url, SECURED).accepted


@pytest.mark.parametrize(
    "policy",
    [
        security_policies.SecurityPolicyBasic256Sha256,
        security_policies.SecurityPolicyAes128Sha256RsaOaep,
        security_policies.SecurityPolicyAes256Sha256RsaPss,
        security_policies.SecurityPolicyBasic256,
        security_policies.SecurityPolicyBasic128Rsa15,
    ],
)
def test_without_a_secure_channel_the_password_is_encrypted_as_the_server_asks_for(
    try_login: Try, server: UaServer, policy: Any
) -> None:
    with token_policies(server, policy.URI):
        assert try_login(server.url, Security()).accepted


def test_what_encrypts_the_password_is_chosen_before_what_does_not(try_login: Try, server: UaServer) -> None:
    with token_policies(server, NONE, "urn:unheard-of", BASIC):
        assert b"right-password" not in _sent(try_login, server, "right-password")


@pytest.mark.parametrize("security", [Security(), SIGNED], ids=["none", "sign"])
def test_a_password_is_never_sent_unencrypted_unless_the_profile_says_so(
    try_login: Try, server: UaServer, security: Security
) -> None:
    with token_policies(server, NONE):
        refused = try_login(server.url, security)
        assert said(refused) == "password-plain"
        assert refused.problem is not None
        assert refused.problem.kind is ProblemKind.SECURITY
        assert b"right-password" not in _sent(try_login, server, "right-password", security)
        assert try_login(server.url, security, allow_plain=True).accepted
        assert b"right-password" in _sent(try_login, server, "right-password", security, allow_plain=True)


def test_an_encryption_of_passwords_that_is_not_known_is_said(try_login: Try, server: UaServer) -> None:
    with token_policies(server, "urn:x#ECC_nistP256"):
        assert said(try_login(server.url)) == "password-encryption"


def test_a_server_that_takes_no_user_names_is_said_to(try_login: Try, server: UaServer) -> None:
    with token_policies(server, anonymous=True):
        assert said(try_login(server.url)) == "user-names-refused"


def test_a_server_that_lets_nobody_in_without_a_user_name_is_said_to(try_login: Try, server: UaServer) -> None:
    with token_policies(server, BASIC):
        refused = try_login(server.url, user="")
    assert said(refused) == "anonymous-refused"
    assert refused.problem is not None
    assert refused.problem.kind is ProblemKind.CREDENTIALS


def test_a_server_that_offers_anonymous_sessions_and_refuses_them_is_said_to(try_login: Try) -> None:
    with ua_server() as server:
        server.server.iserver.supported_tokens = (ua.UserNameIdentityToken,)
        assert said(try_login(server.url, Security(), user="")) == "anonymous-refused"


def test_that_a_password_is_lacking_is_known_without_a_word_to_the_server(try_login: Try, server: UaServer) -> None:
    for url, layer in ((server.url, Layer.TCP), ("opc.tcp://127.0.0.1:1", Layer.NOTHING)):
        report = try_login(url, given=Given(None))
        assert said(report) == "password-missing"
        assert report.layer is layer


def test_a_password_that_has_been_refused_meanwhile_is_not_shown(try_login: Try, server: UaServer) -> None:
    held = Given("wrong", held=True)
    report = try_login(server.url, given=held)
    assert said(report) == "password-held"
    assert report.layer < Layer.SESSION, "nothing was shown"
    assert held.heard == ["asked", "showing"]


def test_a_password_is_encrypted_for_nobody_but_the_server_that_was_trusted_before(
    try_login: Try, server: UaServer, tmp_path: Path
) -> None:
    assert try_login(server.url, Security()).accepted
    trusted = tmp_path / "trusted" / "main.der"
    assert trusted.is_file()
    own_identity(tmp_path / "another")
    trusted.write_bytes((tmp_path / "another" / "vizclient.der").read_bytes())
    assert said(try_login(server.url, Security())) == "certificate-changed"
    assert try_login(server.url, Security(), user="").accepted  # nothing of ours is told to it


def test_a_server_without_a_certificate_cannot_be_told_a_password(try_login: Try) -> None:
    with ua_server() as server, token_policies(server, BASIC):
        assert said(try_login(server.url, Security())) == "password-no-certificate"


def _sent(try_login: Try, server: UaServer, password: str, security: Security = Security(), **target: Any) -> bytes:  # noqa: B008
    """All that went to the server."""
    sent = bytearray()

    def note(data: bytes) -> bytes:
        sent.extend(data)
        return data

    async def run() -> None:
        async with relay(server.port) as wire:
            wire.upward = note
            await asyncio.to_thread(try_login, wire.url, security, given=Given(password), **target)

    asyncio.run(run())
    assert sent
    return bytes(sent)
