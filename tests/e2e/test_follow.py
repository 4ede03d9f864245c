"""Clients that know nothing of main and backup follow the active server: through HAProxy, with `vizclient follow`."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from programs.following import Building, building, haproxy_file, lacking, program, wait_until
from programs.ordinary_clients import OrdinaryClient, Staying, curl, mqtt_in_a_loop, mqtt_staying, opc_ua
from vizclient.redundancy.model import Server

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(lacking()), reason=lacking())]

WAITS = 1.9
"""Seconds that HAProxy surely goes on without being told anything: it asks each second, and ends at the third time."""
SILENCE = 1.5
"""Seconds without an answer, which none of the clients ever has while there is somebody to lead it to."""
LEFT_BEHIND = 5.0
"""Most seconds that somebody may still meet a server that has ceased to be active."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    with building(tmp_path_factory.mktemp("follow")) as running:
        yield running


@pytest.fixture(scope="module")
def clients(site: Building) -> Iterator[Mapping[str, OrdinaryClient]]:
    ports = site.ports
    found = {
        "curl": curl(ports["web"]),
        "mosquitto_sub": mqtt_in_a_loop(ports["mqtt"]),
        "mosquitto_sub that stays": mqtt_staying(ports["mqtt"]),
        "OPC UA": opc_ua(ports["opcua"]),
    }
    with ExitStack() as stack:
        for client in found.values():
            stack.enter_context(client)
        for client in found.values():
            client.first("main", 0.0)
        yield found


def all_follow(site: Building, clients: Mapping[str, OrdinaryClient], taken: Server, active: float) -> None:
    """Each comes to be on `taken`, and from then on meets nobody else."""
    took = {name: client.first(taken, active) - active for name, client in clients.items()}
    time.sleep(0.3)
    for name, client in clients.items():
        others = [at - active for at, server in client.seen if at > active + took[name] and server != taken]
        assert not others, (name, took[name], others)
        misled = [(at, server) for at, server in client.seen if not was_active(site, Server(server), at)]
        assert not misled, (name, misled)


def was_active(site: Building, server: Server, at: float) -> bool:
    """Whether `server` was active at `at`, or had been until just before."""
    active = None
    for event in site.pair.events():
        if event["server"] != server or event["p"] > at:
            continue
        if event["event"] == "role" and event["role"] == "active":
            active = event["p"], float("inf")
        elif active is not None and event["event"] in ("role", "exited"):
            active = active[0], min(active[1], event["p"])
    return active is not None and at <= active[1] + LEFT_BEHIND


def test_the_configuration_is_one_that_haproxy_takes_without_a_warning(site: Building) -> None:
    done = subprocess.run(
        [str(program("haproxy")), "-c", "-f", str(haproxy_file(site.profile))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_through_a_kill_and_a_return_every_client_comes_to_the_active_server(
    site: Building, clients: Mapping[str, OrdinaryClient]
) -> None:
    site.settle()
    all_follow(site, clients, Server.BACKUP, site.kill(Server.MAIN))
    all_follow(site, clients, Server.MAIN, site.restart(Server.MAIN))


def test_through_a_swap_and_back_every_client_comes_to_the_active_server(
    site: Building, clients: Mapping[str, OrdinaryClient]
) -> None:
    for taken in (Server.BACKUP, Server.MAIN):
        site.settle()
        all_follow(site, clients, taken, site.swap())


def test_a_restart_of_the_service_disturbs_no_connection(site: Building, clients: Mapping[str, OrdinaryClient]) -> None:
    client = clients["OPC UA"]
    assert isinstance(client, Staying)
    for _ in range(5):
        # until HAProxy has had its good answers, it takes a server down at the first bad one
        client.first("main", client.first("main", time.perf_counter()) + 2 * WAITS)
        connections, closed = client.connections, time.perf_counter()
        site.service.close()
        site.start_service()
        if time.perf_counter() - closed < WAITS:
            break
    else:
        pytest.skip(f"this machine is too busy to start a process within {WAITS} s")
    client.first("main", time.perf_counter() + 0.5)
    assert client.connections == connections


def test_without_the_service_nobody_is_led_anywhere_and_with_it_all_go_on(
    site: Building, clients: Mapping[str, OrdinaryClient]
) -> None:
    site.service.close()
    # HAProxy waits for three seconds
    wait_until(
        lambda: all(time.perf_counter() - client.seen[-1][0] > SILENCE for client in clients.values()),
        "nobody to reach anybody any more",
    )
    site.start_service()
    known = time.perf_counter()
    for client in clients.values():
        client.first("main", known)
