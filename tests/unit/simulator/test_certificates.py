"""Certificates of simulated servers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from vizclient.simulator.certificates import own_certificate


def test_an_expired_certificate_stands_beside_the_valid_one(tmp_path: Path) -> None:
    valid, _ = own_certificate(tmp_path, "main", "urn:test", "127.0.0.1")
    expired, _ = own_certificate(tmp_path, "main", "urn:test", "127.0.0.1", expired=True)
    now = datetime.now(UTC)
    ends = [x509.load_der_x509_certificate(file.read_bytes()).not_valid_after_utc > now for file in (valid, expired)]
    assert ends == [True, False]
    assert own_certificate(tmp_path, "main", "urn:test", "127.0.0.1")[0].read_bytes() == valid.read_bytes()
