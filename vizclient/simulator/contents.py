"""What one server holds: the building as far as it hears of it, the nodes that show it, and what the other server must know.

Knows nothing of how roles are found. Everything is called in the server's one task, in order.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final

from asyncua import ua
from asyncua.server.address_space import AddressSpace

from vizclient.items.value import Value
from vizclient.redundancy.model import Server
from vizclient.simulator.audit import Audit
from vizclient.simulator.clock import Clock
from vizclient.simulator.incoming import converted
from vizclient.simulator.interfaces import ACTIVE_ONLY, BOTH, MAIN_ONLY, Carrying
from vizclient.simulator.item import Item
from vizclient.simulator.messaging import Messaging
from vizclient.simulator.networks import FOREIGN
from vizclient.simulator.nodes import ItemNodes
from vizclient.simulator.options import Options
from vizclient.simulator.physics import Changes, Model
from vizclient.simulator.plain import PlainItems
from vizclient.simulator.replication import Wire

_WAITING: Final = 0x80320000  # Bad_WaitingForInitialData
_LAST_USABLE: Final = 0x40900000  # Uncertain_LastUsableValue
_FOREIGN_STATE: Final = frozenset(("OPCDA/Source", *(f"OPCDA/{server}/Reachable" for server in FOREIGN)))
_MAIL_ADDRESS: Final = re.compile(r"[^\s@<>,;:]{1,64}@[^\s@<>,;:]{1,250}", re.ASCII)
_KEPT: Final = timedelta(hours=1)
"""How old the values are that a server has kept from before its start."""


class Contents:
    """`wire`: to the other server. `post`: as `Messaging` has it. `build` comes before everything else."""

    def __init__(self, server: Server, options: Options, clock: Clock, wire: Wire, post: Callable[[Any], None]) -> None:
        self._options, self._clock, self._wire = options, clock, wire
        self._model = Model(options.seed, reader=int(server is Server.BACKUP))
        self.messaging = Messaging(server, options.smtp, clock, wire, self._model.values, post)
        self._plain = PlainItems(options.items)
        self.items: tuple[Item, ...] = (*self._model.items, *self._plain.items)
        self._first_plain = len(self._model.items)
        self._audit = Audit(options.audit, server)
        self._own_statuses = [item.status for item in self.items]
        self._foreign_served = True
        self._active = False
        self._shown_changes = 0
        self._budget = 0.0
        self._pointed = set(MAIN_ONLY) & set(options.speaks_to_backup)
        if server is Server.MAIN:
            self._pointed = set(MAIN_ONLY) - self._pointed
        self._heard: tuple[str, ...] = ()
        self._connects_at = time.perf_counter() + options.field_delay / 1000
        self._metering_at: float | None = None

    def build(self, space: AddressSpace, namespace: int) -> None:
        """Make the nodes. What this server does not hear yet is from before its start, or waits for its field."""
        now = self._clock.now()
        values = [*self._model.published, *(item.initial for item in self._plain.items)]
        waits = [item.interface in self._pointed for item in self.items]
        statuses = [_WAITING if wait else item.status for item, wait in zip(self.items, waits, strict=True)]
        stamps = [
            now - _KEPT if not wait and item.carrying in (Carrying.OWN, Carrying.MAIN_ONLY) else now
            for item, wait in zip(self.items, waits, strict=True)
        ]
        self.nodes = ItemNodes(space, namespace, self.items, values, stamps, statuses)
        self._note(enumerate(values))

    def refusal(self, index: int, value: Any) -> int:
        """The StatusCode to refuse a write with that the item as such would take; 0 to take it."""
        item = self.items[index]
        if item.identifier == "Messenger/Recipient" and not _MAIL_ADDRESS.fullmatch(value):
            return int(ua.StatusCodes.BadOutOfRange)
        interface = item.interface
        unreachable = interface in MAIN_ONLY and interface not in self._heard
        unreachable |= interface == "OPCDA" and not self._model.foreign_source()
        return int(ua.StatusCodes.BadNoCommunication) if unreachable else 0

    def held(self, identifier: str) -> Any:
        """What the node of an item holds."""
        return self.nodes.value(self.index(identifier))

    def index(self, identifier: str) -> int:
        """The place of an item. ValueError if there is none."""
        index = self._model.index.get(identifier)
        if index is None:
            index = next((i for i, item in enumerate(self.items) if item.identifier == identifier), None)
        if index is None:
            raise ValueError(f"no item {identifier}")
        return index

    async def become_active(self, now: float, *, cold: bool) -> None:
        """Show what was taken over. `cold`: no other server was active, and the fields are waited for."""
        self._active = True
        if cold:
            self._connects_at = now
            await self._listen(now, 0.0)
        self._metering_at = now if cold else now + self._options.metering_delay / 1000
        await self._let_metering_appear(now)
        await self._show_foreign()
        self.messaging.show()
        await self._publish(self._model.changes())
        await self._publish(self._plain_since(self._shown_changes))

    async def become_standby(self) -> None:
        """Take the nodes away that exist on the active server alone."""
        self._active = False
        self._metering_at = None
        await self.nodes.remove_active_only()

    async def move(self, now: float, seconds: float, *, peer_alive: bool) -> None:
        """Let time pass: for what the active server moves, and for the fields that talk to this one in any role."""
        if self._active:
            self._model.advance(seconds)
            self._notice()
            self.messaging.step(now, peer_alive=peer_alive, replicate=self._replicate)
            await self._let_metering_appear(now)
            await self._show_foreign()
            await self._publish(self._model.changes())
            await self._move_plain(seconds)
        await self._listen(now, seconds)

    def note_role(self, role: str, reason: str, at: float) -> None:
        """For the audit log."""
        self._audit.note("role", at, role=role, reason=reason)

    def close(self) -> None:
        """Let go of the mail server, and hand the audit log to the operating system."""
        self.messaging.close()
        self._audit.flush()

    def point(self, interfaces: Iterable[str], *, here: bool) -> None:
        """A person points the field systems of these interfaces at this server, or away from it."""
        wanted = set(interfaces)
        if unknown := wanted - set(MAIN_ONLY):
            raise ValueError(f"{', '.join(sorted(unknown))} cannot be pointed at one server")
        self._pointed = self._pointed | wanted if here else self._pointed - wanted

    def break_foreign(self, server: str, *, failed: bool) -> None:
        """Let a foreign OPC DA server fail or come back."""
        if server not in FOREIGN:
            raise ValueError(f"the foreign servers are {', '.join(FOREIGN)}, not {server}")
        self._model.write(f"OPCDA/{server}/Reachable", not failed)

    def whole_state(self, *, peer_ready: bool) -> dict[str, Any]:
        """What the other server needs to go on."""
        return {
            "model": self._model.state(),
            "mail": self.messaging.state(),
            "plain": self._plain.changed,
            "written": None if peer_ready else self._plain.written,
        }

    def take(self, payload: dict[str, Any]) -> None:
        """Take the other server's state over."""
        self._model.restore(payload["model"], self._heard)
        self.messaging.take(payload["mail"])
        self._plain.changed = int(payload["plain"])
        if payload["written"] is not None:
            self._plain.written = dict(payload["written"])

    def told(self) -> dict[str, Any]:
        """What fields told this server alone."""
        return self._model.told(name for name in self._heard if name in MAIN_ONLY)

    def hear(self, told: dict[str, Any]) -> None:
        """Know what fields told the other server, without showing it."""
        self._model.hear({name: values for name, values in told.items() if name not in self._heard})

    def keep(self, index: int, value: Any) -> None:
        """Put a written value where it acts."""
        value = tuple(value) if isinstance(value, list) else value
        if index < self._first_plain:
            self._model.write(self.items[index].identifier, value)
        else:
            self._plain.written[index - self._first_plain] = value

    async def apply(self, index: int, value: Any) -> None:
        """A written value acts here and is on its way to the other server before anybody is told that it was taken."""
        self.keep(index, value)
        item = self.items[index]
        if item.carrying not in (Carrying.OWN, Carrying.BOTH):
            self._wire.send("write", (index, value))
        self._notice()
        if index >= self._first_plain:
            await self._publish([(index, value)])
        elif item.interface in self._heard:
            await self._publish(self._model.heard((item.interface,)))
        else:
            await self._publish(self._model.changes())

    async def force(self, arguments: dict[str, Any]) -> None:
        """Give an item a value, or a status, as the plant would: neither access nor range matter."""
        index = self.index(arguments["item"])
        status = arguments.get("status")
        if status is not None:
            self._own_statuses[index] = int(status)
            self.nodes.statuses[index] = ua.StatusCode(int(status))
        if "value" in arguments:
            await self.apply(index, converted(self.items[index], arguments["value"]))
        if status is not None:
            plain = index - self._first_plain
            await self._publish([(index, self._plain.value(plain) if plain >= 0 else self._model.published[index])])

    def _notice(self) -> None:
        if self._active and self.messaging.notice():
            self._replicate()

    def _replicate(self) -> None:
        self._wire.send("state", self.whole_state(peer_ready=False))

    async def _listen(self, now: float, seconds: float) -> None:
        """Hear the fields that talk to this server. One that begins to do so tells everything."""
        heard = BOTH
        if now >= self._connects_at:
            heard += tuple(name for name in MAIN_ONLY if name in self._pointed)
        for name in heard:
            if name not in self._heard:
                await self._publish(self._with_status(name, None))
        self._heard = heard
        self._model.listen(seconds, heard)
        await self._publish(self._model.heard(heard))

    async def _let_metering_appear(self, now: float) -> None:
        if self._metering_at is not None and now >= self._metering_at:
            self._metering_at = None
            self.nodes.restore_active_only()
            for name in ACTIVE_ONLY:
                await self._publish(self._model.everything(name))

    async def _show_foreign(self) -> None:
        """Without any foreign server its values are the last ones that were usable."""
        served = self._model.foreign_source() is not None
        if served != self._foreign_served:
            self._foreign_served = served
            await self._publish(self._with_status("OPCDA", None if served else _LAST_USABLE))

    def _with_status(self, interface: str, status: int | None) -> Changes:
        """All values of an interface, with this status from now on, or with their own."""
        values = self._model.everything(interface)
        for index, _ in values:
            about = self.items[index].identifier in _FOREIGN_STATE  # known for certain, whatever fails
            own = self._own_statuses[index]
            self.nodes.statuses[index] = ua.StatusCode(own if status is None or about else status)
        return values

    async def _move_plain(self, seconds: float) -> None:
        options = self._options
        self._budget += seconds * options.changes_per_second
        due = options.changes_per_second * options.burst / 1000 if options.burst else 1.0
        if self._budget >= due:
            count = int(self._budget)
            self._budget -= count
            first = self._first_plain
            await self._publish([(first + index, value) for index, value in self._plain.advance(count)])
            self._shown_changes = self._plain.changed

    def _plain_since(self, shown: int) -> Changes:
        """The plain items whose nodes do not hold what they should."""
        self._shown_changes = self._plain.changed
        first, plain, held = self._first_plain, self._plain, self.nodes.value
        indexes = range(len(plain.items)) if shown != plain.changed else plain.written
        return [(first + i, value) for i in indexes if (value := plain.value(i)) != held(first + i)]

    async def _publish(self, changes: Changes) -> None:
        """Give nodes new values. Nothing else runs in between: no client sees one before the audit log has it."""
        stamp, put = self._clock.now(), self.nodes.put
        for index, value in changes:
            await put(index, value, stamp)
        self._note(changes)

    def _note(self, changes: Iterable[tuple[int, Value]]) -> None:
        """For the audit log, at once."""
        statuses = self.nodes.statuses
        self._audit.values((self.items[i].identifier, value, statuses[i].value) for i, value in changes)
        self._audit.flush()
