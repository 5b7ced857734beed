"""How long a channel lets us answer: 24 hours anybody, 7 days a person where it is granted."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from history.recording import Actor
from tests.factories import make_channel, make_incoming, make_user
from tickets import changing, replying
from tickets.errors import AnsweredElsewhere, WindowClosed
from tickets.incoming import Context
from tickets.models import Ticket
from tickets.receiving import receive, take
from tickets.windows import reply_window

pytestmark = pytest.mark.django_db

LAST = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(hours=24)
WEEK = timedelta(days=7)


@pytest.fixture
def channel():
    return make_channel("messenger", settings={"human_agent": True})


@pytest.fixture
def ticket(channel):
    return receive(make_incoming(channel, occurred_at=LAST)).ticket


def may(ticket: Ticket, after: timedelta) -> tuple[bool, bool]:
    """Whether anybody may write, and whether a person may, this long after the last message."""
    with time_machine.travel(LAST + after, tick=False):
        window = reply_window(ticket, ticket.channel)
    return window.open, window.human


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(0), (True, True)),
        (DAY - SECOND, (True, True)),
        (DAY, (False, True)),
        (WEEK - SECOND, (False, True)),
        (WEEK, (False, False)),
    ],
)
def test_edges(ticket, after, expected):
    assert may(ticket, after) == expected


def test_end_of_each_window_is_told(ticket):
    with time_machine.travel(LAST + DAY - SECOND, tick=False):
        assert reply_window(ticket, ticket.channel).until == LAST + DAY
    with time_machine.travel(LAST + DAY, tick=False):
        assert reply_window(ticket, ticket.channel).until == LAST + WEEK


def test_without_the_providers_grant_everything_ends_after_a_day():
    channel = make_channel("messenger", settings={"human_agent": False})
    ticket = receive(make_incoming(channel, occurred_at=LAST)).ticket

    assert may(ticket, DAY - SECOND) == (True, True)
    assert may(ticket, DAY) == (False, False)


def test_message_into_another_ticket_of_the_channel_opens_the_window(ticket, channel):
    with time_machine.travel(LAST + WEEK):
        changing.set_status(ticket, Ticket.Status.CLOSED, by=Actor("system"))
    follow_up = receive(make_incoming(channel, occurred_at=LAST + WEEK)).ticket

    assert follow_up != ticket
    assert may(ticket, WEEK) == (True, True)


def test_message_on_another_channel_does_not(ticket):
    other = make_channel("chat")
    receive(make_incoming(other, occurred_at=LAST + DAY, ticket_id=ticket.pk))

    assert may(ticket, DAY) == (False, True)


def test_automation_is_refused_after_a_day_and_a_person_after_a_week(ticket):
    agent = make_user()
    by, draft = Actor("agent", agent.pk), replying.Draft("Odpowiedź")

    with time_machine.travel(LAST + DAY, tick=False):
        with pytest.raises(WindowClosed):
            replying.reply(ticket, draft, by=by, automatic=True)
        replying.reply(ticket, draft, by=by, user=agent)
    with time_machine.travel(LAST + WEEK, tick=False), pytest.raises(WindowClosed):
        replying.reply(ticket, draft, by=by, user=agent)


class TestAnsweredElsewhere:
    """The newer of two facts counts: the last message, and the last change of hands."""

    def handed(self, ticket: Ticket, *, ours: bool, after: timedelta, waits: bool = False) -> None:
        at = LAST + after
        person = make_incoming(ticket.channel).sender
        facts = {"conversation": {"ours": ours, "since": at.isoformat()}}
        take(Context(ticket.channel_id, person, at, facts, waits=waits))
        ticket.refresh_from_db()

    def test_after_another_app_took_it_nobody_may_write(self, ticket):
        self.handed(ticket, ours=False, after=SECOND)

        assert may(ticket, SECOND) == (False, False)
        with time_machine.travel(LAST + SECOND), pytest.raises(AnsweredElsewhere):
            replying.reply(ticket, replying.Draft("Odpowiedź"), by=Actor("agent"))

    def test_after_it_came_back_we_may_and_the_customer_waits(self, ticket):
        self.handed(ticket, ours=False, after=SECOND)
        Ticket.objects.update(waiting_since=None, status=Ticket.Status.PENDING)

        self.handed(ticket, ours=True, after=2 * SECOND, waits=True)

        assert may(ticket, 2 * SECOND) == (True, True)
        assert (ticket.status, ticket.waiting_since) == (Ticket.Status.OPEN, LAST + 2 * SECOND)

    def test_customers_next_message_to_us_shows_that_it_is_ours(self, ticket, channel):
        self.handed(ticket, ours=False, after=SECOND)
        receive(make_incoming(channel, occurred_at=LAST + 2 * SECOND))

        assert may(ticket, 2 * SECOND) == (True, True)

    def test_message_that_we_only_read_shows_that_it_is_not(self, ticket, channel):
        receive(
            make_incoming(channel, occurred_at=LAST + SECOND, context={"standby": True}),
        )

        assert may(ticket, SECOND) == (False, False)
