"""Warnings, breaches and escalation: each once, whoever runs the timer, however often."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.models import Team
from history.models import Event
from history.recording import Actor
from tests.factories import make_channel, make_incoming, make_team, make_ticket, make_user
from tests.tickets.sla.conftest import MONDAY
from tickets import changing, replying
from tickets.models import FiredStep, Target, Ticket
from tickets.receiving import receive
from tickets.sla import timer
from tickets.sla.models import Step

AGENT = Actor("agent", 1)
HOUR = timedelta(hours=1)


def written(channel):
    with time_machine.travel(MONDAY, tick=False):
        return receive(make_incoming(channel, occurred_at=MONDAY)).ticket


def at(moment):
    with time_machine.travel(moment, tick=False):
        return timer.run_due()


def kinds(*wanted):
    events = Event.objects.filter(
        kind__in=wanted or ["sla.warned", "sla.breached", "sla.escalated"]
    )
    return [(event.kind, event.data.get("share")) for event in events.order_by("pk")]


@pytest.mark.django_db
def test_warning_breach_and_escalation_come_in_their_time(change_standard):
    Team.objects.default().members.add(make_user("supervisor"))
    change_standard(
        next_response_minutes=None,
        resolution_minutes=None,
        steps=(Step(75, "notify"), Step(100, "priority", "urgent"), Step(150, "supervisors")),
    )
    ticket = written(make_channel("messenger"))

    assert at(MONDAY + 3 * HOUR - timedelta(seconds=1)) == 0
    assert at(MONDAY + 3 * HOUR) == 1
    assert at(MONDAY + 3 * HOUR) == 0
    assert kinds() == [("sla.warned", 75)]
    at(MONDAY + 4 * HOUR)
    at(MONDAY + 6 * HOUR)
    at(MONDAY + 60 * HOUR)

    assert kinds() == [
        ("sla.warned", 75),
        ("sla.breached", None),
        ("sla.escalated", 100),
        ("sla.escalated", 150),
    ]
    ticket.refresh_from_db()
    assert ticket.priority == Ticket.Priority.URGENT
    assert len(kinds("ticket.alerted")) == 2
    target = Target.objects.get()
    assert target.warned_at == MONDAY + 3 * HOUR
    assert target.next_at is None


@pytest.mark.django_db
def test_timer_that_slept_does_everything_late_and_once(change_standard):
    change_standard(
        resolution_minutes=None, steps=(Step(50, "notify"), Step(75, "notify"), Step(200, "notify"))
    )
    written(make_channel("messenger"))

    assert at(MONDAY + timedelta(days=7)) == 1
    assert at(MONDAY + timedelta(days=8)) == 0

    assert FiredStep.objects.count() == 3
    assert len(kinds()) == 4


@pytest.mark.django_db
def test_step_moves_with_the_pause_and_does_not_fire_again(change_standard):
    change_standard(resolution_minutes=None, steps=(Step(25, "notify"), Step(75, "notify")))
    ticket = written(make_channel("messenger"))
    at(MONDAY + HOUR)
    with time_machine.travel(MONDAY + 2 * HOUR, tick=False):
        changing.set_status(ticket, Ticket.Status.ON_HOLD, by=AGENT)
    assert at(MONDAY + 5 * HOUR) == 0
    with time_machine.travel(MONDAY + 5 * HOUR, tick=False):
        changing.set_status(ticket, Ticket.Status.OPEN, by=AGENT)

    at(MONDAY + 5 * HOUR)
    assert kinds() == [("sla.warned", 25)]
    at(MONDAY + 6 * HOUR)
    assert kinds() == [("sla.warned", 25), ("sla.warned", 75)]


@pytest.mark.django_db
def test_answer_before_the_warning_leaves_nothing_to_do(change_standard):
    change_standard(resolution_minutes=None, steps=(Step(75, "notify"),))
    ticket = written(make_channel("messenger"))
    with time_machine.travel(MONDAY + HOUR, tick=False):
        replying.reply(ticket, replying.Draft("Już."), by=AGENT)

    assert at(MONDAY + timedelta(days=9)) == 0


@pytest.mark.django_db
def test_late_answer_that_came_before_the_timer_is_in_the_history():
    ticket = written(make_channel("messenger"))

    with time_machine.travel(MONDAY + 5 * HOUR, tick=False):
        replying.reply(ticket, replying.Draft("Przepraszamy."), by=AGENT)

    assert kinds() == [("sla.breached", None)]


@pytest.mark.django_db
def test_breach_takes_the_ticket_from_who_let_it_lie(change_standard):
    other = make_team()
    change_standard(
        resolution_minutes=None, steps=(Step(100, "unassign"), Step(200, "team", str(other.pk)))
    )
    ticket = written(make_channel("messenger"))
    changing.assign(ticket, make_user(), by=AGENT)

    at(MONDAY + 4 * HOUR)
    ticket.refresh_from_db()
    assert ticket.assignee is None
    at(MONDAY + timedelta(days=1, hours=1))
    ticket.refresh_from_db()
    assert ticket.team == other


@pytest.mark.django_db
def test_step_for_a_team_that_is_gone_is_left_out(change_standard):
    change_standard(resolution_minutes=None, steps=(Step(100, "team", "0"), Step(100, "notify")))
    written(make_channel("messenger"))

    at(MONDAY + 4 * HOUR)

    assert FiredStep.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_timers_at_once_fire_each_step_once_and_pass_a_locked_ticket(change_standard):
    change_standard(resolution_minutes=None, steps=(Step(50, "notify"),))
    channel = make_channel()
    tickets = [make_ticket(channel) for _number in range(12)]
    Target.objects.update(
        due_at=timezone.now() - HOUR, next_at=timezone.now() - HOUR, started_at=MONDAY
    )
    start, errors = threading.Barrier(3), []

    def run() -> None:
        try:
            start.wait(timeout=20)
            for _round in range(4):
                timer.fire_due(3)
        except Exception as e:
            errors.append(e)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    timer.run_due()

    assert errors == []
    assert FiredStep.objects.count() == len(tickets)
    assert len(kinds("sla.breached")) == len(tickets)
    assert not Target.objects.filter(next_at__lte=timezone.now()).exists()


@pytest.mark.django_db
def test_queries_do_not_grow_with_the_clocks(django_assert_num_queries):
    channel, past = make_channel(), timezone.now() - HOUR
    current = Target.objects.filter(metric="first_response", breached_at=None)
    for count in (3, 20):
        for _number in range(count):
            make_ticket(channel)
        current.update(next_at=past, due_at=past)

        # Savepoint, due, fired, events, version of the tickets, clocks, savepoint.
        with django_assert_num_queries(7):
            assert timer.fire_due(500) == count
