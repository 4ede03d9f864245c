"""The words: each code that is used has a sentence, in every language, with the same fields."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ui
from ui.numbers import Code
from ui.words import ENGLISH, LANGUAGES, PSEUDO, Words, pseudo, translation
from vizclient.items.freshness import Behaviour, Freshness
from vizclient.items.writing import WriteOutcome
from vizclient.phrases import ADDRESS, BUNDLE, COMPARISON, DRILL, LANDING, LINK, READINESS, SERVER, STATE_FILES, WRITING
from vizclient.redundancy.model import (
    Caution,
    ConnectionState,
    Mode,
    Noticed,
    ProblemKind,
    Role,
    Server,
    ServerState,
    Source,
)
from vizclient.redundancy.support import Possible

FIELD = re.compile(r"\{([a-z_]+)\}")
FAMILIES = [
    *(f"role.{role}" for role in Role),
    *(f"source.{source}" for source in Source),
    *(f"cause.{source}" for source in Source),
    *(f"reason.{kind}" for kind in ProblemKind),
    *(f"noticed.{noticed}" for noticed in Noticed),
    *(f"server-state.{state:d}" for state in ServerState),
    *(f"mode.{mode:d}" for mode in Mode),
    *(f"server.{server}" for server in Server),
    *(f"server.{server}.loud" for server in Server),
    *(f"strip.{state}" for state in ConnectionState),
    *(f"strip.{caution}" for caution in Caution),
    *(f"freshness.{freshness}" for freshness in Freshness),
    *(f"possible.{possible}" for possible in Possible),
    *(f"says.{behaviour}" for behaviour in Behaviour),
    *(f"why.{what}{do}" for what in ("unsynchronised", "main-only", "active-only", "awaited") for do in ("", ".do")),
    *(f"outcome.{outcome}" for outcome in WriteOutcome),
    *(f"write.state.{state}" for state in ("pending", "refused", "mismatch", "unknown")),
    *(f"style.{style}" for style in ("warning", "alarm")),
    *(f"{what}.{unit}" for what in ("ago", "span") for unit in ("seconds", "minutes", "hours", "days")),
    *(f"number.{code}" for code in Code.__args__),  # type: ignore[attr-defined]
]


def sources() -> Iterator[tuple[Path, ast.AST]]:
    folder = Path(ui.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        if path.name != "words.py":
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def spoken() -> Iterator[tuple[str, str]]:
    """Literal codes handed to what speaks, with their place."""
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                code = node.args[0].value
                if name in ("words", "_words", "tell", "tell_fault", "Complaint", "_plain") and isinstance(code, str):
                    yield code, f"{path.name}:{node.lineno}"


def test_every_code_that_is_spoken_has_words() -> None:
    missing = [f"{place} {code}" for code, place in spoken() if code not in ENGLISH]
    assert not missing


@pytest.mark.parametrize("code", FAMILIES)
def test_every_state_that_can_be_said_has_words(code: str) -> None:
    assert code in ENGLISH


def test_no_words_stand_unused() -> None:
    literals = {
        node.value
        for _, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    put_together = ("ago.", "span.", "action.", "demo.", "servers.", "strip.", "inspector.")
    said_by_the_link = (
        *SERVER,
        *COMPARISON,
        *DRILL,
        *READINESS,
        *WRITING,
        *LINK,
        *STATE_FILES,
        *BUNDLE,
        *ADDRESS,
        *LANDING,
    )

    def used(code: str) -> bool:
        code = code.removesuffix(".one")
        return code in literals or code in FAMILIES or code in said_by_the_link or code.startswith(put_together)

    assert [code for code in ENGLISH if not used(code)] == []


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_a_language_has_every_code_and_no_other(language: str) -> None:
    said = translation(language)
    assert sorted(set(ENGLISH) - set(said)) == []
    assert sorted(set(said) - set(ENGLISH)) == []


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_a_translation_has_the_fields_of_the_english(language: str) -> None:
    said = translation(language)
    wrong = [
        code
        for code, template in ENGLISH.items()
        if sorted(FIELD.findall(said.get(code, template))) != sorted(FIELD.findall(template))
    ]
    assert not wrong


def test_fields_are_filled_and_a_missing_one_stays() -> None:
    words = Words("en", {"x": "{a} and {b}"})
    assert words("x", a=1, b="{a}") == "1 and {a}"
    assert words("x", a=1) == "1 and {b}"


def test_one_is_said_otherwise_than_many() -> None:
    words = Words("en", {"items": "{number} items, {name}", "items.one": "1 item, {name}"})
    assert [words.count("items", number, name="x") for number in (1, 2)] == ["1 item, x", "2 items, x"]


def test_a_code_without_words_is_shown_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    assert Words("en", {})("no.such", reason="why") == "no.such why"
    assert "no.such" in caplog.text


def test_what_a_language_lacks_is_said_in_english() -> None:
    assert Words.of("sv")("servers.title") == "Servers"
    assert Words.of("de-AT")("servers.title") == "Server"


def test_the_pseudo_locale_is_40_percent_longer_and_keeps_fields() -> None:
    words = Words.of(PSEUDO)
    for code, template in ENGLISH.items():
        plain, longer = FIELD.sub("", template), FIELD.sub("", pseudo(template))
        assert len(longer) >= round(1.4 * len(plain)), code
        assert FIELD.findall(pseudo(template)) == FIELD.findall(template), code
    assert words("ago.seconds", number=3) != "3 s ago"


def test_a_text_of_a_page_is_taken_in_the_operators_language_else_english_else_the_first() -> None:
    words = Words.of("de")
    assert words.text("plain") == "plain"
    assert words.text({"en": "Pump", "de-AT": "Pumpe"}) == "Pumpe"
    assert words.text({"fr": "Pompe", "en": "Pump"}) == "Pump"
    assert words.text({"fr": "Pompe"}) == "Pompe"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "just now"),
        (3, "3 s ago"),
        (61, "1 min ago"),
        (7_100, "118 min ago"),
        (7_300, "2 h ago"),
        (200_000, "2 d ago"),
    ],
)
def test_how_long_ago_is_said_coarsely(seconds: float, said: str) -> None:
    assert Words.of("en").ago(seconds) == said
