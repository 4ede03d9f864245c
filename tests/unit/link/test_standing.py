"""What the announcements of a connection mean for freshness."""

from __future__ import annotations

from vizclient.items.freshness import Standing
from vizclient.link.standing import StandingKeeper
from vizclient.redundancy.model import Connection, ConnectionState, Finding, Role, Server, ServerView, Source

_VIEW = ServerView(Finding(Role.UNKNOWN, Source.NONE), None, 0.0)


def _connection(server: Server | None, generation: int, lost_at: float | None = None) -> Connection:
    state = ConnectionState.SWITCHING if server is None else ConnectionState.CONNECTED
    return Connection(state, server, generation, server is not None, 0.0, _VIEW, _VIEW, lost_at)


def test_the_first_server_is_no_switchover_and_another_one_is() -> None:
    keeper, standing = StandingKeeper(), Standing()
    standing = keeper.standing(_connection(Server.MAIN, 1), standing, 0.25)
    assert standing == Standing(1, sure=True, lost_at=None, hold=0.25, switches=0)
    standing = keeper.standing(_connection(None, 0, 5.0), standing, 0.25)
    assert standing == Standing(0, sure=False, lost_at=5.0, hold=0.25, switches=0, lost=1)
    standing = keeper.standing(_connection(Server.BACKUP, 3, 5.0), standing, 0.25)
    assert (standing.switches, standing.lost) == (1, 1)


def test_what_was_lost_is_the_last_session_and_none_before_it() -> None:
    keeper, standing = StandingKeeper(), Standing()
    for server, generation, lost in ((Server.MAIN, 1, 0), (None, 0, 1), (Server.MAIN, 4, 1), (Server.BACKUP, 6, 4)):
        standing = keeper.standing(_connection(server, generation, 1.0), standing, 0.25)
        assert standing.lost == lost


def test_a_reconnection_to_the_same_server_confirms_nothing_that_the_switchover_left_open() -> None:
    keeper, standing = StandingKeeper(), Standing()
    for server, generation in ((Server.MAIN, 1), (Server.BACKUP, 2), (None, 0), (Server.BACKUP, 4)):
        standing = keeper.standing(_connection(server, generation, 1.0), standing, 0.25)
    assert standing.switches == 1


def test_a_new_link_process_that_knows_of_no_loss_does_not_make_us_forget_ours() -> None:
    before = Standing(0, sure=True, lost_at=7.0)
    assert StandingKeeper().standing(_connection(None, 0), before, 0.25).lost_at == 7.0
