from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest

from vizclient.items.address import Address
from vizclient.phrases import PHRASES, phrase
from vizclient.profiles.loading import ProfileError, load_profile, parse_profile
from vizclient.profiles.model import Profile, User
from vizclient.redundancy.model import Server, Timing

WHOLE = """\
format = 1
name = "Building A"
bundle = "building-a"              # folder or .vizbundle
timezone = "Europe/Vienna"
[main]
url = "opc.tcp://bms-main:4840"
[backup]
url = "opc.tcp://bms-backup:4840"
[security]
policy = "None"
mode = "None"
[redundancy]
probe_interval_ms = 1000
watchdog_ms = 500
hold_ms = 250
min_dwell_ms = 3000
publishing_ms = 100
[namespaces]
bms = "urn:example:bms"
"""
HEAD = 'format = 1\nname = "A"\n'
SERVERS = 'main = {url = "opc.tcp://a:4840"}\nbackup = {url = "opc.tcp://b:4840"}\n'
OPEN = 'security = {policy = "None", mode = "None"}\n'
FILE = Path("site/a.toml")


def parse(text: str) -> Profile:
    return parse_profile(text.encode(), FILE)


def faults_of(text: str | bytes) -> list[tuple[int | None, str]]:
    with pytest.raises(ProfileError) as caught:
        parse_profile(text if isinstance(text, bytes) else text.encode(), FILE)
    for fault in caught.value.faults:
        fields = {name for _, name, _, _ in Formatter().parse(PHRASES[fault.code]) if name}
        assert fields <= set(fault.arguments), fault
        assert fault.file == str(FILE)
    return [(fault.line, fault.code) for fault in caught.value.faults]


def only_fault(text: str) -> ProfileError:
    with pytest.raises(ProfileError) as caught:
        parse(text)
    assert len(caught.value.faults) == 1
    return caught.value


def test_a_whole_profile_is_read() -> None:
    profile = parse(WHOLE)
    assert profile.name == "Building A"
    assert (profile.main.host, profile.main.port) == ("bms-main", 4840)
    assert profile.namespaces == {"bms": "urn:example:bms"}
    assert profile.bundle_path == FILE.parent / "building-a"
    assert profile.security_of(Server.BACKUP).mode == "None"


def test_the_defaults_are_those_of_the_decisions() -> None:
    assert parse(HEAD + SERVERS + OPEN).timing() == Timing()
    assert parse(WHOLE).timing() == Timing()


def test_settings_in_milliseconds_become_seconds() -> None:
    assert parse(HEAD + SERVERS + OPEN + "redundancy.hold_ms = 1000\n").timing().hold == 1.0


def test_a_byte_order_mark_and_crlf_do_no_harm() -> None:
    text = b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode()
    assert parse_profile(text, FILE).name == "Building A"


def test_the_security_of_a_server_replaces_that_of_the_profile() -> None:
    own = '[backup.security]\npolicy = "Basic256Sha256"\nmode = "SignAndEncrypt"\n'
    profile = parse(HEAD + SERVERS.splitlines()[0] + "\n" + OPEN + '[backup]\nurl = "opc.tcp://b:1"\n' + own)
    assert profile.security_of(Server.MAIN).policy == "None"
    assert profile.security_of(Server.BACKUP).mode == "SignAndEncrypt"


def test_security_must_be_said_for_both_servers() -> None:
    assert faults_of(HEAD + SERVERS) == [(None, "profile-security-missing")]
    one = 'main = {url = "opc.tcp://a:4840", security = {policy = "None", mode = "None"}}\nbackup = {url = "opc.tcp://b:4840"}\n'
    assert faults_of(HEAD + one) == [(None, "profile-security-missing")]


def test_the_user_of_a_server_replaces_that_of_the_profile() -> None:
    assert parse(WHOLE).user_of(Server.MAIN) is None
    profile = parse(WHOLE + '[user]\nname = "operator"\n[backup.user]\nname = "guest"\nallow_plain = true\n')
    assert profile.user_of(Server.MAIN) == User(name="operator")
    assert profile.user_of(Server.BACKUP) == User(name="guest", allow_plain=True)


@pytest.mark.parametrize("key", ["password", "Passwort", "passwd", "pwd", "PIN", "secret"])
def test_a_password_in_a_profile_is_refused_without_being_told_to_any_log(key: str) -> None:
    where = 'name = "operator"\n' + f'{key} = "hunter2"\n'
    error = only_fault(WHOLE + f"[user]\n{where}")
    assert "hunter2" not in str(error)
    assert "hunter2" not in f"{error.arguments}"
    if error.code == "profile-password":
        assert "vizclient secret set" in phrase(error.code, error.arguments)


def test_a_password_in_an_address_is_refused_without_being_told_to_any_log() -> None:
    error = only_fault(WHOLE.replace("//bms-main", "//operator:hunter2@bms-main"))
    assert (error.code, error.line) == ("profile-url-user", 6)
    assert "hunter2" not in f"{error} {error.arguments}"


@pytest.mark.parametrize(("policy", "mode"), [("None", "Sign"), ("Basic256Sha256", "None")])
def test_no_policy_goes_with_no_mode_only(policy: str, mode: str) -> None:
    text = HEAD + SERVERS + f'\n[security]\npolicy = "{policy}"\nmode = "{mode}"\n'
    assert faults_of(text) == [(6, "profile-security-mix")]


def test_everything_wrong_is_said_at_once_with_its_line() -> None:
    text = """\
format = 1
bundel = "x"
# [main] in a comment
name = "[main]"

[main]
url = "opc.tcp://bms-main"
[backup]
url = "http://bms-backup:4840"
[security]
policy = "Basic256sha256"
mode = "None"
[redundancy]
hold_ms = 1001
watchdog_ms = "500"
[namespaces]
"two words" = "urn:x"
ok = "urn:with space"
"""
    assert faults_of(text) == [
        (2, "profile-unknown-key-meant"),
        (7, "profile-url-port"),
        (9, "profile-url-scheme"),
        (11, "profile-choice"),
        (14, "profile-too-large"),
        (15, "profile-type"),
        (17, "profile-short-name"),
        (18, "profile-namespace-uri"),
    ]


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ('bundel = "x"', "bundle"),
        ('Name = "x"', "name"),
        ('url = "opc.tcp://a:1"', "main.url"),
        ("redundancy.hold = 3", "redundancy.hold_ms"),
        ("hold_ms = 3", "redundancy.hold_ms"),
        ('main.ulr = "x"', "main.url"),
    ],
)
def test_an_unknown_key_says_which_was_meant(line: str, meant: str) -> None:
    servers = 'main.url = "opc.tcp://a:4840"\nbackup.url = "opc.tcp://b:4840"\n'
    error = only_fault(HEAD + servers + OPEN + line + "\n")
    assert (error.code, error.arguments["meant"], error.line) == ("profile-unknown-key-meant", meant, 6)


def test_an_unknown_key_like_no_other_is_just_unknown() -> None:
    error = only_fault(HEAD + SERVERS + OPEN + "zzz = 1\n")
    assert (error.code, error.line, error.arguments["key"]) == ("profile-unknown-key", 6, "zzz")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("opc.tcp://bms main:4840", "profile-url"),
        ("opc.tcp://:4840", "profile-url"),
        ("opc.tcp://bms:70000", "profile-url"),
        ("opc.tcp://bms:x", "profile-url"),
        ("opc.tcp://user:word@bms:4840", "profile-url-user"),
        ("opc.tcp://[::1:4840", "profile-url"),
        ("opc.tcp://bms", "profile-url-port"),
        ("opc.tcp://bms:0", "profile-url-port"),
        ("bms:4840", "profile-url-scheme"),
        ("", "profile-empty"),
    ],
)
def test_a_wrong_url_is_refused(url: str, code: str) -> None:
    assert faults_of(HEAD + OPEN + f'[main]\nurl = "{url}"\n[backup]\nurl = "opc.tcp://b:1"\n') == [(5, code)]


@pytest.mark.parametrize("host", ["bms-main.example.org", "10.0.0.7", "[::1]", "[fe80::1%eth0]", "gebäude", "BMS_1"])
def test_names_and_addresses_of_both_kinds_are_hosts(host: str) -> None:
    assert (
        parse(HEAD + OPEN + f'main.url = "opc.tcp://{host}:4840/x"\nbackup.url = "opc.tcp://b:1"\n').main.port == 4840
    )


def test_the_same_server_twice_is_refused_at_the_second() -> None:
    text = HEAD + OPEN + '[main]\nurl = "opc.tcp://BMS:4840/a"\n[backup]\nurl = "opc.tcp://bms:4840"\n'
    assert faults_of(text) == [(7, "profile-same-url")]


def test_one_host_with_two_ports_is_a_pair() -> None:
    assert parse(HEAD + OPEN + 'main.url = "opc.tcp://a:1"\nbackup.url = "opc.tcp://a:2"\n').backup.port == 2


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../etc/passwd", "", "/etc/localtime"])
def test_a_time_zone_that_does_not_exist_is_refused(name: str) -> None:
    assert faults_of(HEAD + SERVERS + OPEN + f'timezone = "{name}"\n') == [(6, "profile-timezone")]


def test_a_newer_format_says_nothing_but_that() -> None:
    assert faults_of('format = 2\nfuture = "x"\n') == [(1, "profile-newer")]


@pytest.mark.parametrize("value", ["0", "true", '"1"', "1.0"])
def test_a_format_that_is_not_1_is_refused(value: str) -> None:
    assert [line for line, _ in faults_of(f'format = {value}\nname = "A"\n' + SERVERS + OPEN)] == [1]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a = [", (1, "profile-syntax")),
        ("a = 1\na = 2\n", (2, "profile-syntax")),
        ("\n\nx = = 3\n", (3, "profile-syntax")),
        ("x = " + "[" * 50_000, (None, "profile-syntax")),
        (b'a = 1\nb = "\xff"\n', (2, "profile-not-utf8")),
        ("# " + "x" * 300_000, (None, "profile-too-big")),
    ],
)
def test_what_is_no_toml_is_one_fault(text: str | bytes, fault: tuple[int | None, str], tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ProfileError) as caught:
        load_profile(file)
    assert [(found.line, found.code) for found in caught.value.faults] == [fault]


def test_an_empty_file_lacks_everything() -> None:
    assert faults_of("") == [(None, "profile-missing")] * 4


def test_a_profile_is_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "building-a.toml").write_text(WHOLE, encoding="utf-8")
    assert load_profile("building-a", tmp_path).file == tmp_path / "building-a.toml"
    assert load_profile(str(tmp_path / "building-a.toml")).name == "Building A"


def test_a_name_that_is_not_there_says_which_was_meant(tmp_path: Path) -> None:
    (tmp_path / "building-a.toml").write_text(WHOLE, encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        load_profile("bulding-a", tmp_path)
    assert (caught.value.code, caught.value.arguments["meant"]) == ("profile-no-name-meant", "building-a")
    with pytest.raises(ProfileError) as caught:
        load_profile("zzz", tmp_path)
    assert caught.value.code == "profile-no-name"


@pytest.mark.parametrize("path", ["no/such.toml", "such.toml"])
def test_a_path_that_is_not_there_is_not_taken_for_a_name(path: str, tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(path, tmp_path)
    assert caught.value.code == "profile-no-file"


def test_a_folder_is_not_a_profile(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(tmp_path)
    assert caught.value.code == "profile-unreadable"


ROLE = HEAD + SERVERS + OPEN + 'namespaces.bms = "urn:bms"\n'


def test_a_role_item_is_an_address_with_the_values_that_mean_active() -> None:
    profile = parse(ROLE + '[redundancy]\nrole_item = "bms:System/Role"\nrole_active = ["active", 1, true]\n')
    assert profile.role_address == Address("urn:bms", "System/Role")
    assert profile.redundancy.role_active == ("active", 1, True)
    assert parse(ROLE).role_address is None


@pytest.mark.parametrize(
    ("lines", "line", "code"),
    [
        ('role_item = "bms:R"', 8, "profile-role-active-missing"),
        ('role_active = ["a"]', 8, "profile-role-item-missing"),
        ('role_item = "bsm:R"\nrole_active = ["a"]', 8, "address-namespace"),
        ('role_active = ["a"]\nrole_item = "R"', 9, "address-form"),
        ('role_active = ["a"]\nrole_item = ""', 9, "address-empty"),
        ('role_active = ["a"]\nrole_item = "bms:i=x"', 9, "address-number"),
        ('role_item = "bms:R"\nrole_active = "a"', 9, "profile-role-active"),
        ('role_item = "bms:R"\nrole_active = []', 9, "profile-role-active"),
        ('role_item = "bms:R"\nrole_active = [1.5]', 9, "profile-role-active"),
        ('role_item = 5\nrole_active = ["a"]', 8, "profile-type"),
        ('operator_switch = "yes"', 8, "profile-type"),
    ],
)
def test_what_is_wrong_with_a_role_item_is_said_at_its_line(lines: str, line: int, code: str) -> None:
    assert faults_of(ROLE + "[redundancy]\n" + lines + "\n") == [(line, code)]


def test_a_person_may_switch_only_where_the_profile_says_so() -> None:
    assert not parse(ROLE).redundancy.operator_switch
    assert parse(ROLE + "redundancy.operator_switch = true\n").redundancy.operator_switch


def test_a_profile_may_say_in_which_file_the_servers_hold_the_pages() -> None:
    assert parse(ROLE).bundle_address is None
    assert parse('bundle_node = "bms:System/Pages"\n' + ROLE).bundle_address == Address("urn:bms", "System/Pages")
    assert faults_of('bundle_node = "Pages"\n' + ROLE) == [(1, "address-form")]


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ('[[interfaces]]\nname = "Own"\n', [(1, "profile-interface-behaviour")]),
        ('[[interfaces]]\nname = "Own"\nbehaviour = "synchronized"\n', [(3, "profile-choice")]),
        ('[[interfaces]]\nbehaviour = "independent"\n', [(1, "profile-missing")]),
        ('[[interfaces]]\nname = "Kaba"\n[[interfaces]]\nname = "kaba"\n', [(4, "profile-interface-twice")]),
        ('[[interfaces]]\nname = "Kaba"\nitems = [\n  "*:a/*",\n  "a/*",\n]\n', [(5, "address-pattern")]),
        ('[[interfaces]]\nname = "Kaba"\nitems = ["bms:a/*"]\n', [(3, "address-namespace")]),
        ('[[interfaces]]\nname = "Kaba"\nrelevant = "yes"\nnote = 7\n', [(3, "profile-type"), (4, "profile-type")]),
        ("[redundancy]\ninterface_property = ''\n", [(2, "profile-empty")]),
    ],
)
def test_what_is_wrong_with_a_row_of_interfaces_is_said_at_its_line(
    rows: str, faults: list[tuple[int | None, str]]
) -> None:
    before = HEAD + OPEN + SERVERS
    assert parse(before + '[[interfaces]]\nname = "Own"\nbehaviour = "independent"\nitems = ["*:a/*"]\n').interfaces
    found = faults_of(before + rows)
    start = before.count("\n")
    assert [(line and line - start, code) for line, code in found] == faults
