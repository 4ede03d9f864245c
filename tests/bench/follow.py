"""How long clients that know nothing of main and backup take to be on the other server, through HAProxy and `vizclient follow`.

The clock starts when the other server turns active. Beside curl, mosquitto_sub and an OPC UA client, which all come to
HAProxy again and again: `follow`, when its health endpoint says so, and mosquitto_sub that stays connected, which waits
for a second of its own accord after it has lost its connection. With a browser: when the page of the other server is there.
The standby lets everybody in. In milliseconds.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from programs.browser import Browser
from programs.following import Building, building, lacking
from programs.ordinary_clients import OrdinaryClient, curl, mqtt_in_a_loop, mqtt_staying, opc_ua
from vizclient.redundancy.model import Server

ROUNDS = 4
"""Of each: a kill, the return of the main, and two swaps."""

_SERVER = "document.querySelector('iframe')?.contentDocument?.getElementById('server')?.textContent"
_REST = 1.5


def measure() -> dict[str, float]:
    """Kills, returns and swaps; the least, the median and the most of each client."""
    if lack := lacking("haproxy", "mosquitto", "mosquitto_sub", "curl", "chromium"):
        raise RuntimeError(lack)
    took: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="vizclient-bench-") as name, ExitStack() as stack:
        site = stack.enter_context(building(Path(name)))
        clients = {
            "curl": curl(site.ports["web"]),
            "mosquitto_sub": mqtt_in_a_loop(site.ports["mqtt"]),
            "mosquitto_sub_staying": mqtt_staying(site.ports["mqtt"]),
            "opc_ua": opc_ua(site.ports["opcua"]),
        }
        for client in clients.values():
            stack.enter_context(client)
        browser = stack.enter_context(Browser())
        browser.go(site.landing)
        browser.wait(_SERVER, lambda text: text == "main")
        for _ in range(ROUNDS):
            one(site, clients, browser, took, "kill", Server.BACKUP, lambda: site.kill(Server.MAIN))
            one(site, clients, browser, took, "return", Server.MAIN, lambda: site.restart(Server.MAIN))
            one(site, clients, browser, took, "swap", Server.BACKUP, site.swap)
            one(site, clients, browser, took, "swap", Server.MAIN, site.swap)
    figures = {}
    for what, seconds in took.items():
        figures[f"{what}_ms"] = statistics.median(seconds) * 1000
        figures[f"{what}_min_ms"] = min(seconds) * 1000
        figures[f"{what}_max_ms"] = max(seconds) * 1000
    return figures


def one(
    site: Building,
    clients: Mapping[str, OrdinaryClient],
    browser: Browser,
    took: dict[str, list[float]],
    how: str,
    taken: Server,
    blow: Callable[[], float],
) -> None:
    """One switchover to `taken`."""
    if how != "return":
        site.settle()
    time.sleep(_REST)
    watches: dict[str, float] = {}

    def see(name: str, wait: Callable[[], float]) -> threading.Thread:
        def note() -> None:
            watches[name] = wait()

        thread = threading.Thread(target=note, name=name)
        thread.start()
        return thread

    threads = [
        see("follow", lambda: site.wait_active(taken)),
        see("browser", lambda: browser.wait(_SERVER, lambda text: text == taken)),
    ]
    active = blow()
    for thread in threads:
        thread.join()
    for name, client in clients.items():
        watches[name] = client.first(taken, active)
    for name, seen in watches.items():
        took[f"{how}_{name}"].append(seen - active)
