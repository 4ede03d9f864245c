from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from vizclient.items.address import Address
from vizclient.link.memory import SAME_FOR, Learned, Memory
from vizclient.places import Places
from vizclient.redundancy.model import Server
from vizclient.redundancy.readiness import Inspection, PagesFile

PROFILE = Path("site.toml")
MAIN = Inspection(
    Server.MAIN,
    1000.0,
    "urn:main",
    ("urn:bms",),
    0.5,
    items=frozenset({Address("urn:bms", "A"), Address("urn:bms", 7)}),
    missing=frozenset({Address("urn:bms", 7)}),
    pages=PagesFile("d", "", "s"),
)


def _file(folder: Path) -> Path:
    (found,) = (folder / "state").glob("readiness-*.json")
    return found


def test_what_was_learned_is_there_after_a_restart(tmp_path: Path) -> None:
    async def run() -> None:
        assert await Memory(Places.of(tmp_path), PROFILE).load() == Learned()
        learned = Learned(main=MAIN)
        await Memory(Places.of(tmp_path), PROFILE).save(learned)
        found = await Memory(Places.of(tmp_path), PROFILE).load()
        assert found == learned
        assert found.of(Server.MAIN) == MAIN
        assert found.of(Server.BACKUP) is None
        assert await Memory(Places.of(tmp_path), Path("other.toml")).load() == Learned()

    asyncio.run(run())


def test_what_is_the_same_is_not_written_again_for_a_while(tmp_path: Path) -> None:
    async def run() -> None:
        memory = Memory(Places.of(tmp_path), PROFILE)
        await memory.save(Learned(main=MAIN))
        written = _file(tmp_path).read_bytes()
        await memory.save(Learned(main=replace(MAIN, wall=1060.0, skew=0.6)))
        assert _file(tmp_path).read_bytes() == written
        await memory.save(Learned(main=replace(MAIN, wall=1000.0 + SAME_FOR)))
        assert _file(tmp_path).read_bytes() != written, "its age counts"
        written = _file(tmp_path).read_bytes()
        await memory.save(Learned(main=replace(MAIN, wall=1060.0, missing=frozenset())))
        assert _file(tmp_path).read_bytes() != written, "something is other than before"

    asyncio.run(run())


def test_a_memory_that_cannot_be_read_or_written_is_only_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        memory = Memory(Places.of(tmp_path), PROFILE)
        await memory.save(Learned(main=MAIN))
        _file(tmp_path).write_text("{", "utf-8")
        assert await memory.load() == Learned()
        (tmp_path / "full").write_text("", "utf-8")
        await Memory(Places.of(tmp_path / "full"), PROFILE).save(Learned(main=MAIN))

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert [record.args[1] for record in caplog.records if isinstance(record.args, tuple)] == [
        "state-file-broken",
        "state-file-unwritten",
    ]
