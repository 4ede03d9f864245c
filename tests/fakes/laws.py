"""What the design says of every single decision, whoever plays the world: seeds, walks and properties hold `decide` to it."""

from __future__ import annotations

from vizclient.redundancy.effects import Adopt, Effect, Probe
from vizclient.redundancy.events import Event, Lost, Probed, Reported, RetryAsked, Slept, Started, Stopped
from vizclient.redundancy.model import Layer, ProblemKind, Role, Server
from vizclient.redundancy.state import State

USABLE = frozenset({Role.ACTIVE, Role.INFERRED, Role.DEGRADED, Role.UNKNOWN})
"""The roles of a server that a client may be on."""


class Laws:
    """Follows one `decide` from its start. AssertionError says which law was broken."""

    def __init__(self) -> None:
        self._resting: dict[Server, float] = {}
        self._refused: set[Server] = set()
        self._moved_at = float("-inf")

    def check(self, before: State, event: Event, after: State, effects: tuple[Effect, ...]) -> None:
        """One decision, in order."""
        if isinstance(event, RetryAsked):
            for server in Server if event.server is None else (event.server,):
                self._resting.pop(server, None)
                self._refused.discard(server)
        if isinstance(event, Slept | Started):
            self._resting.clear()
        if isinstance(event, Probed) and after is not before:
            self._note_credentials(event)
        self._check_probes(event, effects)
        if isinstance(event, Probed | Reported) and after is not before:
            self._note_rest(after, event.report.server)
        self._check_server(before, event, after, effects)

    def _note_credentials(self, event: Probed) -> None:
        report, refused = event.report, event.report.problem
        if refused is not None and refused.kind is ProblemKind.CREDENTIALS and report.layer >= Layer.SESSION:
            self._refused.add(report.server)
        elif report.layer is Layer.NOTHING:  # a server that is started anew may have learned them
            self._refused.discard(report.server)

    def _note_rest(self, after: State, server: Server) -> None:
        known = after.known(server)
        self._resting.pop(server, None)
        if known.finding.role is Role.MAINTENANCE and known.report is not None:
            returns = known.report.estimated_return
            if returns is not None:
                self._resting[server] = returns

    def _check_probes(self, event: Event, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, Probe):
                rests = self._resting.get(effect.server, 0.0)
                assert event.at >= rests, f"{effect.server} is asked {rests - event.at:.2f} s before its time of return"
                assert not (effect.session and effect.server in self._refused), "refused credentials are shown again"

    def _check_server(self, before: State, event: Event, after: State, effects: tuple[Effect, ...]) -> None:
        server = after.server
        if server is not None:
            role = after.known(server).finding.role
            assert role in USABLE, f"on {server}, which is {role}"
        left = before.server
        if left is not None and after.session != before.session:
            self._check_leaving(before, event, after, left)
        if left is None and server is not None and any(isinstance(effect, Adopt) for effect in effects):
            self._check_choice(before, event, after, server)

    def _check_leaving(self, before: State, event: Event, after: State, left: Server) -> None:
        if isinstance(event, Lost | Slept | Stopped):
            return
        if after.server is left.other and before.wanted is left.other and after.reason is None:
            assert before.may_switch, "a person who may not switch did"
            return
        assert after.known(left).finding.role not in (Role.ACTIVE, Role.INFERRED), f"{left} is left, which is active"
        if after.server is left.other:
            dwelt = event.at - self._moved_at
            assert dwelt >= before.timing.min_dwell, f"moved to a better server twice within {dwelt:.2f} s"
            self._moved_at = event.at

    def _check_choice(self, before: State, event: Event, after: State, taken: Server) -> None:
        """Of two active servers in whose sessions that was heard, the one of before is taken, at the start the main."""
        for server in Server:
            opened = isinstance(event, Probed) and event.held and event.report.server is server
            if after.known(server).finding.role is not Role.ACTIVE or not (before.known(server).held or opened):
                return
        preferred = before.left or Server.MAIN
        assert taken is preferred, f"of two active servers {taken} was taken, not {preferred}"
