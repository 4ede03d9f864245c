"""Every code that the headless wing gives has its sentence, and every sentence its arguments."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

import vizclient
from vizclient.headless.history import STEPS
from vizclient.phrases import PHRASES, counted, phrase
from vizclient.redundancy.model import Mode, Noticed, ProblemKind, Role, ServerState, Source


def test_every_role_source_reason_state_and_mode_has_words() -> None:
    codes = [f"role.{role}" for role in Role]
    codes += [f"{kind}.{source}" for kind in ("source", "cause") for source in Source]
    codes += [f"reason.{kind}" for kind in ProblemKind] + [f"noticed.{noticed}" for noticed in Noticed]
    codes += [f"step.{step}" for step in STEPS]
    codes += [f"server-state.{state.value}" for state in ServerState] + [f"mode.{mode.value}" for mode in Mode]
    assert [code for code in codes if code not in PHRASES] == []


def test_every_code_in_the_source_of_items_link_and_commands_has_words() -> None:
    folder = Path(vizclient.__file__).parent
    files = [file for part in ("items", "link", "headless") for file in (folder / part).glob("*.py")]
    code = re.compile(r'"((?:write|link|item|address)-[a-z-]+)"')
    found = {match for file in files for match in code.findall(file.read_text(encoding="utf-8"))}
    assert len(found) > 25
    assert sorted(found - PHRASES.keys() - {"link-client"}) == []  # the name of a set of tasks


def test_every_template_has_plain_fields_only() -> None:
    for code, template in PHRASES.items():
        for _, name, form, conversion in Formatter().parse(template):
            assert name is None or re.fullmatch("[a-z_]+", name), code
            assert not form, code
            assert not conversion, code


def test_whatever_has_advice_has_a_reason_too() -> None:
    advice = [code.removeprefix("advice.") for code in PHRASES if code.startswith("advice.")]
    assert advice
    assert [code for code in advice if f"reason.{code}" not in PHRASES] == []


def test_one_is_said_otherwise_than_many() -> None:
    assert counted("history-missing", 1, {"items": "x"}) == "1 item did not come back: x"
    assert counted("history-missing", 2, {"items": "x"}) == "2 items did not come back: x"


@pytest.mark.parametrize(
    ("code", "arguments", "said"),
    [
        ("write-mismatch", {"read": "5 °C"}, "The server accepted it but shows 5 °C."),
        ("write-mismatch", {}, "The server accepted it but shows {read}."),
        ("no-such-code", {"why": "x"}, "no-such-code x"),
    ],
)
def test_a_sentence_is_filled_in_and_never_fails(code: str, arguments: dict[str, object], said: str) -> None:
    assert phrase(code, arguments) == said
