"""Sentences for people at a browser, in the language that it asks for."""

from __future__ import annotations

import json
from functools import cache

from vizclient.phrases import PHRASES, filled
from vizclient.resources import resource_path

LANGUAGES = ("en", "de")


def language_of(accepted: str) -> str:
    """The first language of an `Accept-Language` header that there are words for, else English. Browsers list the best first."""
    for entry in accepted.split(","):
        short = entry.partition(";")[0].strip().partition("-")[0].lower()
        if short in LANGUAGES:
            return short
    return LANGUAGES[0]


def say(language: str, code: str, **arguments: object) -> str:
    """The sentence of `code`, one of `PHRASES`; a field without argument stays."""
    return filled(_translations(language).get(code) or PHRASES[code], arguments)


@cache
def _translations(language: str) -> dict[str, str]:
    if language == LANGUAGES[0]:
        return {}
    found: dict[str, str] = json.loads(resource_path("translations", f"{language}.json").read_text("utf-8"))
    return found
