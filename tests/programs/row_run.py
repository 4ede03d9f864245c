"""Makes the run that `programs.rows` records: a real pair, a real mail server, and the window's client: link process, mirror, and
the sentences of the inspector.

Nothing is expected here: what does not come is waited for in vain for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from fakes.guest import status_of
from fakes.mail_sink import MailSink, mail_sink
from programs.linked import NAMESPACES, Heard
from programs.pairs import Audit, running_pair, write_profile
from programs.rows import (
    FIELD_SAID,
    ITEMS,
    PLANT,
    SHUTTER,
    SHUTTER_MOVES,
    TO_ONE_SERVER,
    WRITTEN,
    Mail,
    Run,
    Seen,
    Stay,
)
from programs.watching import vizclient
from ui.reasons import reason, remark
from ui.words import Words
from vizclient.items.address import parse_address
from vizclient.items.freshness import Freshness
from vizclient.items.value import Value
from vizclient.items.writing import Readback, ReadbackKind
from vizclient.link.client import LinkClient
from vizclient.link.mirror import Mirror
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair, PairError
from vizclient.tasks import TaskSet

_OUT_OF_SERVICE = ("Fidelio/Room401", "Protel/Room411", "Infor/Room421", "CharPMS/Room431")
"""Rooms in which nobody but this run changes anything."""
_METER = "Metering/Electricity/Total/Energy"
_OPTIONS = Options(
    standby="passive", dead_after=1500, return_delay=300, field_delay=6000, metering_delay=2000
)  # a busy machine is no reason to take the other server for dead, or to come when everything is there already
_PATIENCE = 15.0


class _Travel:
    """Goes through all of it, and writes down what is seen on the way."""

    def __init__(self, folder: Path, pair: Pair, sink: MailSink) -> None:
        self.run = Run()
        self._pair, self._sink, self._folder = pair, sink, folder
        self._profile = write_profile(folder, pair)
        self._words = Words.of("en")
        self._mirror = Mirror()
        self._names = list(self.run.shown)
        self._handles = {item: self._mirror.handle(parse_address(f"bms:{item}", NAMESPACES)) for item in self._names}

    async def go(self) -> None:
        """Until it is over."""
        client = LinkClient(self._profile, self._folder / "data", self._mirror)
        self._client, self._heard = client, Heard(client, self._mirror)
        self._mirror.on_samples.append(self._note)
        self._mirror.on_standing.append(self._note_all)
        client.start()
        client.attach(asyncio.get_running_loop())
        tasks = TaskSet("rows")
        tasks.start(self._watch(), name="watch")
        try:
            client.show("page", list(self._handles.values()))
            await self._start()
            await self._after_a_kill()
            await self._after_its_return()
            await self._after_a_swap()
            await self._after_the_swap_back()
        finally:
            await tasks.close()
            await client.close()

    def look_back(self) -> None:
        """What is known only when it is over."""
        run = self.run
        roles = [one for one in self._pair.events() if one["event"] == "role" and one["role"] == "active"]
        assert [role["server"] for role in roles] == [stay.server for stay in run.stays], (
            f"roles changed unasked: {roles}"
        )
        for came, taken in ((self._sink.messages, True), (self._sink.refused, False)):
            for at, mail in came:
                active = [str(role["server"]) for role in roles if role["p"] <= at][-1]
                run.mails.append(Mail(str(mail["Subject"]), str(mail["Message-ID"]), mail.get_content(), active, taken))
        run.audit = Audit(self._folder)
        for item, handle in self._handles.items():
            interface = self._mirror.interfaces[handle]
            run.interface_of[item] = "" if interface is None else interface.name
            run.says[item] = "" if interface is None else self._words(f"says.{interface.behaviour}")
        command = vizclient("interfaces", "--profile", self._profile, data_dir=self._folder / "data")
        run.printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout

    async def _start(self) -> None:
        self._begin("main")
        await self._until_live(*self._names)
        await self._until(lambda: None not in self._mirror.metadata)
        for room in _OUT_OF_SERVICE:
            await self._plant(f"{room}/Guest", False)
            await self._plant(f"{room}/State", 3)
        await self._let_fields_speak(FIELD_SAID[0])
        await self._move_shutter()
        await self._done(self._pair.foreign("PLANT-DA1", failed=True))
        await self._until(lambda: self._value("OPCDA/Source") == "PLANT-DA2")
        await self._look()
        self._sink.answer = "451 later"
        await self._trip("AHU2/SupplyFan")
        await self._until(lambda: self._value("Messenger/Pending") == 1 and self._sink.refused)
        written = await self._write_all()
        self._begin("backup", written)
        self._pair.kill("main")

    async def _after_a_kill(self) -> None:
        await self._arrive()
        self._sink.answer = "250 taken"
        await self._until(lambda: self._value("Messenger/Pending") == 0)
        await self._move_shutter()
        for name in TO_ONE_SERVER:
            self.run.spoke_at[name] = time.perf_counter()
            await self._done(self._pair.speak("backup", name))
        await self._until_live(*(item for name in TO_ONE_SERVER for item in ITEMS[name]))
        await self._mail("AHU1/SupplyFan")
        await self._look()
        written = await self._write_all()
        for name in TO_ONE_SERVER:  # back to where they were, before the main is there again
            self._pair.speak("main", name)
        self._begin("main", written)
        self._pair.restart("main")

    async def _after_its_return(self) -> None:
        await self._arrive(patience=30.0)
        await self._look()
        await self._move_shutter()
        await self._until_live(*(item for name in TO_ONE_SERVER for item in ITEMS[name]))
        await self._let_fields_speak(FIELD_SAID[1])
        written = await self._write_all()
        await self._until(lambda: self._pair.status()["main"].peer_ready)
        before = len(self._sink.messages)
        self._sink.before_answer = lambda: time.sleep(0.8)
        await self._trip("AHU1/ExtractFan")
        await asyncio.to_thread(self._taken, before + 1)
        await self._done(self._pair.foreign("PLANT-DA1", failed=False))
        await self._done(self._pair.foreign("PLANT-DA2", failed=True))
        self._begin("backup", written)
        await self._done(self._pair.swap())
        self._sink.before_answer = None

    async def _after_a_swap(self) -> None:
        await self._arrive()
        await self._until(lambda: self._value("OPCDA/Source") == "PLANT-DA1")
        await self._move_shutter()
        await self._mail("AHU2/ExtractFan")
        await self._look()
        written = await self._write_all()
        await self._until(lambda: self._pair.status()["backup"].peer_ready)
        self._begin("main", written)
        await self._done(self._pair.swap())

    async def _after_the_swap_back(self) -> None:
        await self._arrive()
        await self._mail("")
        await self._look()
        self._end()

    # what happens

    def _begin(self, server: str, written: dict[str, Value] | None = None) -> None:
        self._end()
        self.run.stays.append(Stay(server, time.perf_counter(), time.time(), written=written or {}))

    def _end(self) -> None:
        for stay in self.run.stays[-1:]:
            stay.ended = time.perf_counter()

    async def _arrive(self, patience: float = _PATIENCE) -> None:
        """Until what is carried over is there, and what the server has to make."""
        server = self.run.stays[-1].server
        await self._until(lambda: self._mirror.standing.generation and self._server(_METER) == server, patience)
        await self._until_live(*WRITTEN, *PLANT, _METER)

    async def _write_all(self) -> dict[str, Value]:
        """What is to be carried over; returned once it is shown here."""
        turn = len(self.run.stays) - 1
        wanted: dict[str, Value] = {item: values[turn] for item, values in WRITTEN.items()}
        for item, value in wanted.items():
            await self._write(item, value)
        for item, values in PLANT.items():
            await self._plant(item, values[turn])
        await self._until(lambda: all(self._value(item) == value for item, value in wanted.items()))
        await self._until_live(*wanted)
        if turn == 2:  # by hand, which ends the scene
            await self._write("LaMPS/Lobby/Luminaire2/Level", 33.0)
            await self._until(lambda: self._value("LaMPS/Lobby/Scene") == 0)
            wanted |= {"LaMPS/Lobby/Luminaire2/Level": 33.0, "LaMPS/Lobby/Scene": 0}
        self._note_all()
        return wanted | {item: values[turn] for item, values in PLANT.items()}

    async def _write(self, item: str, value: Value) -> None:
        """As a person would at the window."""
        readback = Readback(ReadbackKind.NONE)
        before = len(self._heard.writes)
        self._client.write(self._handles[item], value, self._mirror.standing.generation, readback)
        await self._until(lambda: any(state.outcome != "pending" for state in self._heard.writes[before:]))

    async def _plant(self, item: str, value: Value) -> None:
        server = self.run.stays[-1].server
        await self._done(self._pair.write_item(server, item, value))

    async def _let_fields_speak(self, value: float) -> None:
        items = [item for name in TO_ONE_SERVER for item in ITEMS[name]]
        for item in items:
            await self._plant(item, value)
        await self._until(lambda: all(self._value(item) == value for item in items))

    async def _move_shutter(self) -> None:
        goal = SHUTTER_MOVES[len(self.run.stays) - 1]
        await self._write(f"{SHUTTER}/Setpoint", goal)
        await self._until(lambda: self._value(f"{SHUTTER}/Position") == goal)
        await self._until_live(*ITEMS["Shutter Control"])

    async def _trip(self, fan: str) -> None:
        self.run.events.append(f"BACnet/{fan}: fault")
        counted = self._value("Messenger/Events")
        await self._plant(f"BACnet/{fan}/Fault", True)
        await self._until(lambda: self._value("Messenger/Events") != counted)

    async def _mail(self, fan: str) -> None:
        """A fan trips, or a person asks for a test message: until the e-mail is there and counted."""
        sent = self._value("Messenger/Sent")
        if fan:
            await self._trip(fan)
        else:
            self.run.events.append("Test message")
            number = self._pair.write_item(self.run.stays[-1].server, "Messenger/Test", value=True)
            await self._done(number)
        await self._until(lambda: self._value("Messenger/Sent") != sent and self._value("Messenger/Pending") == 0)

    def _taken(self, count: int) -> None:
        with contextlib.suppress(AssertionError):
            self._sink.wait_for(count, _PATIENCE)

    async def _look(self) -> None:
        """At both servers themselves."""
        for server in ("main", "backup"):
            if self._pair.status()[server].ready:
                self.run.stays[-1].existing[server] = await asyncio.to_thread(status_of, self._pair, server, _METER)

    async def _done(self, number: int) -> None:
        with contextlib.suppress(PairError):
            await asyncio.to_thread(self._pair.wait_done, number)

    # what is shown

    def _note(self, handles: Sequence[int]) -> None:
        now = time.perf_counter()
        for handle in handles:
            sample = self._mirror.samples[handle]
            if sample is None:
                continue
            freshness = self._mirror.freshness(handle, now)
            why = reason(self._mirror, handle, freshness, self._words).said()
            said = remark(self._mirror, handle, freshness, self._words)
            new = Seen(now, freshness, sample.value, sample.status, sample.source_time, sample.server, why, said)
            before = self.run.shown[self._names[handle]]
            if not before or before[-1][1:] != new[1:]:
                before.append(new)

    def _note_all(self) -> None:
        self._note(range(len(self._names)))

    async def _watch(self) -> None:
        """As the window does, also look when nothing is said."""
        while True:
            await asyncio.sleep(0.05)
            self._note_all()

    def _value(self, item: str) -> Value:
        sample = self._mirror.samples[self._handles[item]]
        return None if sample is None else sample.value

    def _server(self, item: str) -> str:
        sample = self._mirror.samples[self._handles[item]]
        return "" if sample is None else sample.server

    async def _until_live(self, *items: str) -> None:
        server, handles = self.run.stays[-1].server, [(item, self._handles[item]) for item in items]

        def live() -> bool:
            now = time.perf_counter()
            return all(
                self._server(item) == server and self._mirror.freshness(handle, now) is Freshness.LIVE
                for item, handle in handles
            )

        await self._until(live)

    async def _until(self, holds: Callable[[], object], patience: float = _PATIENCE) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._heard.until(lambda: bool(holds()))


@contextmanager
def run_of_all_rows(folder: Path) -> Iterator[Run]:
    """The run, when it is over; what it is about is ended with the block."""
    with mail_sink() as sink:
        options = replace(_OPTIONS, smtp=f"127.0.0.1:{sink.port}")
        with running_pair(folder, options) as pair:
            travel = _Travel(folder, pair, sink)
            asyncio.run(travel.go())
            travel.look_back()
            yield travel.run
