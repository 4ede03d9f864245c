from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from vizclient.opcua.errors import Misfit
from vizclient.opcua.trust import Security, TrustedServers, leaf, own_identity, thumbprint
from vizclient.redundancy.model import ProblemKind


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pki")
    own_identity(directory)
    return directory


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


def test_the_first_certificate_of_a_server_is_trusted_and_another_is_not(tmp_path: Path) -> None:
    servers = TrustedServers(tmp_path / "trusted")
    assert servers.certificate("main") is None
    servers.check("main", b"first")
    servers.check("main", b"first")
    with pytest.raises(Misfit) as refused:
        TrustedServers(tmp_path / "trusted").check("main", b"second")
    assert refused.value.kind is ProblemKind.CERTIFICATE
    assert thumbprint(b"first") in refused.value.detail
    assert thumbprint(b"second") in refused.value.detail
    servers.check("backup", b"second")


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
