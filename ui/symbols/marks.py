"""How far a shown value can be trusted, drawn: the same marks on every symbol, told apart by their shape alone.

uncertain: question mark and dashed outline. bad: crossed square, solid outline, the value struck. stale: hatch and age.
unsynchronised: two arrows that do not meet. missing: crossed circle, ghostly. never: dashes. held: nothing (the page's frame tells).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPainterPath, QPen, QPolygonF

from vizclient.items.freshness import Freshness
from vizclient.pages.document import Style

from ..lettering import CAP_HEIGHT
from ..theme import Theme
from .contract import Pending, Shown
from .recorder import Recorder

LIVE, HELD, STALE, NEVER, MISSING, BAD, UNCERTAIN, UNSYNCHRONISED = (
    Freshness.LIVE,
    Freshness.HELD,
    Freshness.STALE,
    Freshness.NEVER,
    Freshness.MISSING,
    Freshness.BAD,
    Freshness.UNCERTAIN,
    Freshness.UNSYNCHRONISED,
)
PLAIN = frozenset({LIVE, HELD})
BADGED = frozenset({UNCERTAIN, BAD, UNSYNCHRONISED, MISSING})
UNKNOWN = frozenset({NEVER, MISSING})
"""Nothing is known of the value: a symbol draws no state."""

DASHES = "– –"
BADGE = 14.0
_HATCH = 7.0


def outline(painter: QPainter | Recorder, rect: QRectF, shown: Shown, theme: Theme) -> None:
    """The outline of `uncertain`, `bad` and `missing`, inside `rect`."""
    line = _OUTLINES.get(shown.freshness)
    if line is None:
        return
    token, width, dashes = line
    scale = painter.worldTransform().m11()

    def frame(target: QPainter, wide: int, high: int) -> None:
        pen = QPen(theme.color(token), max(1.0, width * scale))
        if dashes:
            pen.setDashPattern(dashes)
        target.setPen(pen)
        inset = pen.widthF() / 2
        target.drawRoundedRect(QRectF(inset, inset, wide - 2 * inset, high - 2 * inset), 3 * scale, 3 * scale)

    _stamped(painter, ("outline", shown.freshness.value), rect, theme, frame)


_OUTLINES: dict[Freshness, tuple[str, float, list[float]]] = {
    UNCERTAIN: ("uncertain", 1.4, [4.0, 2.5]),
    BAD: ("bad", 2.0, []),
    MISSING: ("missing", 1.2, [1.2, 3.0]),
}


def chip(painter: QPainter | Recorder, rect: QRectF, fill: str, theme: Theme) -> None:
    """A rounded ground of one colour."""
    scale = painter.worldTransform().m11()

    def ground(target: QPainter, wide: int, high: int) -> None:
        target.setPen(Qt.PenStyle.NoPen)
        target.setBrush(theme.brush(fill))
        target.drawRoundedRect(QRectF(0, 0, wide, high), 3 * scale, 3 * scale)

    _stamped(painter, ("chip", fill), rect, theme, ground)


def hatch(painter: QPainter | Recorder, rect: QRectF, theme: Theme) -> None:
    """The hatch of `stale` over `rect`, in step over the whole page."""
    transform = painter.worldTransform()
    scale = transform.m11()
    step = max(4, round(_HATCH * scale))

    def lines(tile: QPainter) -> None:
        tile.setPen(QPen(theme.color("hatch"), max(1.0, 1.2 * scale)))
        for offset in (-step, 0, step):
            tile.drawLine(QPointF(offset - 1, step + 1), QPointF(offset + step + 1, -1))

    tile = theme.letters.stamp(("hatch", theme.name, step, scale), step, step, lines)
    device = transform.mapRect(rect).toRect()
    painter.setWorldMatrixEnabled(False)
    painter.setBrushOrigin(round(transform.dx()), round(transform.dy()))
    painter.fillRect(device, QBrush(tile))
    painter.setWorldMatrixEnabled(True)


def badge(painter: QPainter | Recorder, freshness: Freshness, x: float, y: float, size: float, theme: Theme) -> None:
    """The glyph of a freshness state in the square at `x`, `y`; nothing for those without one."""
    draw = _BADGES.get(freshness)
    if draw is not None:
        _glyph(painter, ("badge", freshness.value), x, y, size, theme, draw)


def write_badge(painter: QPainter | Recorder, pending: Pending, x: float, y: float, size: float, theme: Theme) -> None:
    """What became of the last write, in the square at `x`, `y`; nothing for ""."""
    if pending:
        _glyph(painter, ("write", pending), x, y, size, theme, _WRITES[pending])


def alert(
    painter: QPainter | Recorder, style: Style, x: float, y: float, size: float, theme: Theme, *, plate: bool = False
) -> None:
    """The glyph of a style that needs attention, in the square at `x`, `y`: a triangle warns, a diamond alarms.

    `plate`: in the style's own colour, to stand by itself; else to stand on a ground of that colour.
    """
    draw = _ALERTS.get(style)
    if draw is not None:
        shape, front, back = draw
        if plate:
            front, back = back, front

        def glyph(target: QPainter, theme: Theme) -> None:
            shape(target, theme, front, back)

        _glyph(painter, ("alert", f"{style} {plate}"), x, y, size, theme, glyph)


def age(painter: QPainter | Recorder, x: float, y: float, shown: Shown, theme: Theme, size: float = 10.0) -> None:
    """The age on a small label with its lower left corner at `x`, `y`."""
    if not shown.age:
        return
    letters = theme.letters
    rect = QRectF(x, y - size - 3, letters.width(shown.age, size, "medium") + 6, size + 3)

    def label(target: QPainter, wide: int, high: int) -> None:
        target.scale(wide / rect.width(), high / rect.height())
        target.setPen(theme.pen("stale", 0.9))
        target.setBrush(theme.brush("raised"))
        target.drawRoundedRect(QRectF(0, 0, rect.width(), rect.height()).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
        baseline = (size + 3 + CAP_HEIGHT * size) / 2
        letters.draw(target, 3, baseline, shown.age, size, theme.color("stale"), "medium")

    _stamped(painter, ("age", shown.age), rect, theme, label)


def strike(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    """What strikes a drawing out: a bar across `rect`, set off from what lies under it."""
    for token, width in (("page", 4.6), ("bad", 2.2)):
        painter.setPen(theme.pen(token, width))
        painter.drawLine(rect.bottomLeft(), rect.topRight())


def beside(painter: QPainter | Recorder, frame: QRectF, left: float, side: float, shown: Shown, theme: Theme) -> float:
    """The marks of a symbol that is words, before the words are drawn: around and behind `frame`, and from `left` on.

    `side`: how high they are. Returns where the words may begin.
    """
    freshness = shown.freshness
    middle, gap = frame.center().y(), side * 0.25
    if freshness is STALE:
        hatch(painter, frame, theme)
        size = min(12.0, frame.height() - 3, max(7.0, side * 0.72))
        wide = theme.letters.width(shown.age, size, "medium") + 6 if shown.age else 0.0
        if wide and wide < frame.width() * 0.6:
            age(painter, left - 2, middle + (size + 3) / 2, shown, theme, size)
            left += wide - 2 + gap
    elif freshness in BADGED:
        outline(painter, frame, shown, theme)
        badge(painter, freshness, left, middle - side / 2, side, theme)
        left += side + gap
    if shown.pending:
        write_badge(painter, shown.pending, left, middle - side / 2, side, theme)
        left += side + gap
    return left


MARGIN = 5.0
"""How far the marks of a drawing stand out of its rectangle."""


def margin(rect: QRectF, _: object) -> QRectF:
    """The ink of a symbol that is a drawing."""
    return rect.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)


def over(painter: QPainter, rect: QRectF, shown: Shown, theme: Theme) -> None:
    """The marks of a symbol that is a drawing, over what it drew in `rect`, and up to `MARGIN` beside it."""
    freshness = shown.freshness
    size = min(BADGE, rect.height() * 0.6)
    if freshness is STALE:
        hatch(painter, rect, theme)
        age(painter, rect.left() - MARGIN, rect.bottom() + MARGIN, shown, theme, min(10.0, rect.height() * 0.4))
    elif freshness is BAD:
        strike(painter, rect.adjusted(4, 4, -4, -4), theme)
    outline(painter, rect, shown, theme)
    if freshness in BADGED:
        _on_plate(painter, rect.left() - MARGIN, rect.top() - MARGIN, size, theme)
        badge(painter, freshness, rect.left() - MARGIN + 1, rect.top() - MARGIN + 1, size, theme)
    if shown.pending:
        x = rect.right() + MARGIN - size - 2
        _on_plate(painter, x, rect.top() - MARGIN, size, theme)
        write_badge(painter, shown.pending, x + 1, rect.top() - MARGIN + 1, size, theme)


def _on_plate(painter: QPainter, x: float, y: float, size: float, theme: Theme) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.brush("page"))
    painter.drawRoundedRect(QRectF(x, y, size + 2, size + 2), 3, 3)


def _stamped(
    painter: QPainter | Recorder,
    key: tuple[str, str],
    rect: QRectF,
    theme: Theme,
    draw: Callable[[QPainter, int, int], None],
) -> None:
    """Copy the picture `key`, made by `draw(painter, width, height)` in device pixels, to where `rect` is."""
    transform = painter.worldTransform()
    scale = transform.m11()
    left, top = round(rect.left() * scale + transform.dx()), round(rect.top() * scale + transform.dy())
    wide = max(1, round(rect.right() * scale + transform.dx()) - left)
    high = max(1, round(rect.bottom() * scale + transform.dy()) - top)
    stamp = theme.letters.stamp((*key, theme.name, wide, high), wide, high, lambda target: draw(target, wide, high))
    painter.setWorldMatrixEnabled(False)
    painter.drawImage(left, top, stamp)
    painter.setWorldMatrixEnabled(True)


def _glyph(
    painter: QPainter | Recorder,
    key: tuple[str, str],
    x: float,
    y: float,
    size: float,
    theme: Theme,
    draw: Callable[[QPainter, Theme], None],
) -> None:
    def on_square(target: QPainter, side: int, _: int) -> None:
        target.scale(side / 16, side / 16)
        draw(target, theme)

    _stamped(painter, key, QRectF(x, y, size, size), theme, on_square)


# The glyphs, each on a square of 16.


def _plate(painter: QPainter, shape: QPainterPath | QRectF, theme: Theme, fill: str) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.brush(fill))
    if isinstance(shape, QRectF):
        painter.drawRoundedRect(shape, 2, 2)
    else:
        painter.drawPath(shape)


def _line(theme: Theme, token: str, width: float) -> QPen:
    return QPen(theme.color(token), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def _uncertain(painter: QPainter, theme: Theme) -> None:
    painter.setPen(_line(theme, "uncertain", 2.4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    hook = QPainterPath(QPointF(4.6, 5.2))
    hook.cubicTo(4.6, 0.2, 11.6, 0.4, 11.4, 5.0)
    hook.cubicTo(11.2, 7.6, 8.0, 7.4, 8.0, 10.4)
    painter.drawPath(hook)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.brush("uncertain"))
    painter.drawEllipse(QPointF(8, 14.1), 1.6, 1.6)


def _bad(painter: QPainter, theme: Theme) -> None:
    _plate(painter, QRectF(1, 1, 14, 14), theme, "bad")
    painter.setPen(_line(theme, "page", 2.4))
    painter.drawLine(QPointF(5, 5), QPointF(11, 11))
    painter.drawLine(QPointF(11, 5), QPointF(5, 11))


def _unsynchronised(painter: QPainter, theme: Theme) -> None:
    painter.setPen(_line(theme, "unsynchronised", 2.0))
    painter.setBrush(theme.brush("unsynchronised"))
    painter.drawLine(QPointF(1.5, 4.6), QPointF(11, 4.6))
    painter.drawPolygon(QPolygonF([QPointF(10.4, 2.2), QPointF(14.4, 4.6), QPointF(10.4, 7.0)]))
    painter.drawLine(QPointF(14.5, 11.4), QPointF(5, 11.4))
    painter.drawPolygon(QPolygonF([QPointF(5.6, 9.0), QPointF(1.6, 11.4), QPointF(5.6, 13.8)]))


def _missing(painter: QPainter, theme: Theme) -> None:
    painter.setPen(_line(theme, "missing", 2.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QPointF(8, 8), 5.8, 5.8)
    painter.drawLine(QPointF(2.2, 13.8), QPointF(13.8, 2.2))


def _write_pending(painter: QPainter, theme: Theme) -> None:
    _plate(painter, QRectF(0.5, 3, 15, 10), theme, "accent")
    painter.setBrush(theme.brush("on-accent"))
    for x in (4.0, 8.0, 12.0):
        painter.drawEllipse(QPointF(x, 8), 1.3, 1.3)


def _write_refused(painter: QPainter, theme: Theme) -> None:
    turns = [math.pi * (corner + 0.5) / 4 for corner in range(8)]
    octagon = [(8 + 7.4 * math.cos(turn), 8 + 7.4 * math.sin(turn)) for turn in turns]
    _plate(painter, _polygon(*octagon), theme, "alarm")
    painter.setPen(_line(theme, "on-alarm", 2.4))
    painter.drawLine(QPointF(4.5, 8), QPointF(11.5, 8))


def _write_mismatch(painter: QPainter, theme: Theme) -> None:
    _plate(painter, QRectF(0.5, 2, 15, 12), theme, "warning")
    painter.setPen(_line(theme, "on-warning", 1.8))
    painter.drawLine(QPointF(4, 6.2), QPointF(12, 6.2))
    painter.drawLine(QPointF(4, 9.8), QPointF(12, 9.8))
    painter.drawLine(QPointF(10.2, 3.8), QPointF(5.8, 12.2))


def _write_unknown(painter: QPainter, theme: Theme) -> None:
    _plate(painter, _polygon((8, 0.8), (15.6, 14.8), (0.4, 14.8)), theme, "warning")
    painter.setPen(_line(theme, "on-warning", 1.9))
    painter.drawLine(QPointF(8, 5.8), QPointF(8, 9.6))
    painter.drawPoint(QPointF(8, 12.4))


def _triangle(painter: QPainter, theme: Theme, shape: str, sign: str) -> None:
    _plate(painter, _polygon((8, 1.2), (15.4, 14.6), (0.6, 14.6)), theme, shape)
    painter.setPen(_line(theme, sign, 1.9))
    painter.drawLine(QPointF(8, 6.2), QPointF(8, 9.4))
    painter.drawPoint(QPointF(8, 12.1))


def _diamond(painter: QPainter, theme: Theme, shape: str, sign: str) -> None:
    _plate(painter, _polygon((8, 0.3), (15.7, 8), (8, 15.7), (0.3, 8)), theme, shape)
    painter.setPen(_line(theme, sign, 2.1))
    painter.drawLine(QPointF(8, 4.4), QPointF(8, 8.6))
    painter.drawPoint(QPointF(8, 11.7))


def _polygon(*points: tuple[float, float]) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    path.closeSubpath()
    return path


_ALERTS: dict[Style, tuple[Callable[[QPainter, Theme, str, str], None], str, str]] = {
    "warning": (_triangle, "on-warning", "warning"),
    "alarm": (_diamond, "on-alarm", "alarm"),
}
_BADGES: dict[Freshness, Callable[[QPainter, Theme], None]] = {
    UNCERTAIN: _uncertain,
    BAD: _bad,
    UNSYNCHRONISED: _unsynchronised,
    MISSING: _missing,
}
_WRITES: dict[Pending, Callable[[QPainter, Theme], None]] = {
    "pending": _write_pending,
    "refused": _write_refused,
    "mismatch": _write_mismatch,
    "unknown": _write_unknown,
}
