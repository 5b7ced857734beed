"""The clocks of a ticket follow its events."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from history.models import Event
from history.recording import Actor
from tests.factories import make_channel, make_incoming
from tickets import changing, replying
from tickets.models import Calendar, CalendarVersion, Target, Ticket
from tickets.receiving import receive
from tickets.sla import timer

pytestmark = pytest.mark.django_db

AGENT = Actor("agent", 1)
# A Monday, 9:00 in Warsaw.
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def clock(ticket: Ticket, metric: str) -> Target:
    return Target.objects.filter(ticket=ticket, metric=metric).latest("pk")


@pytest.fixture
def channel():
    return make_channel("messenger")


def written(channel, at, **fields):
    with time_machine.travel(at, tick=False):
        return receive(make_incoming(channel, occurred_at=at, **fields)).ticket


def test_answer_in_time_keeps_the_promise(channel):
    ticket = written(channel, MONDAY)
    assert clock(ticket, "first_response").due_at == MONDAY + timedelta(hours=4)

    with time_machine.travel(MONDAY + timedelta(hours=2), tick=False):
        replying.reply(ticket, replying.Draft("Już sprawdzam."), by=AGENT)

    assert clock(ticket, "first_response").state == Target.State.MET


def test_note_and_automatic_answer_keep_no_promise(channel):
    ticket = written(channel, MONDAY)

    with time_machine.travel(MONDAY + timedelta(hours=1), tick=False):
        replying.note(ticket, replying.Draft("Do sprawdzenia"), by=AGENT)
        replying.reply(ticket, replying.Draft("Potwierdzamy."), by=Actor("system"), automatic=True)

    ticket.refresh_from_db()
    assert clock(ticket, "first_response").state == Target.State.RUNNING
    assert ticket.first_response_at is None


def test_late_answer_is_a_broken_promise_noted_once(channel):
    ticket = written(channel, MONDAY)

    with time_machine.travel(MONDAY + timedelta(hours=5), tick=False):
        assert timer.run_due() == 1
        assert timer.run_due() == 0
        replying.reply(ticket, replying.Draft("Przepraszamy."), by=AGENT)

    target = clock(ticket, "first_response")
    assert (target.state, target.breached_at) == (Target.State.BREACHED, target.due_at)
    assert Event.objects.filter(kind="sla.breached").count() == 1


def test_waiting_for_the_customer_stops_the_clock(channel):
    ticket = written(channel, MONDAY)
    due = clock(ticket, "resolution").due_at
    with time_machine.travel(MONDAY + timedelta(hours=1), tick=False):
        changing.set_status(ticket, Ticket.Status.PENDING, by=AGENT)
    assert clock(ticket, "resolution").state == Target.State.PAUSED

    written(channel, MONDAY + timedelta(hours=3))

    target = clock(ticket, "resolution")
    assert target.state == Target.State.RUNNING
    assert target.due_at == due + timedelta(hours=2)


def test_next_question_starts_the_next_clock(channel):
    ticket = written(channel, MONDAY)
    with time_machine.travel(MONDAY + timedelta(hours=1), tick=False):
        replying.reply(ticket, replying.Draft("Proszę o numer."), by=AGENT)

    written(channel, MONDAY + timedelta(hours=2))
    written(channel, MONDAY + timedelta(hours=3))

    target = Target.objects.get(ticket=ticket, metric=Target.Metric.NEXT_RESPONSE)
    assert target.started_at == MONDAY + timedelta(hours=2)


def test_reply_that_is_taken_back_keeps_no_promise():
    channel = make_channel()
    ticket = written(channel, MONDAY)
    with time_machine.travel(MONDAY + timedelta(hours=1), tick=False):
        message = replying.reply(
            ticket, replying.Draft("Pomyłka"), by=AGENT, then=Ticket.Status.SOLVED
        )
        replying.take_back(message, by=AGENT)

    ticket.refresh_from_db()
    assert (ticket.status, ticket.first_response_at) == (Ticket.Status.NEW, None)
    assert ticket.waiting_since == MONDAY
    states = set(ticket.targets.values_list("state", flat=True))
    assert states == {Target.State.RUNNING}


def test_calendar_that_never_opens_promises_nothing_and_loses_nothing(channel):
    calendar = Calendar.objects.get(is_default=True)
    CalendarVersion.objects.create(calendar=calendar, week=[[]] * 7)

    ticket = written(channel, MONDAY)

    assert ticket.messages.count() == 1
    assert not ticket.targets.exists()


def test_spam_ends_every_clock(channel):
    ticket = written(channel, MONDAY)

    changing.set_spam(ticket, True, by=AGENT)

    assert set(ticket.targets.values_list("state", flat=True)) == {Target.State.ENDED}


def test_clocks_run_on_when_it_was_no_spam(channel):
    ticket = written(channel, MONDAY)
    before = list(ticket.targets.order_by("pk").values("state", "due_at"))
    changing.set_spam(ticket, True, by=AGENT)

    changing.set_spam(ticket, False, by=AGENT)

    assert list(ticket.targets.order_by("pk").values("state", "due_at")) == before


def test_clock_that_stood_still_before_the_spam_stands_still_after_it(channel):
    ticket = written(channel, MONDAY)
    replying.reply(ticket, replying.Draft("Proszę o numer."), by=AGENT)
    changing.set_status(ticket, Ticket.Status.PENDING, by=AGENT)
    for spam in (True, False):
        changing.set_spam(ticket, spam, by=AGENT)

    assert clock(ticket, "resolution").state == Target.State.PAUSED
    assert clock(ticket, "first_response").met_at is not None
