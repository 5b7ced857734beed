"""The page's tables as CSV and XLSX. Text that a table program would compute stays text."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import xlsxwriter
from django.utils import translation
from django.utils.translation import gettext as _

from kpi.figures.board import Board, Line, Value
from kpi.figures.catalogue import Unit

Cell = str | int | float | None
# What makes a table program take text for a formula; the wide forms are folded by some.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True)
class Sheet:
    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def sheets(board: Board) -> list[Sheet]:
    return [
        _figures(board),
        _volume(board),
        _lines(_("Agents"), board.agents),
        _lines(_("Teams"), board.teams),
        _lines(_("Contact reasons"), board.reasons),
    ]


def as_csv(board: Board) -> bytes:
    """For Excel in Polish: UTF-8 with a mark, semicolons, decimal commas."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    for sheet in sheets(board):
        writer.writerow([_text(sheet.name)])
        writer.writerow([_text(title) for title in sheet.head])
        writer.writerows([_written(cell) for cell in row] for row in sheet.rows)
        writer.writerow([])
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(board: Board) -> bytes:
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format({"bold": True})
        for sheet in sheets(board):
            page = book.add_worksheet(sheet.name[:31])
            page.write_row(0, 0, sheet.head, bold)
            for number, row in enumerate(sheet.rows, start=1):
                for place, cell in enumerate(row):
                    if isinstance(cell, str):
                        page.write_string(number, place, cell)
                    elif cell is not None:
                        page.write_number(number, place, cell)
            page.autofit()
    return out.getvalue()


def _figures(board: Board) -> Sheet:
    head = [
        _("Figure"),
        _("Unit"),
        _("Value"),
        _("Number"),
        _("90th percentile"),
        _("Mean"),
        _("Previous period"),
        _("Goal"),
    ]
    return Sheet(_("Figures"), head, [_figure(value) for value in board.values])


def _figure(value: Value) -> list[Cell]:
    return [
        str(value.label),
        _unit(value.unit),
        _rounded(value.value),
        value.n,
        _rounded(value.p90),
        _rounded(value.mean),
        _rounded(value.previous),
        value.goal,
    ]


def _unit(unit: Unit) -> str:
    return {
        Unit.SECONDS: _("seconds"),
        Unit.PERCENT: "%",
        Unit.POINTS: _("points"),
        Unit.COUNT: _("number of"),
    }[unit]


def _volume(board: Board) -> Sheet:
    names = [name for name, _values in board.volume]
    rows: list[list[Cell]] = [
        [day.isoformat(), *(values[place] for _name, values in board.volume)]
        for place, day in enumerate(board.steps)
    ]
    return Sheet(_("Contacts"), [_("From"), *names], rows)


def _lines(name: str, lines: Iterable[Line]) -> Sheet:
    head = [
        _("Name"),
        _("Contacts"),
        _("Answers"),
        _("First response, seconds (median)"),
        _("Satisfaction, %"),
        _("Promises kept, %"),
        _("Reopened, %"),
    ]
    rows: list[list[Cell]] = [
        [
            line.name,
            line.contacts,
            line.answers,
            _rounded(line.frt),
            _rounded(line.csat),
            _rounded(line.sla),
            _rounded(line.reopened),
        ]
        for line in lines
    ]
    return Sheet(name, head, rows)


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 1)


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return _text(cell)
    text = str(cell) if isinstance(cell, int) else f"{cell:.1f}"
    return text.replace(".", ",") if (translation.get_language() or "").startswith("pl") else text


def _text(text: str) -> str:
    """Text that begins like a formula gets an apostrophe before it; numbers never come here."""
    return f"'{text}" if text.startswith(_FORMULA) else text
