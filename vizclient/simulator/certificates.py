"""The self-made certificate of a simulated server, kept so that it stays the same, and whom it trusts."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_YEARS = timedelta(days=3650)


def own_certificate(
    directory: Path, name: str, application_uri: str, host: str, *, expired: bool = False
) -> tuple[Path, Path]:
    """The files of certificate (DER) and private key (PEM), made if they are not there. Raises OSError.

    `expired`: another one, which was valid until yesterday.
    """
    file = f"{name}-expired" if expired else name
    certificate, key = directory / f"{file}.der", directory / f"{file}.pem"
    if certificate.exists() and key.exists():
        return certificate, key
    directory.mkdir(parents=True, exist_ok=True)
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"vizclient simulator {name}"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "vizclient demo"),
        ]
    )
    now = datetime.now(UTC)
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(application_uri), x509.DNSName("localhost")]
    names.append(_host_name(host))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _YEARS if expired else now - timedelta(days=1))
        .not_valid_after(now - timedelta(days=1) if expired else now + _YEARS)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=True,
                key_encipherment=True,
                data_encipherment=True,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )
    key.touch(mode=0o600)
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.DER))
    return certificate, key


def trusted_certificates(directory: Path) -> frozenset[bytes]:
    """All certificates (DER or PEM) in `directory`, as DER. Raises OSError, or ValueError for a file that is none."""
    found = set()
    for file in sorted(directory.iterdir()):
        if file.suffix.lower() in (".der", ".cer", ".crt", ".pem"):
            content = file.read_bytes()
            pem = content.lstrip().startswith(b"-----BEGIN")
            certificate = x509.load_pem_x509_certificate(content) if pem else x509.load_der_x509_certificate(content)
            found.add(certificate.public_bytes(serialization.Encoding.DER))
    return frozenset(found)


def _host_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
