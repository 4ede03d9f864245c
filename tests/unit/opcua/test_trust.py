from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from vizclient.opcua.errors import Misfit
from vizclient.opcua.trust import Security, TrustedServers, leaf, own_identity, thumbprint, validity
from vizclient.phrases import phrase
from vizclient.redundancy.model import ProblemKind


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pki")
    own_identity(directory)
    return directory


@cache
def certificate() -> bytes:
    """One that is valid in May 2025."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(datetime(2025, 5, 1, tzinfo=UTC))
    return (
        builder.not_valid_after(datetime(2025, 6, 1, tzinfo=UTC)).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    )


def test_our_certificate_is_made_once_and_kept(pki: Path) -> None:
    assert own_identity(pki).certificate == own_identity(pki).certificate
    assert (pki / "vizclient.der").read_bytes() == own_identity(pki).certificate.public_bytes(Encoding.DER)


def test_our_certificate_states_our_application_uri_and_what_the_key_is_for(pki: Path) -> None:
    identity = own_identity(pki)
    names = identity.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [identity.uri]
    usage = identity.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.key_encipherment
    assert usage.data_encipherment
    assert identity.key.key_size == 2048


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a user's files by its own means")
def test_the_key_is_for_this_user_only(pki: Path) -> None:
    assert stat.S_IMODE((pki / "vizclient.pem").stat().st_mode) == 0o600


def test_an_unreadable_key_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "vizclient.pem").write_text("nothing of use")
    made = own_identity(tmp_path)
    assert own_identity(tmp_path).certificate == made.certificate
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["vizclient.der", "vizclient.pem"]


def test_the_first_certificate_of_a_server_is_trusted_and_another_is_not(pki: Path, tmp_path: Path) -> None:
    first, second = certificate(), (pki / "vizclient.der").read_bytes()
    servers = TrustedServers(tmp_path / "trusted", lambda: datetime(2025, 5, 15, tzinfo=UTC))
    assert servers.certificate("main") is None
    servers.check("main", first)
    servers.check("main", first)
    with pytest.raises(Misfit) as refused:
        TrustedServers(tmp_path / "trusted").check("main", second)
    assert refused.value.kind is ProblemKind.CERTIFICATE
    assert thumbprint(first) in refused.value.detail
    assert thumbprint(second) in refused.value.detail
    assert TrustedServers(tmp_path / "trusted").certificate("main") == first


@pytest.mark.parametrize(
    ("now", "case", "date"),
    [
        (datetime(2025, 6, 2, tzinfo=UTC), "certificate-expired", "2025-06-01"),
        (datetime(2025, 4, 29, tzinfo=UTC), "certificate-early", "2025-05-01"),
    ],
)
def test_a_certificate_is_not_trusted_for_the_first_time_outside_its_time(
    tmp_path: Path, now: datetime, case: str, date: str
) -> None:
    servers = TrustedServers(tmp_path, lambda: now)
    presented = certificate()
    for _ in range(2):
        with pytest.raises(Misfit) as refused:
            servers.check("main", presented)
        assert (refused.value.kind, refused.value.case) == (ProblemKind.CERTIFICATE, case)
    arguments = dict(refused.value.arguments)
    assert date in phrase(f"reason.{case}", arguments)
    assert servers.certificate("main") is None
    advice = phrase(f"advice.{case}", arguments)
    assert "{" not in advice
    assert arguments["refused"] in advice
    Path(arguments["refused"]).rename(arguments["file"])  # what the advice says
    servers.check("main", presented)


def test_a_clock_that_is_a_little_slow_is_no_reason_to_refuse_a_new_certificate(tmp_path: Path) -> None:
    servers = TrustedServers(tmp_path, lambda: datetime(2025, 4, 30, 12, tzinfo=UTC))
    servers.check("main", certificate())
    assert servers.certificate("main") == certificate()


def test_a_certificate_that_was_trusted_goes_on_being_trusted_after_its_time_and_that_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    TrustedServers(tmp_path, lambda: datetime(2025, 5, 15, tzinfo=UTC)).check("main", certificate())
    later = TrustedServers(tmp_path, lambda: datetime(2026, 1, 1, tzinfo=UTC))
    for _ in range(3):
        later.check("main", certificate())
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "2025-06-01" in caplog.text
    assert validity(certificate()).not_after == datetime(2025, 6, 1, tzinfo=UTC)


def test_what_is_no_certificate_is_never_trusted(tmp_path: Path) -> None:
    servers = TrustedServers(tmp_path)
    with pytest.raises(Misfit) as refused:
        servers.check("main", b"0\x82\x00\x01x")
    assert refused.value.case == "certificate-unreadable"
    assert servers.certificate("main") is None


def test_the_first_of_a_chain_of_certificates_is_the_servers(pki: Path, tmp_path: Path) -> None:
    first = (pki / "vizclient.der").read_bytes()
    assert leaf(first) == first
    assert leaf(first + first) == first
    assert leaf(b"") is None
    assert leaf(b"no certificate") is None


@pytest.mark.parametrize(
    ("policy", "mode"), [("None", "Sign"), ("Basic256Sha256", "None"), ("Basic256", "Sign"), ("None", "none")]
)
def test_security_that_does_not_exist_is_refused(policy: str, mode: str) -> None:
    with pytest.raises(ValueError, match=policy):
        Security(policy, mode)
