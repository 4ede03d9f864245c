"""The demo's pair, and the profile that fits a pair of the simulated building."""

from __future__ import annotations

from vizclient.redundancy.model import Server
from vizclient.resources import resource_path
from vizclient.simulator.options import PAGES, Options
from vizclient.simulator.pair import Pair


def demo_options(standby: str, items: int) -> Options:
    """What the demo starts its pair with: all that there is, and nothing amiss. ValueError for what cannot be."""
    return Options(
        standby=standby,
        items=items,
        bundle=str(resource_path("demo", "bundle")),
        main_web_port=0,
        backup_web_port=0,
        main_manager_port=0,
        backup_manager_port=0,
    )


def demo_profile(pair: Pair) -> str:
    """The profile of the demo, for this pair."""
    text = resource_path("demo", "profile.toml").read_text(encoding="utf-8")
    fields = {**pair.urls, "bundle": str(resource_path("demo", "bundle"))}
    for field, value in fields.items():
        text = text.replace(f"{{{field}}}", value)
    node = f'bundle_node = "bms:{PAGES}"' if pair.options.bundle else ""
    more = "\n".join(table for table in (_user_table(pair), _web_table(pair)) if table)
    return text.replace("#{bundle_node}\n", node and f"{node}\n").replace("#{more}\n", more).rstrip() + "\n"


def _user_table(pair: Pair) -> str:
    """The first of the users, "" if everybody is let in. Passwords never stand in a profile."""
    name = next(iter(pair.options.users), "")
    return f"[user]\nname = '{name}'\n" if name else ""


def _web_table(pair: Pair) -> str:
    """The tables of what browsers can reach, "" if nothing."""
    tables = []
    for table, addresses in (
        ("web", {server.value: pair.web_url(server) for server in Server}),
        ("web.manager", {server.value: pair.manager_url(server) for server in Server}),
    ):
        if None in addresses.values():
            break  # there is no table of managers without the one above
        lines = [f"[{table}]", *(f'{server} = "{url}"' for server, url in addresses.items())]
        tables.append("\n".join(lines) + "\n")
    return "\n".join(tables)
