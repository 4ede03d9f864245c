"""The keyring of the tests keeps what keyring asks of every backend; no test touches that of a person."""

from __future__ import annotations

from keyring.testing.backend import BackendBasicTests

from fakes.keyring import FakeKeyring


class TestFakeKeyring(BackendBasicTests):
    def init_keyring(self) -> FakeKeyring:
        return FakeKeyring()
