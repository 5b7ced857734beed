"""The tickets behind a figure: those whose facts hold a value that it counted."""

from datetime import timedelta
from typing import Any

from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from kpi.figures.catalogue import BY_KEY
from kpi.figures.query import Query
from kpi.models import SurveyResponse, TicketFact

BACKLOG = "backlog"
SURVEYS = frozenset(SurveyResponse.Kind.values)
KEYS = frozenset({*BY_KEY, BACKLOG}) - SURVEYS


def facts(query: Query, key: str, *, holds: bool | None = None) -> QuerySet[TicketFact]:
    """Facts that the figure counts; `holds` only those where it says yes, or no (FCR, SLA)."""
    rows = _placed(TicketFact.objects.filter(excluded=False), query)
    if key == BACKLOG:
        return rows.filter(days__startswith__lt=query.until).filter(_open_at(query))
    rows = rows.filter(days__overlap=(query.since, query.until))
    return rows.filter(_counted(BY_KEY[key].names(query), query, holds))


def responses(query: Query, kind: str) -> QuerySet[SurveyResponse]:
    """Answers to surveys of this kind, newest first."""
    rows = SurveyResponse.objects.filter(kind=kind, answered_at__isnull=False).exclude(cells=[])
    rows = _placed(rows, query)
    # A day more on both sides: days are the shops', and the cells know them exactly.
    near = (query.since - timedelta(days=1), query.until + timedelta(days=1))
    rows = rows.filter(answered_at__date__gte=near[0], answered_at__date__lte=near[1])
    return rows.filter(_counted([kind], query, None)).order_by("-answered_at", "-pk")


def _placed(rows: "QuerySet[Any]", query: Query) -> "QuerySet[Any]":
    for name in ("shop", "channel", "reason"):
        if name in query.limits:
            rows = rows.filter(**{f"{name}_id__in": query.limits[name]})
    return rows


def _counted(names: list[str], query: Query, holds: bool | None) -> RawSQL:
    """Whether a row has a cell of these metrics, days and people."""
    conditions = ["cell->>0 = ANY(%s)", "(cell->>1)::date >= %s", "(cell->>1)::date < %s"]
    values: list[object] = [names, query.since, query.until]
    conditions, values = _of_people(query, conditions, values)
    if holds is not None:
        conditions.append("(cell->>5)::bigint = %s")
        values.append(int(holds))
    where = " AND ".join(conditions)
    return _raw(f"EXISTS (SELECT FROM jsonb_array_elements(cells) AS cell WHERE {where})", values)


def _open_at(query: Query) -> RawSQL:
    """Whether a ticket's way in and out of the backlog ends with "in" before `until`."""
    conditions = ["cell->>0 = 'backlog'", "(cell->>1)::date < %s"]
    values: list[object] = [query.until]
    conditions, values = _of_people(query, conditions, values)
    cells = f"FROM jsonb_array_elements(cells) AS cell WHERE {' AND '.join(conditions)}"
    return _raw(f"(SELECT sum((cell->>4)::bigint) {cells}) > 0", values)


def _of_people(
    query: Query, conditions: list[str], values: list[object]
) -> tuple[list[str], list[object]]:
    for name, place in (("team", 2), ("agent", 3)):
        if name in query.limits:
            conditions.append(f"(cell->>{place})::bigint = ANY(%s)")
            values.append(list(query.limits[name]))
    return conditions, values


def _raw(sql: str, values: list[object]) -> RawSQL:
    return RawSQL(sql, values, output_field=BooleanField())  # noqa: S611  # only `%s` is filled in
