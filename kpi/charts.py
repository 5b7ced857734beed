"""Charts as shapes that a template draws as SVG: no script, colours from the style sheet.

Coordinates are text, since a template would write numbers with a decimal comma.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

WIDTH, HEIGHT = 720, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 10, 24
_MOST_LABELS = 8
# Where the lines of the scale stand, as parts of the highest value.
_GRID = (0.0, 0.5, 1.0)


class Bar(NamedTuple):
    x: str
    y: str
    width: str
    height: str
    series: int
    title: str


class Label(NamedTuple):
    x: str
    y: str
    text: str


class Dot(NamedTuple):
    x: str
    y: str
    title: str


@dataclass(frozen=True)
class Chart:
    """Bars (stacked) or lines over the same steps, with the scale and the table behind them."""

    steps: Sequence[str]
    series: Sequence[tuple[str, Sequence[str]]]
    bars: Sequence[Bar] = ()
    lines: Sequence[tuple[int, str, Sequence[Dot]]] = ()
    x_labels: Sequence[Label] = ()
    y_labels: Sequence[Label] = ()
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The table behind the chart: each step with a value a series."""
        return [
            (name, [values[place] for _name, values in self.series])
            for place, name in enumerate(self.steps)
        ]


Shown = Sequence[Sequence[str]]


def bars(
    steps: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], shown: Shown
) -> Chart:
    """Stacked bars; `shown` are the values in words, a list a series."""
    tops = [sum(values[place] for _name, values in series) for place in range(len(steps))]
    highest = _round_up(max(tops, default=0))
    step = (WIDTH - _LEFT - _RIGHT) / max(len(steps), 1)
    found = []
    for place, name in enumerate(steps):
        base = 0.0
        for number, (label, values) in enumerate(series):
            height = _height(values[place], highest)
            if height:
                x, y = _LEFT + place * step + step * 0.12, HEIGHT - _BOTTOM - base - height
                title = f"{name}, {label}: {shown[number][place]}"
                found.append(
                    Bar(_text(x), _text(y), _text(step * 0.76), _text(height), number, title)
                )
            base += height
    return Chart(
        steps,
        _table(series, shown),
        bars=found,
        x_labels=_x_labels(steps, step),
        y_labels=_y_labels(highest, "{:g}", 1),
    )


def lines(
    steps: Sequence[str],
    series: Sequence[tuple[str, Sequence[float | None]]],
    shown: Shown,
) -> Chart:
    """Lines of seconds, with the scale in hours; a step without a value has no dot."""
    known = [value for _name, values in series for value in values if value is not None]
    highest = _round_up(max(known, default=0), 3_600)
    step = (WIDTH - _LEFT - _RIGHT) / max(len(steps), 1)
    drawn = []
    for number, (label, values) in enumerate(series):
        dots = [
            Dot(
                _text(_LEFT + (place + 0.5) * step),
                _text(HEIGHT - _BOTTOM - _height(value, highest)),
                f"{steps[place]}, {label}: {shown[number][place]}",
            )
            for place, value in enumerate(values)
            if value is not None
        ]
        drawn.append((number, " ".join(f"{dot.x},{dot.y}" for dot in dots), dots))
    return Chart(
        steps,
        _table(series, shown),
        lines=drawn,
        x_labels=_x_labels(steps, step),
        y_labels=_y_labels(highest, "{:g} h", 3_600),
    )


def _table(
    series: Sequence[tuple[str, Sequence[float | None]]], shown: Shown
) -> Sequence[tuple[str, Sequence[str]]]:
    return [(name, shown[number]) for number, (name, _values) in enumerate(series)]


def _height(value: float, highest: float) -> float:
    return (HEIGHT - _TOP - _BOTTOM) * value / highest if highest else 0.0


def _round_up(value: float, unit: float = 1.0) -> float:
    """The next value with one or two digits that is easy to halve."""
    if value <= 0:
        return 2 * unit
    size = unit
    while True:
        for factor in (2, 4, 6, 8, 10):
            if value <= factor * size:
                return factor * size
        size *= 10


def _x_labels(steps: Sequence[str], step: float) -> list[Label]:
    every = -(-len(steps) // _MOST_LABELS) if steps else 1
    return [
        Label(_text(_LEFT + (place + 0.5) * step), _text(HEIGHT - 6), name)
        for place, name in enumerate(steps)
        if place % every == 0
    ]


def _y_labels(highest: float, words: str, unit: float) -> list[Label]:
    return [
        Label(
            _text(_LEFT - 6),
            _text(HEIGHT - _BOTTOM - _height(part * highest, highest)),
            words.format(part * highest / unit),
        )
        for part in _GRID
    ]


def _text(number: float) -> str:
    return f"{number:.1f}"
