"""The profile that is written from what one server told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vizclient.exits import Exit
from vizclient.headless.profile_new import choose, compose_profile, new_profile, short_names
from vizclient.opcua.discovery import NO_SECURITY, Application, Discovered, Inside
from vizclient.opcua.role import Said
from vizclient.opcua.trust import Security
from vizclient.profiles.loading import parse_profile
from vizclient.profiles.model import Profile
from vizclient.redundancy.model import Layer, Problem, ProblemKind

URL = "opc.tcp://bms-main:4840"
FILE, CERTIFICATE = Path("a.toml"), Path("pki/own/vizclient.der")
OWN = Application("urn:main", "Main server", (URL,))
PEER = Application("urn:backup", "Backup server", ("opc.tcp://bms-backup:4840",))
STRANGER = Application("urn:other", "Discovery server", ("opc.tcp://lds:4840",))
SAID = Said(level=255, support=2, mode=0, server_uri="urn:main", peer_levels=(("urn:main", 255), ("urn:backup", 100)))
INSIDE = Inside(("http://opcfoundation.org/UA/", "urn:main", "urn:site:bms"), ("urn:main", "urn:backup"), SAID)
BEST, SIGNED = Security("Aes256_Sha256_RsaPss", "SignAndEncrypt"), Security("Basic256Sha256", "Sign")
FOUND = Discovered(OWN, (BEST, SIGNED, NO_SECURITY), (STRANGER, PEER), INSIDE)


def composed(found: Discovered, url: str = URL, name: str = "Site", *, insecure: bool = False) -> tuple[str, Profile]:
    text, complete = compose_profile(url, found, name, FILE, CERTIFICATE, insecure=insecure)
    assert complete
    return text, parse_profile(text.encode(), FILE)


def without_peer(found: Discovered) -> str:
    text, complete = compose_profile(URL, found, "Site", FILE, CERTIFICATE)
    assert not complete
    assert "FILL IN" in text
    filled = text.replace("# url =", "url =").replace("HOST", "bms-backup")
    assert parse_profile(filled.encode(), FILE).backup.url == "opc.tcp://bms-backup:4840"
    return text


def test_both_servers_are_in_it_with_the_best_security_and_short_names() -> None:
    text, profile = composed(FOUND)
    assert (profile.main.url, profile.backup.url) == (URL, "opc.tcp://bms-backup:4840")
    assert profile.security is not None
    assert (profile.security.policy, profile.security.mode) == ("Aes256_Sha256_RsaPss", "SignAndEncrypt")
    assert profile.namespaces == {"bms": "urn:site:bms"}
    assert "must trust this client's certificate: pki/own/vizclient.der" in text
    assert "RedundancySupport: warm. It tells its role by: Mode and ServiceLevel." in text


def test_without_a_list_of_uris_the_redundant_server_array_names_the_peer() -> None:
    _, profile = composed(replace(FOUND, inside=replace(INSIDE, set_uris=())))
    assert profile.backup.url == "opc.tcp://bms-backup:4840"


def test_the_only_other_server_is_a_guess_that_says_so_and_of_several_none_is_guessed() -> None:
    alone = replace(FOUND, inside=replace(INSIDE, set_uris=(), said=replace(SAID, peer_levels=())))
    text, profile = composed(replace(alone, others=(PEER,)))
    assert profile.backup.url == "opc.tcp://bms-backup:4840"
    assert "CHECK it" in text
    text = without_peer(alone)
    assert "It also knows Discovery server (urn:other) at opc.tcp://lds:4840" in text


def test_a_peer_without_an_address_is_named_and_to_be_filled_in() -> None:
    assert "its peer is urn:backup, but not where" in without_peer(replace(FOUND, others=(STRANGER,)))


def test_an_address_that_cannot_be_used_is_passed_over() -> None:
    urls = ("opc.tcp://nonsense host:1", URL, "opc.tcp://10.0.0.2:4840", "opc.tcp://backup.local:4840")
    text, profile = composed(replace(FOUND, others=(replace(PEER, urls=urls),)))
    assert profile.backup.url == "opc.tcp://10.0.0.2:4840"
    assert "# Named too: opc.tcp://backup.local:4840" in text
    without_peer(replace(FOUND, others=(replace(PEER, urls=(URL,)),)))


def test_a_loopback_address_named_by_a_far_server_is_warned_of() -> None:
    local = replace(FOUND, others=(replace(PEER, urls=("opc.tcp://localhost:4841",)),))
    assert "PUT IN the host's name" in composed(local)[0]
    assert "PUT IN the host's name" not in composed(local, "opc.tcp://127.0.0.1:4840")[0]


def test_no_security_is_written_only_if_asked_for_or_nothing_better_is_there() -> None:
    assert choose(FOUND.offers, insecure=False) == BEST
    assert choose(FOUND.offers, insecure=True) == NO_SECURITY
    assert choose((SIGNED,), insecure=True) == SIGNED
    text, profile = composed(FOUND, insecure=True)
    assert profile.security is not None
    assert profile.security.policy == "None"
    assert "--insecure asked for it" in text
    assert "Nothing better is offered" in composed(replace(FOUND, offers=(NO_SECURITY,)))[0]
    assert "PUT IN what the server offers" in composed(replace(FOUND, offers=()))[0]


def test_what_a_server_that_let_nobody_in_did_not_tell_is_said() -> None:
    refused = Problem(ProblemKind.CREDENTIALS, Layer.SESSION)
    text, profile = composed(replace(FOUND, inside=None, others=(PEER,), refused=refused))
    assert profile.namespaces == {}
    assert "let nobody in" in text
    assert "User or password was refused" in text


def test_nothing_that_a_server_says_can_break_out_of_a_comment_or_a_string() -> None:
    evil = Application("urn:main", 'x"\n[security]\npolicy = "None', (URL,))
    text, profile = composed(replace(FOUND, own=evil), name='Site "A"\n\x7f')
    assert profile.name == 'Site "A"\n\x7f'
    assert profile.security is not None
    assert profile.security.policy == "Aes256_Sha256_RsaPss"
    assert text.count("[security]\n") == 1


@pytest.mark.parametrize(
    ("uri", "short"),
    [
        ("urn:site:bms", "bms"),
        ("http://opcfoundation.org/UA/DI/", "di"),
        ("http://vendor.com/UA/Model/v2", "model"),
        ("urn:1:2", "ns"),
        ("http://vendor.com/Gebäude Nord", None),
        ("urn:a;b", None),
        ("Plain", "plain"),
    ],
)
def test_a_short_name_is_the_last_telling_part_of_the_uri(uri: str, short: str | None) -> None:
    assert short_names(["http://opcfoundation.org/UA/", uri], "urn:own") == ({} if short is None else {short: uri})


def test_short_names_do_not_clash_and_the_servers_own_namespace_is_left_out() -> None:
    uris = ["urn:own", "urn:a:bms", "urn:b:bms", "urn:c:bms", "urn:a:bms"]
    assert short_names(uris, "urn:own") == {"bms": "urn:a:bms", "bms2": "urn:b:bms", "bms3": "urn:c:bms"}


def test_an_address_that_is_none_and_a_file_that_is_there_are_refused_before_anybody_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def new(server: str, out: Path | None = None) -> Exit:
        return new_profile(server, tmp_path, out=out, name=None, insecure=False)

    assert new("http://bms:4840") is Exit.USAGE
    assert new("opc.tcp://bms:99999") is Exit.USAGE
    assert "is not an address of the form opc.tcp://host:port" in capsys.readouterr().err
    file = tmp_path / "a.toml"
    file.write_text("mine", encoding="utf-8")
    assert new(URL, file) is Exit.USAGE
    assert "exists already" in capsys.readouterr().err
    assert file.read_text("utf-8") == "mine"
