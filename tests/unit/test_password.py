from __future__ import annotations

import pickle
import traceback

import pytest

from vizclient.password import LONGEST, Password


def test_a_password_shows_itself_only_to_who_asks_for_it() -> None:
    password = Password("hunter2")
    assert password.reveal() == "hunter2"
    for shown in (repr(password), str(password), f"{password}", f"{[password]}"):
        assert "hunter" not in shown
    assert password == Password("hunter2") != Password("hunter3")
    assert len({password, Password("hunter2")}) == 1
    with pytest.raises(TypeError, match="not written"):
        pickle.dumps(password)


@pytest.mark.parametrize("text", ["", "two\nlines", "x\r", "x" * (LONGEST + 1), "\udcff"])
def test_what_cannot_be_a_password_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^no password$") as refused:
        Password(text)
    assert not text or text not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("text", [" ", " with blanks ", "ä€😀", "x" * LONGEST, "\t"])
def test_anything_else_is_taken_as_it_is(text: str) -> None:
    assert Password(text).reveal() == text
