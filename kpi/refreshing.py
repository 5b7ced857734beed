"""Brings facts and roll-ups up to what the event log says of some tickets; safe to repeat."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Exists, F, OuterRef, Q

from history.models import Event
from kpi import cells as counting
from kpi import story as telling
from kpi.cells import Cell, Verdict
from kpi.models import TicketFact
from kpi.places import Places
from kpi.rollups import Changes
from kpi.story import Row, Story
from tickets.models import Tag, Target, Ticket

# Tickets that carry this tag are somebody's test, and in no figure.
TEST_TAG = "test"
_COLUMNS = [field.name for field in TicketFact._meta.concrete_fields if not field.primary_key]


@transaction.atomic
def refresh(ticket_ids: Collection[int]) -> None:
    """Make the facts of these tickets anew, and move the roll-ups by the difference.

    One process at a time: the caller holds the reader's position.
    """
    before = TicketFact.objects.in_bulk(list(ticket_ids))
    after = _facts(ticket_ids, before)
    TicketFact.objects.bulk_create(
        after.values(), update_conflicts=True, unique_fields=["ticket_id"], update_fields=_COLUMNS
    )
    _note_repeats(before, after)
    changes = Changes()
    for fact in before.values():
        _count(changes, fact, sign=-1)
    for fact in after.values():
        _count(changes, fact, sign=1)
    changes.write()


def _count(changes: Changes, fact: TicketFact, *, sign: int) -> None:
    changes.add(
        counting.unpacked(fact.cells),
        shop=fact.shop_id,
        channel=fact.channel_id,
        reason=fact.reason_id,
        sign=sign,
    )


def _facts(ticket_ids: Collection[int], before: Mapping[int, TicketFact]) -> dict[int, TicketFact]:
    clocks = list(Target.objects.filter(ticket__in=ticket_ids).order_by("pk"))
    places = Places(clocks)
    verdicts: defaultdict[int, list[Verdict]] = defaultdict(list)
    for clock in clocks:
        if verdict := _verdict(clock):
            verdicts[clock.ticket_id].append(verdict)
    test = Tag.objects.filter(slug=TEST_TAG).values_list("pk", flat=True).first()
    facts = {}
    for story in _stories(ticket_ids):
        repeated = story.ticket in before and before[story.ticket].repeated
        facts[story.ticket] = _fact(
            story, places, verdicts[story.ticket], repeated=repeated, is_test=test in story.tags
        )
    return facts


def _stories(ticket_ids: Collection[int]) -> Iterable[Story]:
    """The stories of these tickets, told with those of the tickets that were merged into them."""
    children = _absorbed(ticket_ids)
    rows = _rows({*ticket_ids, *(child for some in children.values() for child in some)})

    def tell(ticket_id: int) -> Story | None:
        absorbed = {}
        for child in children.get(ticket_id, ()):
            merged = next((row.id for row in rows[child] if row.kind == "ticket.merged"), None)
            if merged and (other := tell(child)):
                absorbed[merged] = other
        return telling.tell(rows[ticket_id], absorbed)

    return [story for ticket_id in ticket_ids if (story := tell(ticket_id))]


def _absorbed(ticket_ids: Iterable[int]) -> dict[int, list[int]]:
    """The tickets that were merged into these, and into those in turn."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    level = list(ticket_ids)
    while level:
        merged = list(Ticket.objects.filter(merged_into__in=level).only("pk", "merged_into"))
        for child in merged:
            children[child.merged_into_id or 0].append(child.pk)
        level = [child.pk for child in merged]
    return children


def _rows(ticket_ids: Collection[int]) -> dict[int, list[Row]]:
    """The numbered events of each ticket, in order."""
    rows: defaultdict[int, list[Row]] = defaultdict(list)
    events = Event.objects.filter(
        ticket_id__in=ticket_ids, kind__in=telling.KINDS, seq__isnull=False
    ).order_by("id")
    for values in events.values_list(*Row._fields):
        row = Row._make(values)
        rows[row.ticket_id].append(row)
    return rows


def _verdict(clock: Target) -> Verdict | None:
    """Kept, or broken from the moment it broke on; None while that is open, or was given up."""
    if clock.breached_at is not None:
        return Verdict(clock.metric, clock.started_at, clock.breached_at, kept=False)
    if clock.state == Target.State.MET and clock.met_at is not None:
        return Verdict(clock.metric, clock.started_at, clock.met_at, kept=True)
    return None


def _fact(
    story: Story, places: Places, verdicts: list[Verdict], *, repeated: bool, is_test: bool
) -> TicketFact:
    place = places.of(story)
    took = counting.durations(story, place)
    excluded = bool(story.spam or story.merged_into or is_test or story.contact is None)
    counted = (
        [] if excluded else list(counting.cells(story, place, took, verdicts, repeated=repeated))
    )
    return TicketFact(
        ticket_id=story.ticket,
        shop_id=story.shop,
        channel_id=story.channel,
        team_id=story.team,
        agent_id=story.agent,
        reason_id=story.reason,
        customer_id=story.customer,
        follows_id=story.follows,
        excluded=excluded,
        contact_at=story.contact.at if story.contact else None,
        frt_seconds=took.frt.calendar if took.frt else None,
        frt_business_seconds=took.frt.business if took.frt else None,
        frt_total_seconds=took.frt_total.calendar if took.frt_total else None,
        art_seconds=took.art.calendar if took.art else None,
        art_business_seconds=took.art.business if took.art else None,
        first_solved_at=story.solves[0].at.at if story.solves else None,
        solved_at=story.solved.at.at if story.solved else None,
        auto_solved=bool(story.solves) and story.solves[-1].automatic,
        reopened=story.reopened,
        fcr=counting.fcr(story, place),
        repeated=repeated,
        cells=counting.packed(counted),
        days=_span(counted),
    )


def _span(counted: list[Cell]) -> DateRange | None:
    days = [cell.day for cell in counted]
    return DateRange(min(days), max(days) + timedelta(days=1)) if days else None


def _note_repeats(before: dict[int, TicketFact], after: dict[int, TicketFact]) -> None:
    """Mark the facts whose customer came with the same issue again; adds them to both sides.

    A new ticket speaks of the older ones of its customer, so those may change with it.
    """
    for fact in _changed_repeats([*before.values(), *after.values()]):
        if fact.pk not in after:
            before[fact.pk] = TicketFact.objects.get(pk=fact.pk)
            after[fact.pk] = fact
        mine = after[fact.pk]
        mine.repeated = not fact.repeated
        mine.cells = [
            [*cell[:5], int(bool(mine.fcr) and not mine.repeated), *cell[6:]]
            if cell[0] == "fcr"
            else cell
            for cell in mine.cells
        ]
        mine.save(update_fields=["repeated", "cells"])


def _changed_repeats(facts: Collection[TicketFact]) -> list[TicketFact]:
    """Facts of the same customers, near enough in time, that are marked wrongly by now."""
    begun = [fact.contact_at for fact in facts if fact.contact_at]
    if not begun:
        return []
    again = (
        TicketFact.objects.filter(
            excluded=False,
            customer_id=OuterRef("customer_id"),
            contact_at__gt=OuterRef("first_solved_at"),
            contact_at__lte=OuterRef("first_solved_at") + telling.WINDOW,
        )
        .filter(Q(follows_id=OuterRef("ticket_id")) | Q(reason_id=OuterRef("reason_id")))
        .exclude(ticket_id=OuterRef("ticket_id"))
    )
    near = TicketFact.objects.filter(
        Q(ticket_id__in={fact.ticket_id for fact in facts})
        | Q(
            customer_id__in={fact.customer_id for fact in facts if fact.customer_id},
            first_solved_at__gte=min(begun) - telling.WINDOW,
            first_solved_at__lte=max(begun),
        )
    )
    return list(near.annotate(now=Exists(again)).exclude(repeated=F("now")))
