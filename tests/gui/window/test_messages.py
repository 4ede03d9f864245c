"""The message area says each thing once and keeps out of the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from fakes.desk import Desk
from ui.panels.messages import Messages


@pytest.fixture
def messages(desk: Desk, qtbot: QtBot) -> Iterator[Messages]:
    page = QWidget()
    qtbot.addWidget(page)
    page.resize(900, 500)
    messages = Messages(desk.speaker.words, desk.theme)
    messages.lie_over(page)
    page.show()
    yield messages
    page.close()


def test_it_is_not_there_while_there_is_nothing_to_say(messages: Messages) -> None:
    assert not messages.isVisible()
    messages.show_message("something")
    assert messages.isVisible()


def test_the_same_sentence_stands_there_once_and_a_key_replaces(messages: Messages) -> None:
    messages.show_message("a", key="k")
    messages.show_message("b")
    messages.show_message("b")
    messages.show_message("c", key="k")
    assert messages.texts == ["c", "b"]
    messages.withdraw("k")
    assert messages.texts == ["b"]


def test_what_is_said_for_a_while_goes_by_itself(messages: Messages, qtbot: QtBot) -> None:
    messages.show_message("soon gone", seconds=0.01)
    qtbot.waitUntil(lambda: messages.texts == [], timeout=1000)


def test_it_lies_within_the_page_at_its_lower_edge(messages: Messages, qtbot: QtBot) -> None:
    messages.show_message("a long sentence " * 20)
    page = messages.parentWidget()
    assert page is not None
    for width, height in ((900, 500), (400, 300)):
        page.resize(width, height)
        qtbot.wait(1)
        assert page.rect().contains(messages.geometry())
        assert messages.geometry().bottom() > page.height() - 30


def test_more_than_three_are_counted(messages: Messages) -> None:
    for number in range(5):
        messages.show_message(f"message {number}")
    assert len(messages.texts) == 5
    assert messages._more.text() == "2 more"
