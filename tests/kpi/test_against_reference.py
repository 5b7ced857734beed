"""Random histories: read piece by piece, from nothing, and by the slow reference; all alike."""

import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm.models import Customer
from history.models import Event, ReaderPosition
from history.readers import Reader, read
from kpi import reading, rebuilding, sketch
from kpi.models import DailyRollup, TicketFact
from kpi.refreshing import TEST_TAG
from tests import factories
from tests.kpi import reference
from tests.kpi.events import Teller, make_row
from tickets.models import Tag, Ticket
from tickets.sla import calendars
from tickets.sla.calendars import Hours

# Each stands near something: both changes of the clocks, Easter, Christmas Eve, a new year.
STARTS = [
    datetime(2026, 10, 24, 12, tzinfo=UTC),
    datetime(2026, 3, 28, 9, tzinfo=UTC),
    datetime(2026, 4, 2, 14, tzinfo=UTC),
    datetime(2026, 12, 23, 13, tzinfo=UTC),
    datetime(2026, 12, 31, 21, 30, tzinfo=UTC),
    datetime(2024, 12, 23, 14, tzinfo=UTC),
]
STEPS = [
    *["customer", "customer", "agent 1", "agent 2", "key", "thanks", "late", "machine", "ack"],
    *["bot", "note", "pending", "on_hold", "open", "solve", "solve", "solve by time", "close"],
    *["assign 1", "assign 2", "unassign", "reason 1", "reason 2", "spam", "no spam", "hand over"],
    *["merge", "test", "no test", "follow", "customer 2", "taken back", "taken back solved"],
]
GAPS = [0, 1, 40, 600, 1500, 3_700, 5 * 3_600, 17 * 3_600, 3 * 86_400, 6 * 86_400, 9 * 86_400]

histories = st.lists(
    st.tuples(
        st.sampled_from(STARTS),
        st.integers(0, 3 * 86_400),
        st.integers(0, 3),
        st.sampled_from(["customer", "customer", "customer", "agent 1", "machine"]),
        st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from(GAPS)), max_size=14),
    ),
    min_size=1,
    max_size=9,
)


@pytest.fixture
def world(db):
    office = [[["08:00", "16:00"]]] * 5 + [[], []]
    calendar = calendars.create("Biuro", Hours("Europe/Warsaw", "PL", office, {}))
    calendars.make_default(calendar)
    warsaw, azores = factories.make_shop(), factories.make_shop(timezone="Atlantic/Azores")
    return {
        "channels": [
            factories.make_channel("email", shop=warsaw),
            factories.make_channel("chat", shop=warsaw),
            factories.make_channel("email", shop=azores),
            factories.make_channel("chat", shop=azores),
        ],
        "customers": [Customer.objects.create(name=name) for name in ("Anna", "Jan")],
        "test_tag": Tag.objects.create(slug=TEST_TAG, name="test").pk,
    }


@settings(
    max_examples=40,
    deadline=None,
    # A whole history is read in words as it is, and shrinking one takes minutes.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(histories, st.integers(1, 40))
def test_every_figure_is_the_reference_s(world, history, batch):
    with transaction.atomic():
        tellers, merged = tell(world, history)
        events = in_order(tellers)
        third = len(events) // 3 + 1
        for start in range(0, len(events), third):
            piece = events[start : start + third]
            Event.objects.bulk_create(piece)
            for event in piece:
                if event.kind == "ticket.merged":
                    Ticket.objects.filter(pk=event.ticket_id).update(
                        merged_into=event.data["other"]
                    )
            read(Reader(reading.READER, reading.handle, batch))

        check(world, events, merged)
        figures = everything()
        rebuilding.rebuild()
        assert everything() == figures
        transaction.set_rollback(True)


def tell(world, history):
    tellers: list[Teller] = []
    merged: dict[int, int] = {}
    for number, (start, later, place, first, steps) in enumerate(history):
        channel, customer = world["channels"][place], world["customers"][number % 2]
        at = start + timedelta(seconds=later)
        teller = Teller(make_row(channel, customer, at))
        teller.created(at)
        do(world, teller, first, at, tellers, merged)
        for step, gap in steps:
            at += timedelta(seconds=gap)
            do(world, teller, step, at, tellers, merged)
        tellers.append(teller)
    return tellers, merged


def do(world, teller, step, at, others, merged):
    ended = teller.ticket.pk in merged
    closed = teller.status == "closed"
    if ended or (closed and step not in ("spam", "no spam", "reason 1", "test")):
        return
    match step.split():
        case ["customer"]:
            teller.customer_writes(at)
        case ["thanks"]:
            teller.customer_writes(at, thanks=True)
        case ["late"]:
            teller.customer_writes(at, received_at=at - timedelta(minutes=7))
        case ["machine"]:
            teller.machine_writes(at)
        case ["ack"]:
            teller.acknowledged(at)
        case ["agent", number]:
            teller.answered(at, int(number))
        case ["key"]:
            teller.answered(at, 77, kind="key")
        case ["bot"]:
            teller.answered(at, 5, kind="bot")
        case ["note"]:
            teller.event("message.noted", at, actor=("agent", 1))
        case ["solve", *by]:
            teller.status_is(at, "solved", actor=("system", None) if by else ("agent", 1))
        case ["close"]:
            teller.status_is(at, "closed")
        case [("pending" | "on_hold" | "open") as status]:
            teller.status_is(at, status)
        case ["assign", number]:
            teller.assigned(at, int(number))
        case ["unassign"]:
            teller.assigned(at, None)
        case ["reason", number]:
            teller.event("ticket.reason_changed", at, old=None, new=int(number))
        case ["spam"]:
            teller.event("ticket.spam_changed", at, old=False, new=True)
        case ["no", "spam"]:
            teller.event("ticket.spam_changed", at, old=True, new=False)
        case ["hand", "over"]:
            teller.event("ticket.handed_over", at)
        case ["test"]:
            teller.event("ticket.tags_changed", at, added=[world["test_tag"]], removed=[])
        case ["no", "test"]:
            teller.event("ticket.tags_changed", at, added=[], removed=[world["test_tag"]])
        case ["customer", number]:
            teller.customer = world["customers"][int(number) - 1].pk
            teller.event("ticket.customer_changed", at, old=None, new=teller.customer)
        case ["follow"] if others:
            other = others[-1].ticket.pk
            teller.event("ticket.linked", at, other=other, link="follow_up")
        case ["merge"] if others and others[-1].ticket.pk not in merged:
            other = others[-1]
            merged[teller.ticket.pk] = other.ticket.pk
            teller.event("ticket.merged", at, other=other.ticket.pk)
        case ["taken", "back", *solved]:
            take_back(teller, at, solved=bool(solved))


def take_back(teller, at, *, solved):
    before = teller.status
    message = teller.answered(at, 1)
    if solved:
        teller.status_is(at, "solved")
    teller.event("message.cancelled", at, message=message, sent_at=at.isoformat())
    teller.status_is(at, before)


def in_order(tellers):
    """All events by time, as the log would hold them."""
    events = sorted((e for teller in tellers for e in teller.events), key=lambda e: e.at)
    first = max(Event.objects.order_by("-pk").values_list("pk", flat=True)[:1], default=0) + 1
    for number, event in enumerate(events, start=first):
        event.pk, event.seq = number, number
    ReaderPosition.objects.update_or_create(reader=reading.READER, defaults={"seq": 0})
    return events


def check(world, events, merged):
    channels = world["channels"]
    shops = {
        channel.shop_id: reference.Shop(
            ZoneInfo(channel.shop.timezone),
            {c.pk for c in channels if c.kind == "chat" and c.shop_id == channel.shop_id},
        )
        for channel in channels
    }
    company = reference.Company(events, merged, shops, world["test_tag"])
    expected = company.values()
    assert held(DailyRollup.Level.FULL) == summed(expected)
    check_levels()
    check_quantiles(expected)
    check_backlog(company, shops)


def held(level, *, is_month=False):
    rows = DailyRollup.objects.filter(level=level, is_month=is_month).exclude(metric="backlog")
    return {
        (
            row.metric,
            row.day,
            row.shop_id,
            row.channel_id,
            row.team_id,
            row.agent_id,
            row.reason_id,
        ): (row.count, row.sum)
        for row in rows
    }


def summed(values):
    sums: defaultdict[tuple[Any, ...], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for value in values:
        count, total = sums[value[:7]]
        sums[value[:7]] = count + value.number, total + value.value
    return dict(sums)


KEPT = {
    DailyRollup.Level.TOTAL: (),
    DailyRollup.Level.CHANNEL: (2, 3),
    DailyRollup.Level.REASON: (2, 3, 6),
    DailyRollup.Level.PERSON: (2, 3, 4, 5),
}


def check_levels():
    """Each level is the sum of the finest one, by days and by months."""
    full = held(DailyRollup.Level.FULL)
    for level, kept in KEPT.items():
        for is_month in (False, True):
            sums: defaultdict[tuple[Any, ...], tuple[int, int]] = defaultdict(lambda: (0, 0))
            for key, (count, total) in full.items():
                day = key[1].replace(day=1) if is_month else key[1]
                place = (
                    key[0],
                    day,
                    *(key[n] if n in kept else 0 for n in range(2, 7)),
                )
                sums[place] = sums[place][0] + count, sums[place][1] + total
            assert held(level, is_month=is_month) == dict(sums)


def check_quantiles(expected):
    """Median and 90th percentile of all first responses, within the sketch's error."""
    for metric in ("frt", "frt_business", "nrt", "art_business"):
        values = sorted(value.value for value in expected if value.metric == metric)
        counts: defaultdict[int, int] = defaultdict(int)
        rows = DailyRollup.objects.filter(level=DailyRollup.Level.TOTAL, is_month=True)
        for row in rows.filter(metric=metric):
            for key, number in row.sketch.items():
                counts[int(key)] += number
        assert sum(counts.values()) == len(values)
        for share in (0.5, 0.9):
            if values:
                exact = values[max(1, math.ceil(share * len(values))) - 1]
                found = sketch.quantile(counts, share)
                assert found == pytest.approx(exact, rel=sketch.ERROR + 1e-9, abs=0.5)


def check_backlog(company, shops):
    """The flow of all days up to one is what was open at its end, by the shop's clock."""
    for shop_id, shop in shops.items():
        rows = DailyRollup.objects.filter(
            level=DailyRollup.Level.CHANNEL, is_month=False, metric="backlog", shop_id=shop_id
        )
        for day in {row.day for row in rows}:
            end = datetime.combine(day + timedelta(days=1), datetime.min.time(), shop.zone)
            flow = sum(row.count for row in rows if row.day <= day)
            assert flow == company.backlog(end.astimezone(UTC), shop_id)


def everything():
    """All rows as they are, for comparing."""
    facts = [
        {key: str(value) for key, value in row.items()}
        for row in TicketFact.objects.order_by("pk").values()
    ]
    rollups = sorted(
        str({key: value for key, value in sorted(row.items()) if key not in ("id", "sketch")})
        + str(sorted(row["sketch"].items()))
        for row in DailyRollup.objects.values()
    )
    return facts, rollups
