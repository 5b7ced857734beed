"""CSV for spreadsheets, in which no cell is a formula."""

import csv
import re
from collections.abc import Iterable, Iterator

# Also their full-width forms, which some spreadsheets read the same.
_FORMULA = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")
# Amounts and telephones begin like formulas and are none.
_NUMBER = re.compile(r"[+-]?[\d .,()-]{1,40}\Z", re.ASCII)
# Excel takes the text for UTF-8 by this alone.
_MARK = "\ufeff"


class _Echo:
    def write(self, text: str) -> str:
        return text


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """The rows as they are written, line by line, for a streamed answer."""
    writer = csv.writer(_Echo(), delimiter=";")
    yield _MARK
    for row in rows:
        yield writer.writerow([harmless(str(value)) for value in row])


def harmless(text: str) -> str:
    """The text, marked as text where a spreadsheet would calculate it."""
    if _FORMULA.match(text) and not _NUMBER.match(text):
        return f"'{text}"
    return text
