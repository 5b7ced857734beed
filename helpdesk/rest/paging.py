"""Lists by cursor: a page begins after the last row of the one before, whatever came meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

_SALT = "api.cursor"
_Row = TypeVar("_Row", bound=Model)


@dataclass(frozen=True)
class Page(Generic[_Row]):
    rows: Sequence[_Row]
    next: str | None
    previous: str | None


@dataclass(frozen=True)
class _Cursor:
    """A place in a list: before or after the row with this value (and id, where values repeat)."""

    ordering: str
    backward: bool
    value: Any
    pk: int

    def encoded(self) -> str:
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        is_moment = isinstance(self.value, datetime)
        place = [self.ordering, self.backward, is_moment, value, self.pk]
        return signing.dumps(place, salt=_SALT, compress=True)


def page(
    rows: QuerySet[_Row], *, ordering: str, size: int, cursor: str, request: Request
) -> Page[_Row]:
    """One page of the rows. `ordering` is a column, "-" in front for the largest first.

    Raises `NotFound` for a cursor that is not ours, or of another order.
    """
    place = _decoded(cursor, ordering) if cursor else None
    backward = place is not None and place.backward
    column, descending = ordering.lstrip("-"), ordering.startswith("-") != backward
    if place is not None:
        rows = rows.filter(_beyond(column, descending, place))
    sign = "-" if descending else ""
    found = list(rows.order_by(sign + column, sign + "pk")[: size + 1])
    more, found = len(found) > size, found[:size]
    if backward:
        found.reverse()
    has_next, has_previous = (True, more) if backward else (more, place is not None)

    def url(row: _Row, *, backward: bool) -> str:
        to = _Cursor(ordering, backward, getattr(row, column), row.pk)
        return replace_query_param(request.build_absolute_uri(), "cursor", to.encoded())

    return Page(
        found,
        next=url(found[-1], backward=False) if found and has_next else None,
        previous=url(found[0], backward=True) if found and has_previous else None,
    )


def _beyond(column: str, descending: bool, place: _Cursor) -> Q:
    way = "lt" if descending else "gt"
    # The first condition adds no meaning, but lets PostgreSQL start at that place of the index.
    return Q(**{f"{column}__{way}e": place.value}) & (
        Q(**{f"{column}__{way}": place.value}) | Q(**{f"pk__{way}": place.pk})
    )


def _decoded(text: str, ordering: str) -> _Cursor:
    try:
        made_for, backward, is_moment, value, pk = signing.loads(text, salt=_SALT)
    except signing.BadSignature as e:
        raise NotFound(_("There is no such page.")) from e
    if made_for != ordering:
        raise NotFound(_("This cursor belongs to another order."))
    return _Cursor(ordering, backward, datetime.fromisoformat(value) if is_moment else value, pk)
