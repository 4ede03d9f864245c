"""What a schema is made of. Knows nothing of file formats, of places in a text, or of how an error is put."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

KeyPath = tuple[str | int, ...]
Check = Callable[[str, Any], None]
"""What `Meta(extra={"check": …})` may hold: raises Wrong for a text that cannot be used in a context."""

# A pattern ends in `$(?!\n)`: in Python `$` alone also matches before a line's end.
ShortName = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_\-]{0,49}$(?!\n)")]
NamespaceUri = Annotated[str, Meta(pattern=r"^[^\s;]{1,1000}$(?!\n)")]

Plain = Annotated[str, Meta(max_length=2_000)]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$(?!\n)")]
Text = Plain | dict[Language, Plain]
"""A text, or {language: text}."""


class Closed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything in a schema: unknown keys are errors, nothing is converted, and nothing changes after reading."""


class Wrong(ValueError):
    """Raised by `__post_init__` of a struct and by checks: `code` and `arguments` say what, `at` where below it.

    `column`: how far into a text, from 0.
    """

    def __init__(
        self, code: str, arguments: Mapping[str, str] | None = None, at: KeyPath = (), column: int = 0
    ) -> None:
        super().__init__(code)
        self.code = code
        self.arguments = arguments or {}
        self.at = at
        self.column = column
