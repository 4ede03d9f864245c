"""What there is to say of a drill, in the language of its report. Knows no markup."""

from __future__ import annotations

from vizclient.follow.wording import say
from vizclient.headless.drill_report import Report
from vizclient.headless.forms import text_value
from vizclient.items.value import Value
from vizclient.redundancy.comparison import Comparison, Outcome, remarks
from vizclient.redundancy.drill import Course, Leg, faults, verdict


def summary(report: Report, language: str = "en") -> list[str]:
    """What the operator is to know, a line each."""
    course, words = report.course, DrillWords(language)
    said = [words(f"drill.verdict.{verdict(course)}")]
    for leg in course.legs:
        said.append(words("drill.said", **ends_of(words, leg), what=words.comparison(leg.comparison)))
    said += words.nature(course)
    said += words.messages(course)
    said += [f"{what}. {to_do}" for what, to_do in words.faults(course)]
    said.append(words.stands(course))
    return said


class DrillWords:
    """Sentences of one language, and what is put together of them."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, code: str, **arguments: object) -> str:
        return say(self.language, code, **arguments)

    def comparison(self, comparison: Comparison) -> str:
        """What came back."""
        said = []
        for one in remarks(comparison):
            spans = {"after": self.seconds(one.after), "late_after": self.seconds(one.late_after)}
            names = ", ".join(one.names)
            said.append(self(f"compared.{one.code}", number=one.number, of=one.of, late=one.late, names=names, **spans))
        return "; ".join(said)

    def seconds(self, seconds: float | None, places: int = 2) -> str:
        """A time."""
        if seconds is None:
            return self("drill.none")
        whole, _, part = f"{seconds:.{places}f}".partition(".")
        return self("compared.seconds", whole=whole, part=part)

    def faults(self, course: Course) -> list[tuple[str, str]]:
        """What is wrong, and what to do."""
        return [
            (self(f"drill.fault.{fault}", number=number), self(f"drill.do.{fault}"))
            for fault, number in faults(course).items()
        ]

    def nature(self, course: Course) -> list[str]:
        """What is so by the nature of the plant, and what of it is not to be trusted now."""
        now = [name for name, _ in course.legs[-1].comparison.unsynchronised] if course.legs else []
        server = "" if course.stands is None else self(f"drill.{course.stands}")
        told = (("drill.lacks", _lacking(course)), ("drill.lacks.now", now), ("drill.late", _late(course)))
        return [self(code, names=", ".join(names), server=server) for code, names in told if names]

    def stands(self, course: Course) -> str:
        """How the pair stands."""
        home = self(f"drill.{course.home}")
        if course.stands is None:
            return self("drill.stands.unknown", home=home)
        return self(
            f"drill.stands.{'moved' if course.moved else 'as-found'}", server=self(f"drill.{course.stands}"), home=home
        )

    def messages(self, course: Course) -> list[str]:
        """A line for each module that sends."""
        return [
            self(
                "drill.messages.counted" if one.events or one.sent else "drill.messages.idle",
                name=one.interface,
                events=one.events,
                sent=one.sent,
                doubled=one.doubled,
                unsent=one.unsent,
            )
            for one in course.messages
        ]

    def number(self, number: float | None) -> str:
        """A number as it is read, with no more digits than mean something."""
        if number is None:
            return self("drill.none")
        text = f"{number:.6g}" if abs(number) < 1e6 else f"{number:.0f}"
        return text.replace(".", ",") if self.language == "de" else text

    def value(self, value: Value, unit: str) -> str:
        """A value with its unit."""
        if isinstance(value, float):
            return f"{self.number(value)} {unit}".rstrip()
        return f"{text_value(value)} {unit if isinstance(value, int) and not isinstance(value, bool) else ''}".rstrip()


def ends_of(words: DrillWords, leg: Leg) -> dict[str, str]:
    left, taken = leg.switchover.left, leg.switchover.taken
    return {"left": words(f"drill.{left}.name"), "taken": words(f"drill.{taken}.name")}


def _lacking(course: Course) -> list[str]:
    """Interfaces whose items were not carried over."""
    return list(dict.fromkeys(name for leg in course.legs for name, _ in leg.comparison.unsynchronised))


def _late(course: Course) -> list[str]:
    """Interfaces whose items the new server made first."""
    late = [item for leg in course.legs for item in leg.items if item.late and item.outcome is Outcome.BACK]
    return list(dict.fromkeys(item.interface for item in late if item.interface))
