"""The real manager against a pair of servers that keeps on at it, in virtual time: storms, minutes of silence, hours."""

from __future__ import annotations

import asyncio

import pytest

from fakes.pair import Refuses
from fakes.virtual_time import run
from fakes.world import World
from vizclient.redundancy.model import ConnectionState


def test_a_storm_of_flapping_roles_for_a_minute_is_followed() -> None:
    async def flapping() -> None:
        world = World()
        world.manager.start()
        await world.pass_time(1.0)
        for _ in range(60):
            world.pair.swap()
            await world.until(
                ConnectionState.CONNECTED, world.main.name if world.main.active else world.backup.name, within=0.3
            )
            await world.pass_time(1.0)
        assert len(world.manager.switchovers) == 60
        await world.stop()

    run(flapping())


def test_a_minute_without_an_active_server_is_no_storm_and_ends_quickly() -> None:
    async def none_active() -> None:
        world = World()
        world.main.active = False
        world.backup.refuses = Refuses.SESSION
        world.manager.start()
        await world.pass_time(60.0)
        assert world.connection.state is ConnectionState.NO_ACTIVE
        assert len(world.main.attempts) == 1, "the passive one is kept, and asked no more"
        assert len(world.backup.attempts) < 60, "where the port is open, attempts back off"
        assert world.pair.open_sessions() == 1
        world.main.become(active=True)
        assert await world.until(ConnectionState.CONNECTED, world.main.name) < 0.01
        await world.stop()

    run(none_active())


@pytest.mark.parametrize("refuses", list(Refuses))
def test_a_killed_server_is_followed_by_its_peer_soon_after_that_is_active(refuses: Refuses) -> None:
    limits = {Refuses.TCP: 0.1, Refuses.NOTHING: 0.002}

    async def kill() -> None:
        for seed in range(10):
            world = World(seed=seed)
            world.backup.refuses = refuses
            world.manager.start()
            await world.pass_time(5.0)
            world.main.crash()
            await asyncio.sleep(0.4)
            world.backup.become(active=True)
            assert await world.until(ConnectionState.CONNECTED, world.backup.name) < limits.get(refuses, 1.1)
            await world.stop()
            world.announcer.told.clear()

    run(kill())


def test_two_sessions_are_enough_for_a_hundred_switchovers() -> None:
    async def switching() -> None:
        world = World()
        for server in world.pair.both:
            server.max_sessions = 2
        world.manager.start()
        await world.pass_time(0.5)
        for _ in range(100):
            world.pair.swap()
            await world.pass_time(1.5)
            assert world.server is (world.main.name if world.main.active else world.backup.name)
        await world.stop()

    run(switching())


def test_a_frozen_server_is_left_within_a_second_and_its_ghost_changes_nothing() -> None:
    async def freezing() -> None:
        world = World()
        world.manager.start()
        await world.pass_time(2.25)
        frozen_at = world.now
        world.main.freeze()
        await asyncio.sleep(0.3)
        world.backup.become(active=True)
        await world.until(ConnectionState.CONNECTED, world.backup.name)
        assert world.now - frozen_at < 1.1
        await world.pass_time(5.0)
        told = len(world.announcer.told)
        world.main.become(active=False)
        world.main.thaw()
        await world.pass_time(10.0)
        assert world.server is world.backup.name
        assert not any(connection.server is world.main.name for connection in world.announcer.told[told:])
        assert world.pair.open_sessions() == 1, "no second session is left on the thawed server"
        await world.stop()

    run(freezing())


def test_long_round_trips_do_not_make_it_flap() -> None:
    async def slow() -> None:
        world = World(deadline=5.0)
        for server in world.pair.both:
            server.latency = 0.75
        world.manager.start()
        await world.pass_time(120.0)
        assert world.server is world.main.name
        assert world.manager.switchovers == ()
        await world.stop()

    run(slow())


def test_a_soak_of_many_hours_leaves_nothing_behind() -> None:
    async def soak() -> None:
        world = World()
        world.manager.start()
        for _ in range(12):
            await world.pass_time(1200.0, step=600.0)
            world.pair.swap()
        await world.pass_time(10.0)
        assert len(asyncio.all_tasks()) < 8
        await world.stop()

    run(soak())
