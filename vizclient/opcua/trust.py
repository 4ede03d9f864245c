"""Certificates: our own, made here once, and those of servers, kept from the first contact on.

A server whose certificate has changed is not talked to until a person has removed the old one from `trusted`. Keys and
certificates are files of the PKI directory; nothing of a key is ever logged.

Of the steps of OPC 10000-4, 6.1.3, trust is a matter of `trusted` alone: what lies there is trusted, chains and revocation
lists are not looked at. Host name and ApplicationUri are not compared either: we connect to the profile's hosts only, and a
pinned certificate says more. The validity period is an error before a certificate is trusted, and a warning from then on,
which the clause allows: that a date goes by makes nobody else of a server, and must not take the screen away from
whoever needs it. `validity` tells it beforehand.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asyncua import ua
from asyncua.crypto import security_policies
from asyncua.crypto.security_policies import SecurityPolicy
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vizclient.opcua.errors import Misfit
from vizclient.redundancy.model import ProblemKind

_POLICIES = {
    "None": security_policies.SecurityPolicyNone,
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128_Sha256_RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256_Sha256_RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}
_MODES = {
    "None": ua.MessageSecurityMode.None_,
    "Sign": ua.MessageSecurityMode.Sign,
    "SignAndEncrypt": ua.MessageSecurityMode.SignAndEncrypt,
}
_YEARS = 10
_CLOCKS_DIFFER = timedelta(days=1)

_log = logging.getLogger(__name__)


def application_uri() -> str:
    """Our ApplicationUri while there is no certificate that states one (OPC 10000-12, 7.2)."""
    return f"urn:{socket.gethostname() or 'localhost'}:vizclient"


@dataclass(frozen=True, slots=True)
class Security:
    """Policy and mode by their names in the profile. ValueError if there are no such."""

    policy: str = "None"
    mode: str = "None"

    def __post_init__(self) -> None:
        if self.policy not in _POLICIES or self.mode not in _MODES:
            raise ValueError(f"no such security: {self.policy}/{self.mode}")
        if (self.policy == "None") != (self.mode == "None"):
            raise ValueError(f"policy {self.policy} does not go with mode {self.mode}")

    @property
    def secured(self) -> bool:
        """Whether certificates are needed."""
        return self.policy != "None"

    @property
    def policy_uri(self) -> str:
        return str(_POLICIES[self.policy].URI)

    def matches(self, endpoint: ua.EndpointDescription) -> bool:
        """Whether an endpoint that a server lists is of this policy and mode."""
        return bool(endpoint.SecurityPolicyUri == self.policy_uri and endpoint.SecurityMode == _MODES[self.mode])

    def build(self, own: Identity | None, server_certificate: bytes | None) -> SecurityPolicy:
        """asyncua's policy, new for each channel: it holds the channel's keys. Raises Misfit for an unusable certificate."""
        if not self.secured:
            return security_policies.SecurityPolicyNone()
        assert own is not None
        assert server_certificate is not None
        try:
            theirs = x509.load_der_x509_certificate(server_certificate)
            return _POLICIES[self.policy](theirs, own.certificate, own.key, _MODES[self.mode])
        except (ValueError, TypeError, AttributeError) as error:
            raise Misfit(ProblemKind.CERTIFICATE, f"the server's certificate cannot be used: {error}") from error


@dataclass(frozen=True, slots=True)
class Identity:
    """Our own certificate and key. `uri`: the ApplicationUri that the certificate states."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    uri: str


def own_identity(directory: Path) -> Identity:
    """Our certificate from `directory`, made there if it is missing, expired or unreadable. Blocks. Raises OSError.

    `vizclient.pem` holds key and certificate, for this user only; `vizclient.der` is the certificate alone, to be given
    to servers. Several processes may ask at the same time: all get the same.
    """
    file = directory / "vizclient.pem"
    identity = _load(file)
    if identity is not None:
        return identity
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = _make()
    _write_once(file, _pem(made), replace=file.exists())
    identity = _load(file) or made
    _write(directory / "vizclient.der", identity.certificate.public_bytes(serialization.Encoding.DER))
    return identity


def unwritable(file: Path, error: OSError) -> Misfit:
    """Without a place to keep certificates there is no secure connection."""
    detail = f"{file} cannot be written: {error}"
    reason = error.strerror or str(error)
    return Misfit(ProblemKind.CERTIFICATE, detail, "certificate-unkept", file=file, reason=reason)


def leaf(chain: bytes | None) -> bytes | None:
    """The first certificate of a DER chain."""
    if not chain or len(chain) < 4 or chain[0] != 0x30:
        return None
    if chain[1] != 0x82:  # two bytes of length: every RSA certificate is between 256 and 65,535 bytes long
        return chain
    return chain[: 4 + int.from_bytes(chain[2:4], "big")]


def thumbprint(certificate: bytes) -> str:
    """SHA-1 of the DER form in hexadecimal: what servers and tools show (OPC 10000-6, 6.2.2)."""
    digest = hashes.Hash(hashes.SHA1())  # noqa: S303 a name, not a protection
    digest.update(certificate)
    return digest.finalize().hex().upper()


@dataclass(frozen=True, slots=True)
class Validity:
    """From when to when a certificate is valid, in UTC."""

    not_before: datetime
    not_after: datetime

    def case(self, now: datetime) -> str:
        """What is wrong at `now`, as the case of a problem: certificate-early, certificate-expired, or "".

        A certificate made within the last day is no early one: clocks differ.
        """
        if now > self.not_after:
            return "certificate-expired"
        return "certificate-early" if now < self.not_before - _CLOCKS_DIFFER else ""


def validity(certificate: bytes) -> Validity:
    """The validity period of a certificate in DER form. Raises Misfit if it is none."""
    try:
        read = x509.load_der_x509_certificate(certificate)
        return Validity(read.not_valid_before_utc, read.not_valid_after_utc)
    except ValueError as error:
        raise Misfit(ProblemKind.CERTIFICATE, f"not a certificate: {error}", "certificate-unreadable") from None


def _now() -> datetime:
    return datetime.now(UTC)


class TrustedServers:
    """The certificates of the servers of one profile, one file each, trusted from the first contact on."""

    def __init__(self, directory: Path, now: Callable[[], datetime] = _now) -> None:
        self._directory = directory
        self._now = now
        self._known: dict[str, bytes] = {}
        self._warned: dict[str, bytes] = {}

    def certificate(self, server: str) -> bytes | None:
        """The trusted certificate of `server`, None before the first contact."""
        file = self._file(server)
        try:
            self._known[server] = file.read_bytes()
        except FileNotFoundError:
            self._known.pop(server, None)
        except OSError:
            pass  # keep to what was read before
        return self._known.get(server)

    def check(self, server: str, presented: bytes) -> None:
        """Trust `presented` if it is the known one, or the first and valid now. Raises Misfit if not."""
        known = self.certificate(server)
        if known is None:
            self._trust(server, presented)
        elif known != presented:
            raise Misfit(
                ProblemKind.CERTIFICATE,
                f"presented {thumbprint(presented)}, trusted {thumbprint(known)} in {self._file(server)}",
                "certificate-changed",
                file=self._file(server),
            )
        elif self._warned.get(server) != known:
            self._warned[server] = known
            self._warn(server, known)

    def _trust(self, server: str, presented: bytes) -> None:
        period, file = validity(presented), self._file(server)
        if case := period.case(self._now()):
            refused = self._directory / "refused" / f"{server}.der"
            with contextlib.suppress(OSError):
                refused.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _write(refused, presented)
            date = period.not_after if case == "certificate-expired" else period.not_before
            arguments = {"date": f"{date:%Y-%m-%d}", "refused": refused, "file": file}
            raise Misfit(ProblemKind.CERTIFICATE, f"valid {_span(period)}", case, **arguments)
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(file, presented)
        except OSError as error:
            raise unwritable(file, error) from error
        self._known[server] = presented

    def _warn(self, server: str, certificate: bytes) -> None:
        with contextlib.suppress(Misfit):
            period = validity(certificate)
            if period.case(self._now()):
                _log.warning("the certificate of %s is trusted, but it is valid %s only", server, _span(period))

    def _file(self, server: str) -> Path:
        return self._directory / f"{server}.der"


def _span(period: Validity) -> str:
    return f"from {period.not_before:%Y-%m-%d %H:%M} to {period.not_after:%Y-%m-%d %H:%M} UTC"


def _make() -> Identity:
    host = socket.gethostname() or "localhost"
    uri = application_uri()
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "vizclient"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, host[:64]),
        ]
    )
    now = datetime.now(UTC)
    alternatives: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri)]
    with contextlib.suppress(ValueError):  # a host name that is not ASCII stays in the URI only
        alternatives.append(x509.DNSName(host))
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=True,  # self-signed
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks differ
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Identity(certificate, key, uri)


def _pem(identity: Identity) -> bytes:
    key = identity.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key + identity.certificate.public_bytes(serialization.Encoding.PEM)


def _load(file: Path) -> Identity | None:
    try:
        content = file.read_bytes()
        key = serialization.load_pem_private_key(content, password=None)
        certificate = x509.load_pem_x509_certificate(content)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    except (FileNotFoundError, ValueError, x509.ExtensionNotFound):
        return None
    if not isinstance(key, rsa.RSAPrivateKey) or not uris or certificate.not_valid_after_utc < datetime.now(UTC):
        return None
    return Identity(certificate, key, uris[0])


def _write_once(file: Path, content: bytes, *, replace: bool) -> None:
    """Create `file` whole; if another process was first, its file stays, unless it is to be replaced."""
    fresh = _fresh(file, content)
    try:
        if replace:
            fresh.replace(file)
        else:
            os.link(fresh, file)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def _write(file: Path, content: bytes) -> None:
    _fresh(file, content).replace(file)


def _fresh(file: Path, content: bytes) -> Path:
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    return fresh
