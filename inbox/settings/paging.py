"""Long lists of the settings: newest first, a page at a time, by the id of the last row."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

Row = TypeVar("Row", bound=Model)
SIZE = 50


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of rows; `older` is the query string of the next one, '' on the last."""

    rows: list[Row]
    older: str


def page_of(rows: QuerySet[Row], query: QueryDict) -> Page[Row]:
    before = query.get("before", "")
    if before.isascii() and before.isdecimal():
        rows = rows.filter(pk__lt=int(before[:18]))
    # One more than the page holds tells whether there is another.
    found = list(rows.order_by("-pk")[: SIZE + 1])
    if len(found) <= SIZE:
        return Page(found, "")
    found.pop()
    return Page(found, _with(query, before=found[-1].pk))


def _with(query: QueryDict, **values: Any) -> str:
    changed = query.copy()
    for name, value in values.items():
        changed[name] = str(value)
    return changed.urlencode()
