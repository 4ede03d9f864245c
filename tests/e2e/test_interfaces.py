"""What an operator sees of each interface and module when the main is killed, when it returns, and when the roles are swapped.

All of it is seen in one run of a real pair and a real client: `programs.row_run`. Each test is about one row of the matrix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

import pytest

from programs.row_run import run_of_all_rows
from programs.rows import FIELD_SAID, ITEMS, SHUTTER, SHUTTER_MOVES, WRITTEN, Run, Seen, Stay
from vizclient.items.freshness import Freshness
from vizclient.items.value import Value

pytestmark = pytest.mark.e2e

LIVE, BAD, UNSYNCHRONISED = Freshness.LIVE, Freshness.BAD, Freshness.UNSYNCHRONISED
ON_THE_WAY = {LIVE, Freshness.HELD, Freshness.STALE}
"""How a value of the server before may look until the next one has its own."""
WAITING = 0x80320000  # Bad_WaitingForInitialData
LONG_AGO = 3000.0


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with run_of_all_rows(tmp_path_factory.mktemp("rows")) as run:
        yield run


def states(seen: Sequence[Seen]) -> list[Freshness]:
    """One after the other, each once."""
    return [state for state, _ in groupby(one.freshness for one in seen)]


def told(item: str, seen: Sequence[Seen]) -> str:
    """What was shown of an item, for who reads that it should have been something else."""
    return f"{item} was " + ", ".join(f"{one.value!r} of {one.held_by} ({one.freshness})" for one in seen[:3])


def almost(value: Value) -> object:
    """It, or what has become of it within a moment."""
    return pytest.approx(value, abs=1.0) if isinstance(value, float) else value


def before(run: Run, item: str, stay: Stay) -> Seen:
    """The last live value of the server that was left."""
    first = run.there(item, stay)[0].at
    live = [one for since in run.stays for one in run.seen(item, since) if one.at < first and one.freshness is LIVE]
    assert live, f"{item} was never live before"
    return live[-1]


def belongs_and_lasts(run: Run, row: str) -> None:
    """Its items are known for its own; at the start they are live, and nothing that is on the way looks worse than old."""
    for item in ITEMS[row]:
        assert run.interface_of[item] == row, item
        assert run.there(item, run.stays[0])[-1].freshness is LIVE, item
        for stay in run.stays[1:]:
            left = [one for one in run.seen(item, stay) if one.held_by != stay.server]
            assert {one.freshness for one in left} <= ON_THE_WAY, told(item, left)


def is_carried_over(run: Run, row: str) -> None:
    """After each change of server its items are live at once, with what was written on the server before."""
    belongs_and_lasts(run, row)
    for stay in run.stays[1:]:
        for item in ITEMS[row]:
            there = run.there(item, stay)
            assert states(there) == [LIVE], told(item, there)
            assert there[0].why == f"It has come from {stay.server.upper()}, which serves."
            if item in stay.written:
                was = before(run, item, stay)
                assert was.value == (
                    stay.written[item] if item in WRITTEN else pytest.approx(stay.written[item], abs=30.0)
                )
                assert there[0].value == almost(was.value), told(item, [was, there[0]])
    assert run.stays[1].written.keys() & set(ITEMS[row]), "nothing of it was written"


def goes_on(run: Run, item: str) -> None:
    """A count that only grows is not set back by any change of server, but for what was counted in the last moments."""
    for last, stay in pairwise(run.stays):
        assert run.there(item, stay)[0].value > run.there(item, last)[0].value  # type: ignore[operator]


def talks_to_the_main_alone(run: Run, row: str) -> None:
    """On the backup its values are from before and never live until the field speaks there; on the main they are at once, but for
    one that was started anew: there too the field has to speak first."""
    belongs_and_lasts(run, row)
    reason = f"{row} talks to the main server alone, and BACKUP has heard nothing of it since it took over"
    kill, returned, swap, home = run.stays[1:]
    for item in ITEMS[row]:
        there, was = run.there(item, kill), before(run, item, kill)
        first, last = there[0], there[-1]
        assert states(there) == [UNSYNCHRONISED, LIVE], told(item, there)
        confirmed = next(one for one in there if one.freshness is LIVE)
        assert confirmed.at > run.spoke_at[row], f"{item} was live before its field spoke there"
        assert first.status == 0
        assert was.value == almost(FIELD_SAID[0]) != first.value, "a good value, and a wrong one"
        assert first.source_time < was.source_time - LONG_AGO, f"{item} has a new time"  # type: ignore[operator]
        assert reason in first.why
        assert reason in first.remark, "it is said without a click, too"
        assert last.value == almost(FIELD_SAID[0])
        assert last.source_time > first.source_time  # type: ignore[operator]

        there = run.there(item, returned)
        assert states(there) in ([BAD, LIVE], [LIVE]), told(item, there)
        assert {one.status for one in there if one.freshness is BAD} <= {WAITING}
        live = [one for one in there if one.freshness is LIVE]
        assert live[0].source_time > returned.began_at, "it was live before the field had spoken"  # type: ignore[operator]
        assert live[0].value == almost(FIELD_SAID[0])

        there = run.there(item, swap)
        assert states(there) == [UNSYNCHRONISED], told(item, there)
        assert there[0].status == 0
        assert there[0].value == almost(FIELD_SAID[0]), "not what the main has heard"
        assert before(run, item, swap).value == almost(FIELD_SAID[1])
        assert reason in there[-1].why

        there = run.there(item, home)
        assert states(there) == [LIVE], told(item, there)
        assert there[0].value == almost(FIELD_SAID[1])


def test_knx_is_carried_over(run: Run) -> None:
    is_carried_over(run, "KNX")
    assert run.listed("KNX") == ["yes", "yes", "carried over"]


def test_bacnet_is_carried_over(run: Run) -> None:
    is_carried_over(run, "BACnet")
    assert run.listed("BACnet") == ["yes", "yes", "carried over"]


def test_modbus_is_carried_over_and_its_counts_go_on(run: Run) -> None:
    is_carried_over(run, "Modbus")
    goes_on(run, "Modbus/PowerMeter1/Energy")
    assert run.listed("Modbus") == ["yes", "yes", "carried over"]


def test_fidelio_is_carried_over_and_its_caution_is_said_from_the_first_takeover_on(run: Run) -> None:
    is_carried_over(run, "Fidelio/Opera")
    caution = "Fidelio/Opera has been taken over. Agree on main and backup with whoever integrates the hotel system"
    for item in ITEMS["Fidelio/Opera"]:
        assert not run.there(item, run.stays[0])[-1].remark
        for stay in run.stays[1:]:
            assert all(one.remark.startswith(caution) for one in run.there(item, stay)), item
    assert run.listed("Fidelio/Opera") == ["yes", "yes", "carried over"]


def test_protel_is_carried_over_and_said_to_be_untested(run: Run) -> None:
    is_carried_over(run, "Protel")
    untested = "Protel has been taken over. The driver carries values over, but nobody has tried that against a Protel system yet"
    for item in ITEMS["Protel"]:
        assert not run.there(item, run.stays[0])[-1].remark
        for stay in run.stays[1:]:
            assert all(one.remark.startswith(untested) for one in run.there(item, stay)), item
    assert run.listed("Protel") == ["yes", "untested", "carried over"]


def test_vingcard_talks_to_the_main_alone(run: Run) -> None:
    talks_to_the_main_alone(run, "VingCard")
    assert run.listed("VingCard") == ["yes", "no", "the field talks to the main alone"]


def test_kaba_talks_to_the_main_alone(run: Run) -> None:
    talks_to_the_main_alone(run, "Kaba")
    assert run.listed("Kaba") == ["yes", "no", "the field talks to the main alone"]


def test_salto_talks_to_the_main_alone_also_where_only_a_property_of_the_node_names_it(run: Run) -> None:
    talks_to_the_main_alone(run, "Salto")
    assert "Entrance/North/Battery" in ITEMS["Salto"]
    assert run.listed("Salto") == ["yes", "no", "the field talks to the main alone"]


def test_gridvis_is_live_on_each_server_from_that_servers_own_reading(run: Run) -> None:
    belongs_and_lasts(run, "GridVis")
    for stay in run.stays[1:]:
        read = set()
        for item in ITEMS["GridVis"]:
            there = run.there(item, stay)
            assert states(there) == [LIVE], told(item, there)
            seen_at, stamped_at = stay.began_at + there[0].at - stay.began, there[0].source_time or 0.0
            held = run.audit.held(stay.server, item, seen_at, seen_at - stamped_at)
            assert there[0].value in held, told(item, there)
            read |= {one.source_time for one in there}
        assert len(read) >= 2, "it is not read on"
    for stay in (run.kill, run.swap):
        main, backup = (
            [run.audit.held(server, item, stay.began_at, 3.5) for item in ITEMS["GridVis"]]
            for server in ("main", "backup")
        )
        assert sum(map(len, backup)) >= 4, "the standby did not read"
        assert main != backup
    assert run.listed("GridVis") == ["no", "no", "each server reads the field"]
    assert run.says["GridVis/Mains/Voltage"].startswith("Each server reads the field by itself")


def test_opc_da_is_carried_over_and_a_foreign_server_that_fails_is_replaced_by_its_backup_across_a_switchover(
    run: Run,
) -> None:
    source, pressure = "OPCDA/Source", "OPCDA/Compressor/Pressure"

    def served(stay: Stay) -> list[object]:
        """By which foreign server, one after the other."""
        return [value for value, _ in groupby(one.value for one in run.there(source, stay))]

    assert served(run.stays[0]) == ["PLANT-DA1", "PLANT-DA2"]
    assert served(run.kill) == ["PLANT-DA2"]
    assert served(run.stays[2])[0] == "PLANT-DA2"
    assert served(run.swap)[-1] == "PLANT-DA1"  # PLANT-DA2 failed in the moment of the swap
    assert served(run.stays[4]) == ["PLANT-DA1"]
    for stay in run.stays:
        replaced = run.there(source, stay)[-1].at
        assert run.there(pressure, stay)[-1].at > replaced, "nothing has come from the foreign server"
    is_carried_over(run, "OPC DA client")
    assert run.listed("OPC DA client") == ["yes", "yes", "carried over, foreign servers too"]
    assert "Foreign servers have a backup of their own" in run.says[source]


def test_opc_ua_is_carried_over(run: Run) -> None:
    is_carried_over(run, "OPC UA client")
    assert run.listed("OPC UA client") == ["yes", "yes", "carried over"]


def test_http_is_carried_over(run: Run) -> None:
    is_carried_over(run, "HTTP")
    assert run.listed("HTTP") == ["yes", "yes", "carried over"]


def test_mqtt_is_carried_over(run: Run) -> None:
    is_carried_over(run, "MQTT")
    assert run.listed("MQTT") == ["yes", "yes", "carried over"]


def test_nexusrf_talks_to_the_main_alone(run: Run) -> None:
    talks_to_the_main_alone(run, "NexusRF")
    assert run.listed("NexusRF") == ["yes", "on request", "the field talks to the main alone"]


def test_infor_talks_to_the_main_alone(run: Run) -> None:
    talks_to_the_main_alone(run, "Infor")
    assert run.listed("Infor") == ["yes", "on request", "the field talks to the main alone"]


def test_charpms_talks_to_the_main_alone(run: Run) -> None:
    talks_to_the_main_alone(run, "CharPMS")
    assert run.listed("CharPMS") == ["yes", "on request", "the field talks to the main alone"]


def test_lamps_carries_luminaires_and_scenes_over(run: Run) -> None:
    is_carried_over(run, "LaMPS")
    shown = [[run.there(item, stay)[0].value for item in ITEMS["LaMPS"]] for stay in run.stays[1:]]
    assert shown == [[5, 5, 0, 0, 5], [4, 40, 40, 25, 25], [0, 100, 33, 100, 100], [1, 0, 0, 0, 0]]
    assert run.listed("LaMPS") == ["yes", "yes", "carried over"]


def test_metering_appears_on_the_server_that_takes_over_and_vanishes_from_the_other_without_a_flash(run: Run) -> None:
    belongs_and_lasts(run, "Metering")
    for stay in run.stays[1:]:
        for item in ITEMS["Metering"]:
            last, there = before(run, item, stay), run.there(item, stay)
            shown = [one for one in run.seen(item, stay) if one.held_by != stay.server]
            assert states(there) == [LIVE], told(item, there)
            assert there[0].at > run.there("KNX/F1/Office101/Setpoint", stay)[0].at + 0.3, "it was there at once"
            assert shown[-1].value == last.value, "what is awaited keeps its value"
            awaited = (
                f"{stay.server.upper()} has just taken over and is still making this one; the value is from before"
            )
            assert awaited in shown[-1].why
            assert awaited in shown[-1].remark
    goes_on(run, "Metering/Electricity/Total/Energy")
    for stay in run.stays:
        looked = {"main": "BadNodeIdUnknown", "backup": "BadNodeIdUnknown", stay.server: "Good"}
        assert stay.existing == ({"backup": "Good"} if stay is run.kill else looked)
    assert run.listed("Metering") == ["yes", "yes", "on the active server alone"]


def test_messenger_carries_its_outbox_over_and_each_event_is_one_message_of_the_active_server(run: Run) -> None:
    is_carried_over(run, "Messenger")
    mails = [mail for mail in run.mails if mail.taken]
    assert len(mails) < len(run.mails), "one was tried when no mail was taken"
    assert [mail.subject for mail in mails] == run.events
    assert len({mail.message_id for mail in mails}) == len(run.events)
    assert [mail.active for mail in mails] == ["backup", "backup", "main", "backup", "main"]
    for mail in run.mails:
        assert f"Sent by the {mail.active} server" in mail.text, mail
    assert run.there("Messenger/Pending", run.kill)[0].value == 1, "it waited for a mail server that was not there"
    for stay in run.stays[1:]:
        events, sent = (f"Messenger/{name}" for name in ("Events", "Sent"))
        assert run.there(events, stay)[0].value == before(run, events, stay).value
        assert run.there(sent, stay)[0].value >= before(run, sent, stay).value  # type: ignore[operator]
    last = [run.there(f"Messenger/{name}", run.stays[-1])[-1].value for name in ("Events", "Sent", "Pending")]
    assert last == [5, 5, 0]
    assert run.listed("Messenger") == ["yes", "yes", "carried over, the active one sends"]
    assert "only the active server sends" in run.says["Messenger/Sent"]


def test_shutter_control_is_not_carried_over_and_counts_once_a_shutter_moves(run: Run) -> None:
    belongs_and_lasts(run, "Shutter Control")
    position = f"{SHUTTER}/Position"
    known = [0.0, 0.0, *SHUTTER_MOVES[1:3]]  # by each server on its own; the main was started anew
    for stay, knows, shown in zip(run.stays[1:], known, SHUTTER_MOVES, strict=True):
        assert before(run, position, stay).value == shown
        assert run.there(position, stay)[0].value == knows
        reason = (
            f"Shutter Control is not carried over between main and backup, and since {stay.server.upper()} took over"
        )
        for item in ITEMS["Shutter Control"]:
            there = run.there(item, stay)
            assert states(there) == ([UNSYNCHRONISED] if stay is run.stays[-1] else [UNSYNCHRONISED, LIVE]), told(
                item, there
            )
            assert reason in there[0].why
            assert reason in there[0].remark
    assert run.listed("Shutter Control") == ["yes", "planned", "not carried over"]
