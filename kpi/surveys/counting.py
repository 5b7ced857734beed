"""What surveys add to the roll-ups, by the same cells as tickets."""

from collections.abc import Collection
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Q

from kpi.cells import Cell, packed, unpacked
from kpi.models import SurveyResponse, TicketFact
from kpi.rollups import Changes

_STEP = 5_000


def refresh(surveys: Collection[int], tickets: Collection[int]) -> None:
    """Count these surveys again, and those of these tickets: spam takes its scores along."""
    rows = list(
        SurveyResponse.objects.select_related("shop").filter(
            Q(pk__in=surveys) | Q(ticket__in=tickets)
        )
    )
    facts = TicketFact.objects.in_bulk([row.ticket_id for row in rows if row.ticket_id])
    changes, changed = Changes(), []
    for row in rows:
        fact = facts.get(row.ticket_id or 0)
        excluded = bool(row.refused) or (fact is not None and fact.excluded and fact.contact_at)
        cells = packed([] if excluded else _cells(row))
        if cells != row.cells:
            _count(changes, row, sign=-1)
            row.cells = cells
            _count(changes, row, sign=1)
            changed.append(row)
    SurveyResponse.objects.bulk_update(changed, ["cells"], batch_size=1_000)
    changes.write()


def rebuild() -> None:
    """Count all surveys, from roll-ups that hold none."""
    SurveyResponse.objects.exclude(cells=[]).update(cells=[])
    ids = list(SurveyResponse.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), _STEP):
        refresh(ids[start : start + _STEP], [])


def _cells(row: SurveyResponse) -> list[Cell]:
    zone = row.shop.zone
    sent = Cell(f"{row.kind}_sent", _day(row.sent_at, zone), row.team_id, row.agent_id)
    if row.answered_at is None or row.score is None:
        return [sent]
    day = _day(row.answered_at, zone)
    return [sent, Cell(row.kind, day, row.team_id, row.agent_id, 1, row.score, row.score)]


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _count(changes: Changes, row: SurveyResponse, *, sign: int) -> None:
    changes.add(
        unpacked(row.cells),
        shop=row.shop_id,
        channel=row.channel_id,
        reason=row.reason_id,
        sign=sign,
    )
