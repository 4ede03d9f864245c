"""The wire between the two servers, over a real loopback connection."""

from __future__ import annotations

import queue
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from vizclient.simulator.replication import Pulse, Wire

Inbox = queue.SimpleQueue[tuple[float, str, Any]]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def ends() -> Iterator[tuple[Wire, Inbox, Wire, Inbox]]:
    port, main_inbox, backup_inbox = free_port(), Inbox(), Inbox()
    wires = [
        Wire(listen=listen, port=port, heartbeat=0.02, limit=5.0, receive=lambda *m, inbox=inbox: inbox.put(m))
        for listen, inbox in ((True, main_inbox), (False, backup_inbox))
    ]
    for wire in wires:
        wire.word = "hello"
        wire.start()
    yield wires[0], main_inbox, wires[1], backup_inbox
    for wire in wires:
        wire.close()


def next_of(inbox: Inbox, kind: str) -> Any:
    while True:
        _, found, payload = inbox.get(timeout=5.0)
        if found == kind:
            return payload


def test_both_ends_hear_heartbeats(ends: tuple[Wire, Inbox, Wire, Inbox]) -> None:
    _, main_inbox, _, backup_inbox = ends
    assert next_of(main_inbox, "word") == "hello"
    assert next_of(backup_inbox, "word") == "hello"


def test_values_arrive_as_they_were_sent(ends: tuple[Wire, Inbox, Wire, Inbox]) -> None:
    main, _, _, backup_inbox = ends
    next_of(backup_inbox, "word")
    payload = [1, -(2**63), 2**64 - 1, 0.1, "ü", b"\x00", None, True, list(range(100_000))]
    assert main.send("state", payload)
    assert next_of(backup_inbox, "state") == payload


def test_a_cut_wire_says_so_and_comes_back_when_it_heals(ends: tuple[Wire, Inbox, Wire, Inbox]) -> None:
    main, _, backup, backup_inbox = ends
    next_of(backup_inbox, "word")
    for wire in (main, backup):
        wire.cut(cut=True)
    assert not main.send("state", 1)
    for wire in (main, backup):
        wire.cut(cut=False)
    while not main.send("state", 2):
        time.sleep(0.005)
    assert next_of(backup_inbox, "state") == 2


def test_without_a_peer_nothing_is_sent() -> None:
    wire = Wire(listen=True, port=free_port(), heartbeat=0.02, limit=5.0, receive=lambda *_: None)
    wire.start()
    try:
        assert not wire.send("state", 1)
    finally:
        wire.close()


def test_a_break_is_noticed_once_and_mutes_until_it_is_dealt_with() -> None:
    pulse = Pulse(limit=0.05)
    pulse.sent(time.perf_counter() - 1.0)
    assert pulse.stopped()
    assert pulse.check(time.perf_counter())
    assert not pulse.check(time.perf_counter())
    pulse.sent(time.perf_counter())
    assert pulse.stopped()
    pulse.clear()
    assert not pulse.stopped()
