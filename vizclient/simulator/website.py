"""The web visualization of one server: what there is, and every interface with live values. Reachable while it is active."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from html import escape
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from vizclient.redundancy.model import Server
from vizclient.simulator.http_port import Answer, Request
from vizclient.simulator.interfaces import INTERFACES
from vizclient.simulator.item import Item
from vizclient.simulator.nodes import ItemNodes

_EVERY: Final = 0.5
_SHOWN: Final = 4
"""Items of an interface on the overview."""

STYLE: Final = """
:root { color-scheme: light dark; --page: #f4f5f6; --card: #fff; --ink: #1c2126; --quiet: #5c6670; --line: #d9dde1; }
@media (prefers-color-scheme: dark) {
  :root { --page: #16191c; --card: #1f2327; --ink: #e8eaec; --quiet: #9aa4ad; --line: #343a40; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
header { display: flex; gap: 16px; align-items: baseline; padding: 20px 32px; border-bottom: 1px solid var(--line); }
h1 { font-size: 22px; margin: 0; } h2 { font-size: 16px; margin: 0 0 10px; font-weight: 600; }
header span { color: var(--quiet); } header .server { margin-left: auto; color: var(--ink); font-weight: 600; }
main { padding: 24px 32px; max-width: 1400px; margin: 0 auto; }
.cards { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(320px, 1fr)); align-items: start; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 16px 18px; }
a { color: inherit; } .card h2 a { text-decoration: none; } .card h2 a:hover { text-decoration: underline; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
td { padding: 4px 0; text-align: left; vertical-align: top; } td + td { text-align: right; padding-left: 12px; }
tr + tr td { border-top: 1px solid var(--line); }
.bad { color: var(--quiet); text-decoration: line-through; } button, input { font: inherit; padding: 6px 12px; }
input { width: 100%; margin-bottom: 10px; } small { color: var(--quiet); font-weight: 400; }
.note { padding: 10px 14px; border: 1px solid var(--line); border-left: 4px solid var(--quiet); background: var(--card); }
"""

_LIVE: Final = """
const cells = new Map([...document.querySelectorAll("[data-item]")].map((cell) => [cell.dataset.item, cell]));
const source = new EventSource(document.body.dataset.values);
source.onmessage = (event) => {
  for (const [item, [text, good]] of Object.entries(JSON.parse(event.data))) {
    const cell = cells.get(item); if (cell) { cell.textContent = text; cell.className = good ? "" : "bad"; } } };
source.onerror = () => { document.querySelector(".live").textContent = "no connection"; };
source.onopen = () => { document.querySelector(".live").textContent = "live"; };
"""


class Website:
    """`silent`: whether nothing may be said now. Paths: `/`, `/interface/NAME`, and `/values` as a stream of events."""

    def __init__(self, server: Server, items: Sequence[Item], nodes: ItemNodes, silent: Callable[[], bool]) -> None:
        self._server, self._items, self._nodes, self._silent = server, items, nodes, silent
        self._of = {name: [i for i, item in enumerate(items) if item.interface == name] for name in INTERFACES}

    async def answer(self, request: Request) -> Answer:
        """The page, or the values of one."""
        if self._silent():
            raise ConnectionAbortedError
        match request.path.strip("/").split("/"):
            case [""]:
                return Answer(self._overview())
            case ["interface", name] if name in self._of:
                return Answer(self._interface(name))
            case ["values"]:
                return Answer(self._values(self._wanted(request.form.get("of", ""))), kind="text/event-stream")
        return Answer(
            self._page("Not found", "", "<p>There is no such page. <a href='/'>Overview</a></p>"), HTTPStatus.NOT_FOUND
        )

    def _overview(self) -> str:
        cards = []
        for name, indexes in self._of.items():
            rows = "".join(self._row(index) for index in indexes[:_SHOWN])
            link = f'<a href="/interface/{quote(name)}">{escape(name)}</a>'
            cards.append(
                f'<section class="card"><h2>{link} <small>{len(indexes)} items</small></h2><table>{rows}</table></section>'
            )
        return self._page("Demo building", "/values", f'<div class="cards">{"".join(cards)}</div>')

    def _interface(self, name: str) -> str:
        rows = "".join(self._row(index) for index in self._of[name])
        body = f'<p><a href="/">Overview</a></p><section class="card"><table>{rows}</table></section>'
        return self._page(name, f"/values?of={quote(name)}", body)

    def _row(self, index: int) -> str:
        text, good = self._shown(index)
        look = "" if good else ' class="bad"'
        return f'<tr><td>{escape(self._items[index].display_name)}</td><td data-item="{index}"{look}>{escape(text)}</td></tr>'

    def _page(self, title: str, values: str, body: str) -> str:
        live = f"<script>{_LIVE}</script>" if values else ""
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style></head>'
            f'<body data-values="{escape(values)}"><header><h1>{escape(title)}</h1><span class="live"></span>'
            f'<span class="server">{self._server.value} server</span></header><main>{body}</main>{live}</body></html>'
        )

    def _wanted(self, name: str) -> list[int]:
        return self._of[name] if name in self._of else [i for indexes in self._of.values() for i in indexes[:_SHOWN]]

    async def _values(self, indexes: Iterable[int]) -> AsyncIterator[str]:
        """Everything, and then what changes, as server-sent events."""
        wanted = list(indexes)
        sent: dict[int, tuple[str, bool]] = {}
        while not self._silent():
            now = {index: self._shown(index) for index in wanted}
            changed = {index: shown for index, shown in now.items() if sent.get(index) != shown}
            sent = now
            yield f"data: {json.dumps(changed)}\n\n" if changed else ": nothing new\n\n"
            await asyncio.sleep(_EVERY)

    def _shown(self, index: int) -> tuple[str, bool]:
        """The text of a value, and whether it is good."""
        status = self._nodes.statuses[index]
        value = self._nodes.value(index)
        return (status.name, False) if value is None else (value_text(self._items[index], value), status.is_good())


def value_text(item: Item, value: Any) -> str:
    """A value as a person reads it, with its unit."""
    if item.labels:
        return dict(item.labels).get(value, str(value))
    match value:
        case bool():
            return (item.true_label or "true") if value else (item.false_label or "false")
        case float():
            text = f"{value:.{_decimals(item.resolution)}f}"
        case datetime():
            text = f"{value:%Y-%m-%d %H:%M}"
        case bytes():
            text = value.hex(" ")
        case list() | tuple():
            text = ", ".join(f"{each:.1f}" if isinstance(each, float) else str(each) for each in value)
        case _:
            text = str(value)
    return f"{text} {item.unit.name}" if item.unit is not None else text


def _decimals(resolution: float) -> int:
    return len(f"{resolution:g}".partition(".")[2]) if resolution else 2
