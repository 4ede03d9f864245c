"""`vizclient follow`: the service that tells other programs which server is active; or the configuration of an HAProxy."""

from __future__ import annotations

import logging
import socket
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vizclient.exits import Exit
from vizclient.follow.haproxy import haproxy_configuration
from vizclient.headless.running import complain, complain_of
from vizclient.link.composition import compose
from vizclient.phrases import PHRASES, phrase
from vizclient.places import Places
from vizclient.profiles.loading import ProfileError, load_profile
from vizclient.profiles.model import Profile

if TYPE_CHECKING:
    from vizclient.follow.serving import Serving

_log = logging.getLogger(__name__)


async def follow(profile: Profile, places: Places) -> Exit:
    """Until it is told to end; comes back only if it cannot begin."""
    from vizclient.follow.service import Following, Unusable  # noqa: PLC0415 - HTTP is loaded by whoever serves it

    try:
        await Following(profile, partial(compose, profile, places), _Teller()).run()
    except Unusable as error:
        complain(error.code, error.arguments)
    return Exit.USAGE


def haproxy_config(profile: str, data_dir: Path | None) -> Exit:
    """Print the configuration for the ports of `profile`."""
    try:
        loaded = load_profile(profile, Places.of(data_dir).config / "profiles")
    except ProfileError as error:
        complain_of(error)
        return Exit.USAGE
    if not loaded.follow.port:
        complain("follow-no-ports", {"profile": loaded.file})
        return Exit.USAGE
    try:
        text = haproxy_configuration(loaded, _address)
    except _NoAddress as error:
        complain("follow-no-address", {"host": error.host, "reason": error.reason})
        return Exit.USAGE
    print(text, end="")
    return Exit.DONE


class _Teller:
    """A line on standard output, and one in the log, whenever another server is active, or none for another reason."""

    def __init__(self) -> None:
        self._said: tuple[object, ...] = ()

    def __call__(self, serving: Serving) -> None:
        now = (serving.server, serving.reason)
        if not serving.known or now == self._said:
            return
        self._said = now
        code = "follow-nobody" if serving.server is None else "follow-active"
        text = phrase(code, {"server": serving.server, "reason": _in_words(serving.reason)})
        _log.info("%s", text)
        print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def _in_words(reason: str | None) -> str:
    """Why no server is active; as a code where the sentence needs more than that to be said."""
    for kind in ("reason", "cause"):
        template = PHRASES.get(f"{kind}.{reason}", "{")
        if "{" not in template:
            return template
    return str(reason)


class _NoAddress(Exception):
    def __init__(self, host: str, reason: str) -> None:
        super().__init__(host)
        self.host = host
        self.reason = reason


def _address(host: str, port: int) -> str:
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise _NoAddress(host, error.strerror or str(error)) from None
    return f"[{where[0]}]:{port}" if family == socket.AF_INET6 else f"{where[0]}:{port}"
