from __future__ import annotations

import pytest

from vizclient.items.ports import ServiceFault
from vizclient.opcua.errors import AnswerLate, ChannelLost, Misfit, Undecodable, Unresolved, problem_of
from vizclient.phrases import phrase
from vizclient.redundancy.model import Layer, ProblemKind

K, L = ProblemKind, Layer


@pytest.mark.parametrize(
    ("error", "layer", "kind"),
    [
        (Unresolved("x"), L.NOTHING, K.UNRESOLVED),
        (ConnectionRefusedError(111, "refused"), L.NOTHING, K.UNREACHABLE),
        (OSError(113, "no route"), L.NOTHING, K.UNREACHABLE),
        (TimeoutError(), L.NOTHING, K.UNREACHABLE),
        (AnswerLate("x"), L.TCP, K.TIMED_OUT),
        (ChannelLost(K.NOT_OPC_UA), L.TCP, K.NOT_OPC_UA),
        (ChannelLost(K.REFUSED, 0x807D0000), L.TCP, K.REFUSED),
        (ChannelLost(K.REFUSED, 0x80550000), L.HELLO, K.SECURITY),
        (ChannelLost(K.REFUSED, 0x801A0000), L.HELLO, K.CERTIFICATE),
        (ChannelLost(K.LOST), L.CHANNEL, K.LOST),
        (ServiceFault(0x80560000), L.CHANNEL, K.REFUSED),  # Bad_TooManySessions
        (ServiceFault(0x80210000), L.SESSION, K.CREDENTIALS),
        (ServiceFault(0x80540000), L.HELLO, K.SECURITY),
        (Undecodable("x"), L.SESSION, K.UNDECODABLE),
        (Misfit(K.CERTIFICATE, "x"), L.NOTHING, K.CERTIFICATE),
        (ZeroDivisionError(), L.SESSION, K.LOCAL),
    ],
)
def test_each_failure_is_named_by_what_it_means_at_its_layer(error: Exception, layer: Layer, kind: ProblemKind) -> None:
    problem = problem_of(error, layer)
    assert (problem.kind, problem.layer) == (kind, layer)


def test_access_denied_concerns_credentials_only_where_there_are_any() -> None:
    denied = ServiceFault(0x801F0000)
    assert problem_of(denied, Layer.SESSION).kind is ProblemKind.REFUSED
    assert problem_of(denied, Layer.SESSION, with_user=True).kind is ProblemKind.CREDENTIALS
    assert problem_of(denied, Layer.CHANNEL, with_user=True).kind is ProblemKind.REFUSED


def test_the_status_and_its_name_are_kept() -> None:
    problem = problem_of(ServiceFault(0x80560000), Layer.CHANNEL)
    assert (problem.status, problem.detail) == (0x80560000, "BadTooManySessions")


@pytest.mark.parametrize(
    ("error", "layer", "code"),
    [
        (ConnectionRefusedError(111, "Connection refused"), Layer.NOTHING, "port-closed"),
        (ConnectionRefusedError(111, "Connection refused"), Layer.HELLO, "lost"),
        (OSError(113, "No route to host"), Layer.NOTHING, "unreachable"),
        (TimeoutError("x"), Layer.NOTHING, "host-silent"),
        (AnswerLate("x"), Layer.TCP, "silent"),
        (AnswerLate("x"), Layer.CHANNEL, "timed-out"),
        (Unresolved("x"), Layer.NOTHING, "unresolved"),
        (Unresolved("x", late=True), Layer.NOTHING, "unresolved-late"),
        (Misfit(ProblemKind.SECURITY, "x", "security-offer", wanted="a", offered="b"), Layer.CHANNEL, "security-offer"),
    ],
)
def test_each_case_that_a_person_tells_apart_has_words_of_its_own(error: Exception, layer: Layer, code: str) -> None:
    problem = problem_of(error, layer)
    assert problem.code == code
    assert "{" not in phrase(f"reason.{code}", dict(problem.arguments))
