from __future__ import annotations

import sys
from pathlib import Path

import pytest
from keyring import backend, core
from keyring.errors import InitError, NoKeyringError

from fakes.keyring import FakeKeyring
from vizclient.password import Password
from vizclient.phrases import phrase
from vizclient.profiles.loading import parse_profile
from vizclient.profiles.model import Profile
from vizclient.profiles.secrets import CREDENTIALS, SERVICE, Found, Keyring, SecretError, Secrets, protecting_keyring
from vizclient.redundancy.model import Server

MAIN, BACKUP = Server.MAIN, Server.BACKUP
PROFILE = """\
format = 1
name = "A"
[main]
url = "opc.tcp://bms-main:4840"
[backup]
url = "opc.tcp://[fd00::2]:4841"
[security]
policy = "None"
mode = "None"
[user]
name = "operator"
"""


def profile(more: str = "") -> Profile:
    return parse_profile((PROFILE + more).encode(), Path("a.toml"))


def secrets(keyring: Keyring | None, folder: Path | None = None, more: str = "") -> Secrets:
    def opened() -> Keyring:
        if keyring is None:
            raise SecretError("keyring-none")
        return keyring

    environment = {} if folder is None else {CREDENTIALS: str(folder)}
    return Secrets(profile(more), environment=environment, keyring=opened)


def code_of(refused: pytest.ExceptionInfo[SecretError]) -> str:
    for kind in ("reason", "advice"):
        sentence = phrase(f"{kind}.{refused.value.code}", {"user": "operator", **refused.value.arguments})
        assert "{" not in sentence
        assert not sentence.startswith(kind)
    return refused.value.code


def test_a_password_that_was_kept_is_found_again_for_its_user_at_its_address_only() -> None:
    keyring = FakeKeyring()
    secrets(keyring).keep(MAIN, Password("right"))
    assert keyring.passwords == {(SERVICE, "operator@bms-main:4840"): "right"}
    assert secrets(keyring).find(MAIN) == Found(Password("right"))
    with pytest.raises(SecretError) as missing:
        secrets(keyring).find(BACKUP)
    assert code_of(missing) == "password-missing"
    with pytest.raises(SecretError):
        secrets(keyring, more='[main.user]\nname = "somebody else"\n').find(MAIN)
    secrets(keyring).keep(BACKUP, Password("other"))
    assert (SERVICE, "operator@[fd00::2]:4841") in keyring.passwords


def test_a_password_is_removed_once() -> None:
    kept = secrets(FakeKeyring())
    kept.keep(MAIN, Password("right"))
    assert kept.remove(MAIN)
    assert not kept.remove(MAIN)


def test_the_file_of_the_service_comes_before_the_keyring_which_is_not_even_asked(tmp_path: Path) -> None:
    keyring = FakeKeyring()
    keyring.lock()
    file = tmp_path / "vizclient.password"
    file.write_text("from the service\n")
    found = secrets(keyring, tmp_path)
    assert found.find(MAIN) == Found(Password("from the service"), file)
    own = tmp_path / "vizclient.backup.password"
    own.write_bytes("für den zweiten\r\n".encode())
    assert found.find(BACKUP) == Found(Password("für den zweiten"), own)
    assert keyring.asked == []
    with pytest.raises(SecretError, match="password-file-first"):
        found.keep(MAIN, Password("typed"))


def test_a_folder_of_credentials_without_ours_is_none(tmp_path: Path) -> None:
    keyring = FakeKeyring()
    secrets(keyring).keep(MAIN, Password("right"))
    assert secrets(keyring, tmp_path / "none").find(MAIN).file is None


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines\n", b"\xff\xfe", b"x" * 5000, b"right\n\n"])
def test_a_file_that_is_no_password_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vizclient.password").write_bytes(content)
    with pytest.raises(SecretError) as refused:
        secrets(None, tmp_path).find(MAIN)
    assert code_of(refused) == "password-file-text"


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such modes")
def test_a_file_that_cannot_be_read_is_said_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "vizclient.password"
    file.write_text("x")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(SecretError) as refused:
        secrets(None, tmp_path).find(MAIN)
    assert code_of(refused) == "password-file-unreadable"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InitError("Failed to create the collection: dismissed."), "keyring-failed"),
        (NoKeyringError(), "keyring-failed"),
        (ConnectionRefusedError(111, "refused"), "keyring-failed"),
        (KeyError("DBUS_SESSION_BUS_ADDRESS"), "keyring-failed"),
    ],
)
def test_whatever_a_keyring_raises_is_said_in_words(error: Exception, code: str) -> None:
    keyring = FakeKeyring()
    keyring.fails = error
    for ask in (
        lambda: secrets(keyring).find(MAIN),
        lambda: secrets(keyring).keep(MAIN, Password("right")),
        lambda: secrets(keyring).remove(MAIN),
    ):
        with pytest.raises(SecretError) as refused:
            ask()
        assert code_of(refused) == code


def test_a_keyring_that_stays_locked_is_told_from_one_that_fails() -> None:
    keyring = FakeKeyring()
    keyring.lock()
    with pytest.raises(SecretError) as refused:
        secrets(keyring).find(MAIN)
    assert code_of(refused) == "keyring-locked"


def test_an_error_of_a_keyring_never_tells_the_password() -> None:
    keyring = FakeKeyring()
    keyring.fails = RuntimeError("cannot keep hunter2")
    with pytest.raises(SecretError) as refused:
        secrets(keyring).keep(MAIN, Password("hunter2"))
    assert "hunter2" not in f"{refused.value!r} {refused.value.arguments} {refused.value.__cause__!r}"
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("keyring.backends.null.Keyring", "keyring-unsafe"),
        ("keyring.backends.fail.Keyring", "keyring-none"),
        ("keyring.backends.chainer.ChainerBackend", "keyring-unsafe"),
        ("fakes.keyring.FakeKeyring", "keyring-unsafe"),
        ("no.such.Keyring", "keyring-none"),
        ("", "keyring-none"),
    ],
)
def test_a_keyring_that_protects_nothing_is_refused_whoever_set_it_up(
    monkeypatch: pytest.MonkeyPatch, name: str, code: str
) -> None:
    monkeypatch.setattr(core, "_keyring_backend", None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    with pytest.raises(SecretError) as refused:
        protecting_keyring()
    assert code_of(refused) == code


def test_a_plain_text_keyring_is_not_taken_for_being_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "_keyring_backend", None)
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    monkeypatch.setattr(core, "load_config", lambda: None)
    monkeypatch.setattr(backend, "get_all_keyring", lambda: [FakeKeyring()])
    with pytest.raises(SecretError) as refused:
        protecting_keyring()
    assert code_of(refused) == "keyring-none"


def test_one_that_is_known_to_protect_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = type("Keyring", (FakeKeyring,), {"__module__": "keyring.backends.SecretService"})()
    monkeypatch.setattr(core, "_keyring_backend", None)
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    monkeypatch.setattr(core, "load_config", lambda: None)
    monkeypatch.setattr(backend, "get_all_keyring", lambda: [keyring])
    assert protecting_keyring() is keyring
