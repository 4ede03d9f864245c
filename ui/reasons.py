"""Why a value shows the freshness that it shows, and what to do about it: sentences. No widget, no clock."""

from __future__ import annotations

from typing import NamedTuple

from vizclient.items.freshness import Behaviour, Freshness
from vizclient.items.status import status_name
from vizclient.items.value import Sample, severity
from vizclient.link.mirror import Mirror
from vizclient.redundancy.support import Interface, Possible

from .symbols.contract import Words


class Reason(NamedTuple):
    """`why` the value has its freshness, and what there is `to_do`, "" where that is nothing."""

    why: str
    to_do: str = ""

    def said(self) -> str:
        """Both, as whole sentences."""
        return " ".join(f"{part}." for part in self if part)


def reason(mirror: Mirror, handle: int, freshness: Freshness, words: Words) -> Reason:
    """Why the item of `handle` has this `freshness`."""
    sample, interface = mirror.samples[handle], mirror.interfaces[handle]
    if sample is None:
        return Reason(words("why.never"))
    server = _server(sample.server, words)
    arguments = {"server": server, "status": status_name(sample.status)}
    match freshness:
        case Freshness.LIVE:
            return Reason(words("why.live", **arguments))
        case Freshness.UNCERTAIN:
            return Reason(words("why.uncertain" if severity(sample.status) else "why.unsure", **arguments))
        case Freshness.BAD:
            return Reason(words("why.bad", **arguments))
        case Freshness.MISSING if interface is None or interface.behaviour is not Behaviour.ACTIVE_ONLY:
            return Reason(words("why.missing", **arguments), words("why.missing.do", **arguments))
        case Freshness.HELD | Freshness.STALE if (maker := mirror.maker(handle)) and interface is not None:
            return _of_interface("awaited", interface, _server(maker, words), words)
        case Freshness.HELD:
            return Reason(words("why.held"))
        case Freshness.UNSYNCHRONISED if interface is not None:
            return _of_interface(interface.behaviour, interface, server, words)
        case Freshness.MISSING if interface is not None:
            return _of_interface("active-only", interface, server, words)
    return Reason(words("why.stale", **arguments))


def remark(mirror: Mirror, handle: int, freshness: Freshness, words: Words) -> str:
    """What the item's interface adds to its freshness, in sentences; "" where that is nothing."""
    sample, interface = mirror.samples[handle], mirror.interfaces[handle]
    if sample is None or interface is None:
        return ""
    match freshness:
        case Freshness.UNSYNCHRONISED:
            return reason(mirror, handle, freshness, words).said()
        case Freshness.MISSING if interface.behaviour is Behaviour.ACTIVE_ONLY:
            return reason(mirror, handle, freshness, words).said()
        case Freshness.HELD | Freshness.STALE if mirror.maker(handle):
            return reason(mirror, handle, freshness, words).said()
        case Freshness.LIVE if has_taken_over(mirror, sample) and interface.note and interface.possible in _CAUTIOUS:
            return words("why.caution", interface=interface.name, note=words.text(interface.note))
    return ""


def distrust(mirror: Mirror, handle: int, words: Words) -> str:
    """What someone who writes to an `unsynchronised` item has to know."""
    interface = mirror.interfaces[handle]
    if interface is None:
        return ""
    code = "write.distrust.main-only" if interface.behaviour is Behaviour.MAIN_ONLY else "write.distrust"
    sample = mirror.samples[handle]
    return words(code, interface=interface.name, server=_server(sample.server if sample else "", words))


def has_taken_over(mirror: Mirror, sample: Sample) -> bool:
    """Whether the server of `sample` has taken over from the other one, as far as is known here."""
    return mirror.standing.switches > 0 or sample.server == "backup"


_CAUTIOUS = frozenset({Possible.YES, Possible.UNTESTED})
"""Where values are carried over, a note is a caution; elsewhere it says why they are not."""


def _of_interface(code: str, interface: Interface, server: str, words: Words) -> Reason:
    said = {"interface": interface.name, "server": server}
    return Reason(words(f"why.{code}", **said), words(f"why.{code}.do", **said))


def _server(server: str, words: Words) -> str:
    return words(f"server.{server}.loud") if server else ""
