"""`vizclient profile new`: asks one server what it is and which pair it belongs to, and writes a profile to begin with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from vizclient.exits import Exit
from vizclient.headless.running import complain, run_logged
from vizclient.items.address import OPC_UA_NAMESPACE
from vizclient.opcua.discovery import NO_SECURITY, Application, Discovered, NotDiscovered, discover
from vizclient.opcua.endpoint import Target
from vizclient.opcua.trust import Security
from vizclient.phrases import PHRASES, phrase
from vizclient.places import Places
from vizclient.profiles.loading import ProfileError, parse_profile
from vizclient.redundancy.model import RedundancySupport

_DEFAULT_PORT = 4840
_LONGEST = 200


def new_profile(server: str, data_dir: Path | None, *, out: Path | None, name: str | None, insecure: bool) -> Exit:
    """Ask `server` and write a profile to `out`, by default one of the configuration, called after `name`. Overwrites nothing."""
    url = _whole(server)
    if url is None:
        complain("profile-url", {"key": "--from", "value": server})
        return Exit.USAGE
    if out is not None and out.exists():
        complain("profile-exists", {"path": out})
        return Exit.USAGE
    places = Places.of(data_dir)
    return run_logged(
        "profile", places, lambda: _write_new(url, places, out, name, insecure=insecure), stopped=Exit.UNKNOWN
    )


async def _write_new(url: str, places: Places, out: Path | None, name: str | None, *, insecure: bool) -> Exit:
    try:
        found = await discover(url, places.pki / "own", lambda offers: choose(offers, insecure=insecure))
    except NotDiscovered as error:
        problem, arguments = error.problem, dict(error.problem.arguments)
        advice = phrase(f"advice.{problem.code}", arguments) if f"advice.{problem.code}" in PHRASES else ""
        complain(
            "profile-not-asked", {"url": url, "reason": phrase(f"reason.{problem.code}", arguments), "advice": advice}
        )
        return Exit.ATTENTION if problem.kind.needs_attention else Exit.NO_ACTIVE
    name = name or found.own.name or Target(url).host
    path = out or places.config / "profiles" / f"{_file_name(name)}.toml"
    text, complete = compose_profile(url, found, name, path, places.pki / "own" / "vizclient.der", insecure=insecure)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        complain("profile-exists", {"path": path})
        return Exit.USAGE
    except OSError as error:
        complain("profile-unwritable", {"path": path, "reason": error.strerror or error})
        return Exit.USAGE
    print(phrase("profile-written", {"path": path}))
    if not complete:
        complain("profile-no-peer", {"path": path})
        return Exit.ATTENTION
    return Exit.DONE


def choose(offers: Sequence[Security], *, insecure: bool) -> Security:
    """The best of what is offered, best first; none at all if that is wanted and offered."""
    return NO_SECURITY if insecure and NO_SECURITY in offers else offers[0]


def compose_profile(
    url: str, found: Discovered, name: str, path: Path, certificate: Path, *, insecure: bool = False
) -> tuple[str, bool]:
    """The text of the profile, and whether both servers are in it: then it can be loaded."""
    for peer in _peers(found):
        for candidate in peer.urls:
            text = "\n".join(_lines(url, found, name, certificate, peer, candidate, insecure=insecure))
            try:
                parse_profile(text.encode(), path)
            except ProfileError:
                continue  # an address that is none, or the server's own once more
            return text, True
    return "\n".join(_lines(url, found, name, certificate, None, "", insecure=insecure)), False


def short_names(uris: Sequence[str], own_uri: str) -> dict[str, str]:
    """Short names for namespaces; not for OPC UA's own, nor for the server's, which its peer has not."""
    names: dict[str, str] = {}
    for uri in uris:
        if uri in ("", OPC_UA_NAMESPACE, own_uri) or not re.fullmatch(r"[^\s;]{1,1000}", uri) or uri in names.values():
            continue
        base = _short_name(uri)
        number, name = 2, base
        while name in names:
            name, number = f"{base}{number}", number + 1
        names[name] = uri
    return names


def _lines(
    url: str,
    found: Discovered,
    name: str,
    certificate: Path,
    peer: Application | None,
    peer_url: str,
    *,
    insecure: bool,
) -> Iterator[str]:
    own, inside = found.own, found.inside
    yield f"# Written by vizclient, which asked {_plain(url)}. Look through it, then try it: vizclient probe --profile FILE"
    yield "format = 1"
    yield f"name = {_quoted(name[:_LONGEST])}"
    yield '# bundle = "folder or .vizbundle"   # the pages; relative to this file'
    yield '# timezone = "Europe/Vienna"        # of the clock in the window; this computer\'s if left out'
    yield ""
    yield f"# The server that was asked: {_plain(own.name) or 'it has no name'}, {_plain(own.uri) or 'without a URI'}."
    if inside is not None and inside.said.level is not None:
        yield f"# ServiceLevel {inside.said.level} when it was asked."
    yield "# If it is the backup of the pair, swap the two addresses."
    yield "[main]"
    yield f"url = {_quoted(url)}"
    yield ""
    yield from _backup_lines(url, found, peer, peer_url)
    yield ""
    yield from _security_lines(found, certificate, insecure=insecure)
    yield ""
    yield from _redundancy_lines(found)
    yield ""
    yield "# Short names for the namespaces of item addresses, as in bms:Room/Temperature."
    yield "[namespaces]"
    if inside is None:
        yield '# The server let nobody in to ask for them. As in: bms = "urn:example:bms"'
    else:
        for short, uri in short_names(inside.namespaces, own.uri).items():
            yield f"{short} = {_quoted(uri)}"
    yield ""


def _backup_lines(url: str, found: Discovered, peer: Application | None, peer_url: str) -> Iterator[str]:
    if peer is None:
        for uri in found.peer_uris:
            yield f"# The server that was asked says that its peer is {_plain(uri)}, but not where that is."
        for other in found.others:
            yield f"# It also knows {_plain(other.name)} ({_plain(other.uri)}) at {_plain(', '.join(other.urls))}"
        yield "# The peer's address was not found. FILL IN its host and port, and take the # away:"
        yield "[backup]"
        yield '# url = "opc.tcp://HOST:4840"'
        return
    yield f"# Its peer, at the address that the server named: {_plain(peer.name) or 'without a name'}, {_plain(peer.uri)}."
    if not found.peer_uris:
        yield "# That it is the peer is a guess: the server names no server set, but knows this one other server. CHECK it."
    if _is_local(urlsplit(peer_url).hostname or "") and not _is_local(Target(url).host):
        yield "# This address means the server's own computer. PUT IN the host's name or IP address as seen from here."
    else:
        yield "# Check that this name or IP address leads there from here as well; if not, put in one that does."
    for named in dict.fromkeys(named for known in _peers(found) for named in known.urls):
        if named != peer_url:
            yield f"# Named too: {_plain(named)}"
    yield "[backup]"
    yield f"url = {_quoted(peer_url)}"


def _security_lines(found: Discovered, certificate: Path, *, insecure: bool) -> Iterator[str]:
    chosen = choose(found.offers, insecure=insecure) if found.offers else NO_SECURITY
    offered = ", ".join(f"{offer.policy}/{offer.mode}" for offer in found.offers)
    yield f"# Offered, the best first: {offered or 'nothing that this program knows'}."
    if chosen.secured:
        yield f"# The server must trust this client's certificate: {_plain(str(certificate))}"
    elif not found.offers:
        yield "# PUT IN what the server offers, or mend what it offers."
    elif insecure:
        yield "# Without security, because --insecure asked for it: anybody on the network can read and change what is sent."
    else:
        yield "# Nothing better is offered: anybody on the network can read and change what is sent."
    if found.refused is not None:
        reason = phrase(f"reason.{found.refused.code}", dict(found.refused.arguments))
        yield f"# It did not let a session in with that when it was asked: {_plain(reason)}."
    yield "[security]"
    yield f"policy = {_quoted(chosen.policy)}"
    yield f"mode = {_quoted(chosen.mode)}"


def _redundancy_lines(found: Discovered) -> Iterator[str]:
    inside = found.inside
    yield "[redundancy]"
    if inside is None:
        yield "# How it tells its role is not known: it let nobody in."
    else:
        said = inside.said
        kinds = {support.value: support.name.lower().replace("_", " ") for support in RedundancySupport}
        kind = "not told" if said.support is None else kinds.get(said.support, str(said.support))
        told = [what for what, value in (("Mode", said.mode), ("ServiceLevel", said.level)) if value is not None]
        yield f"# RedundancySupport: {kind}. It tells its role by: {' and '.join(told) or 'nothing that is standard'}."
    yield "# Where a server tells its role in an item of its own, name it, with the values that mean active:"
    yield '# role_item = "bms:System/Role"'
    yield '# role_active = ["active"]'


def _peers(found: Discovered) -> list[Application]:
    """Who may be the peer: whoever the server set names; without one, the only other server that is known."""
    if found.peer_uris:
        by_uri = {application.uri: application for application in found.others}
        return [by_uri[uri] for uri in found.peer_uris if uri in by_uri]
    return list(found.others) if len(found.others) == 1 else []


def _whole(server: str) -> str | None:
    """`server` as a URL with a port; None if it is none."""
    try:
        target = Target(server)
    except ValueError:
        return None
    parts = urlsplit(server)
    if parts.port is None:
        host = f"[{target.host}]" if ":" in target.host else target.host
        return parts._replace(netloc=f"{host}:{_DEFAULT_PORT}").geturl()
    return server


def _short_name(uri: str) -> str:
    parts = [
        part
        for part in re.split(r"[:/#.]", uri.partition("://")[2] or uri.removeprefix("urn:"))
        if re.search("[A-Za-z]", part)
    ]
    words = [re.sub(r"[^A-Za-z0-9_-]+", "-", part).strip("-").lower() for part in reversed(parts)]
    fitting = (word for word in words if re.fullmatch(r"[a-z][a-z0-9_-]*", word) and not re.fullmatch(r"v\d+", word))
    return next(fitting, "ns")[:40]


def _file_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "site"


def _is_local(host: str) -> bool:
    return host.lower() == "localhost" or host.startswith("127.") or host == "::1"


def _quoted(text: str) -> str:
    """A basic string of TOML, which writes like JSON but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(text: str) -> str:
    """What a server said, fit for a comment: one line, not too long."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:_LONGEST]
