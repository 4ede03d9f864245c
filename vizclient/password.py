"""A password on its way through this program: shown to nobody who does not ask for it in so many words."""

from __future__ import annotations

from typing import Final, NoReturn

LONGEST: Final = 1000


class Password:
    """A password. Its repr, and so every log, traceback and dump of variables, tells nothing of it.

    ValueError, which does not show the text either, for what cannot be one: nothing, more than a line, more than `LONGEST`
    characters, or what cannot be sent as UTF-8.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not text or len(text) > LONGEST or "\n" in text or "\r" in text or not _can_be_sent(text):
            raise ValueError("no password") from None
        self._text = text

    def reveal(self) -> str:
        """The text, to be sent or kept and nothing else."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Password) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Password(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a password is not written anywhere")


def _can_be_sent(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
