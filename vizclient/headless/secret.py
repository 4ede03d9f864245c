"""`vizclient secret`: gives, tries and removes the passwords of the users that a profile names.

A password comes from the terminal, without echo, or from a pipe; never from the command line, which others can see.
"""

from __future__ import annotations

import getpass
import sys
import warnings
from pathlib import Path

from vizclient.exits import Exit
from vizclient.headless.account import advice, why
from vizclient.headless.running import complain, complain_of, run_headless
from vizclient.link.refusals import RefusedLogins
from vizclient.password import LONGEST, Password
from vizclient.phrases import phrase
from vizclient.places import Places
from vizclient.profiles.loading import ProfileError, load_profile
from vizclient.profiles.model import Profile
from vizclient.profiles.secrets import SecretError, Secrets
from vizclient.redundancy.model import Report, Server
from vizclient.redundancy.roles import find_role


def set_password(path: str, data_dir: Path | None, server: Server | None, *, secrets: Secrets | None = None) -> Exit:
    """Ask for a password, and keep it in the keyring for the user of `server`, else for that of both."""
    profile = _profile(path, data_dir)
    if profile is None:
        return Exit.USAGE
    servers = _servers(profile, server)
    users = dict.fromkeys(_user(profile, each) for each in servers)
    if not servers:
        return Exit.USAGE
    if len(users) > 1:
        complain("secret-which", {"users": ", ".join(users)})
        return Exit.USAGE
    [user] = users
    try:
        password = _ask(user)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return Exit.UNKNOWN
    if password is None:
        return Exit.USAGE
    secrets, remembered = secrets or Secrets(profile), RefusedLogins(Places.of(data_dir))
    for each in servers:
        try:
            secrets.keep(each, password)
        except SecretError as error:
            return _complain(error, user)
        remembered.permit(secrets.account(each))
        print(phrase("secret-kept", {"user": user, "server": each}))
    return Exit.DONE


def remove_password(path: str, data_dir: Path | None, server: Server | None, *, secrets: Secrets | None = None) -> Exit:
    """Take the passwords of the users of `server`, else of both, out of the keyring."""
    profile = _profile(path, data_dir)
    if profile is None:
        return Exit.USAGE
    servers = _servers(profile, server)
    secrets = secrets or Secrets(profile)
    for each in servers:
        user = _user(profile, each)
        try:
            there = secrets.remove(each)
        except SecretError as error:
            return _complain(error, user)
        print(phrase("secret-removed" if there else "secret-not-there", {"user": user, "server": each}))
    return Exit.DONE if servers else Exit.USAGE


def check_password(path: str, data_dir: Path | None, server: Server | None) -> Exit:
    """Find the passwords, show each to its server once, and say what came of it."""

    async def work(profile: Profile, places: Places) -> Exit:
        from vizclient.headless.probe import ask  # noqa: PLC0415 - asyncua
        from vizclient.link.composition import connector, logins  # noqa: PLC0415

        servers = _servers(profile, server)
        if not servers:
            return Exit.USAGE
        passwords = logins(profile, places)
        passwords.ask_again()
        reports = await ask(connector(profile, places, passwords=passwords), servers)
        return max((_tell(profile, reports[each]) for each in servers), key=_WORST.index)

    return run_headless("secret", path, data_dir, work, stopped=Exit.UNKNOWN)


_WORST = [Exit.DONE, Exit.UNKNOWN, Exit.ATTENTION]


def _tell(profile: Profile, report: Report) -> Exit:
    user, problem = _user(profile, report.server), report.problem
    arguments = {"user": user, "server": report.server}
    if problem is None:
        print(phrase("secret-accepted", arguments))
        return Exit.DONE
    finding = find_role(report, None)
    said = why(finding, report)
    if to_do := advice(finding, report):
        said = f"{said}. {to_do}"
    if problem.code == "password-refused":
        print(phrase("secret-refused", {**arguments, "what": said}))
        return Exit.ATTENTION
    print(phrase("secret-not-tried", {**arguments, "what": said}))
    return Exit.ATTENTION if problem.kind.needs_attention else Exit.UNKNOWN


def _profile(path: str, data_dir: Path | None) -> Profile | None:
    try:
        return load_profile(path, Places.of(data_dir).config / "profiles")
    except ProfileError as error:
        complain_of(error)
        return None


def _servers(profile: Profile, server: Server | None) -> list[Server]:
    """Those that are meant and have a user; none when that was complained of."""
    meant = list(Server) if server is None else [server]
    found = [each for each in meant if profile.user_of(each) is not None]
    if not found:
        complain("secret-nobody", {"server": ", ".join(meant), "file": profile.file})
    return found


def _user(profile: Profile, server: Server) -> str:
    user = profile.user_of(server)
    assert user is not None, "looked at before"
    return user.name


def _ask(user: str) -> Password | None:
    """The password as it was typed, or came through a pipe; None when it was complained of."""
    if sys.stdin is None:
        complain("secret-no-terminal", {})
        return None
    if not sys.stdin.isatty():
        content = sys.stdin.buffer.read(4 * LONGEST + 3)
        try:
            return Password(content.decode().removesuffix("\n").removesuffix("\r"))
        except ValueError:  # UnicodeDecodeError is one
            complain("secret-no-line", {"limit": LONGEST})
            return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            first = getpass.getpass(phrase("secret-ask", {"user": user}))
            again = getpass.getpass(phrase("secret-ask-again", {}))
    except (getpass.GetPassWarning, EOFError, OSError):
        complain("secret-no-terminal", {})
        return None
    if first != again:
        complain("secret-differs", {})
        return None
    try:
        return Password(first)
    except ValueError:
        complain("secret-no-line", {"limit": LONGEST})
        return None


def _complain(error: SecretError, user: str) -> Exit:
    complain(f"secret-{error.code}", {**error.arguments, "user": user})
    return Exit.REFUSED if error.code == "password-file-first" else Exit.ATTENTION
