"""Which promise holds for which ticket, in which time, and what a change of it moves."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from history.recording import Actor
from tests.factories import make_channel, make_incoming, make_shop
from tests.tickets.sla.conftest import MONDAY, promise
from tickets import changing, replying
from tickets.models import Calendar, Policy, Reason, Target, Ticket
from tickets.receiving import receive
from tickets.sla import calendars, current, moving, policies

pytestmark = pytest.mark.django_db

AGENT = Actor("agent", 1)
HOUR = timedelta(hours=1)


def written(channel: Any, at: Any = MONDAY, **fields: Any) -> Ticket:
    with time_machine.travel(at, tick=False):
        return receive(make_incoming(channel, occurred_at=at, **fields)).ticket


def clock(ticket: Ticket, metric: str = "first_response") -> Target:
    return Target.objects.filter(ticket=ticket, metric=metric).latest("pk")


@pytest.fixture
def channel():
    return make_channel("messenger")


@pytest.mark.parametrize("what", ["channel_kinds", "channels", "shops"])
def test_first_policy_that_fits_holds(make_policy, channel, what):
    fitting = {"channel_kinds": "messenger", "channels": channel.pk, "shops": channel.shop_id}
    make_policy("Inny sklep", conditions={"shops": [make_shop().pk]}, first_response_minutes=5)
    make_policy("Ten", conditions={what: [fitting[what]]}, first_response_minutes=15)
    make_policy("Za późno", conditions={what: [fitting[what]]}, first_response_minutes=30)

    assert clock(written(channel)).due_at == MONDAY + timedelta(minutes=15)
    assert clock(written(make_channel())).due_at == MONDAY + 4 * HOUR


def test_order_of_policies_can_be_changed(make_policy, channel):
    make_policy("A", first_response_minutes=15)
    second = make_policy("B", first_response_minutes=30)

    policies.move(second, up=True)

    assert clock(written(channel)).due_at == MONDAY + timedelta(minutes=30)


def test_policy_that_is_off_holds_for_nobody_and_the_standard_one_stays(make_policy, channel):
    policy = make_policy(first_response_minutes=15)
    policies.switch(policy, active=False)

    assert clock(written(channel)).due_at == MONDAY + 4 * HOUR
    with pytest.raises(policies.StandardPolicy):
        policies.switch(Policy.objects.get(is_default=True), active=False)


def test_vip_priority_and_reason_change_the_running_clocks_only(make_policy, channel):
    reason = Reason.objects.create(slug="reklamacja", name="Reklamacja")
    make_policy("Pilne", conditions={"priorities": ["urgent"]}, first_response_minutes=60)
    make_policy("Reklamacje", conditions={"reasons": [reason.pk]}, resolution_minutes=480)
    ticket = written(channel)

    with time_machine.travel(MONDAY + HOUR / 2, tick=False):
        changing.set_priority(ticket, Ticket.Priority.URGENT, by=AGENT)
        assert clock(ticket).due_at == MONDAY + HOUR
        replying.reply(ticket, replying.Draft("Już."), by=AGENT)
        changing.set_priority(ticket, Ticket.Priority.NORMAL, by=AGENT)
        changing.set_reason(ticket, reason, by=AGENT)

    assert clock(ticket).due_at == MONDAY + HOUR  # met already
    # Seven hours are left on Monday: the eighth ends on Tuesday.
    assert clock(ticket, "resolution").due_at == MONDAY + timedelta(days=1)


def test_vip_customers_have_their_own_promise(make_policy, channel):
    make_policy("VIP", conditions={"vip": True}, first_response_minutes=10)
    ticket = written(channel)
    ticket.customer.vip = True
    ticket.customer.save(update_fields=["vip"])
    with time_machine.travel(MONDAY, tick=False):
        replying.reply(ticket, replying.Draft("Tak."), by=AGENT)

    again = written(channel, MONDAY + HOUR)

    assert clock(again, "next_response").policy.policy.name == "VIP"


def test_minutes_count_by_the_calendar_or_day_and_night(make_policy, channel):
    make_policy(first_response_minutes=600, round_the_clock=True)
    night = MONDAY + timedelta(hours=13)

    assert clock(written(channel, night)).due_at == night + 10 * HOUR


def test_clock_stands_still_in_the_statuses_of_its_policy(change_standard, channel):
    change_standard(pauses=["on_hold"])
    ticket = written(channel)
    due = clock(ticket, "resolution").due_at
    with time_machine.travel(MONDAY + HOUR, tick=False):
        changing.set_status(ticket, Ticket.Status.PENDING, by=AGENT)
    assert clock(ticket, "resolution").state == Target.State.RUNNING
    with time_machine.travel(MONDAY + 2 * HOUR, tick=False):
        changing.set_status(ticket, Ticket.Status.ON_HOLD, by=AGENT)
    with time_machine.travel(MONDAY + 5 * HOUR, tick=False):
        changing.set_status(ticket, Ticket.Status.OPEN, by=AGENT)

    assert clock(ticket, "resolution").due_at == due + 3 * HOUR


def test_reopened_ticket_gets_no_second_chance(channel):
    ticket = written(channel)
    with time_machine.travel(MONDAY + HOUR, tick=False):
        replying.reply(ticket, replying.Draft("Gotowe."), by=AGENT, then=Ticket.Status.SOLVED)
    due = clock(ticket, "resolution").due_at

    written(channel, MONDAY + 3 * HOUR)

    target = clock(ticket, "resolution")
    assert (target.state, target.met_at) == (Target.State.RUNNING, None)
    assert target.due_at == due + 2 * HOUR
    assert ticket.targets.filter(metric="resolution").count() == 1


def test_reopened_ticket_is_promised_anew_where_the_policy_says_so(change_standard, channel):
    change_standard(restarts=True, resolution_minutes=120)
    ticket = written(channel)
    with time_machine.travel(MONDAY + HOUR, tick=False):
        replying.reply(ticket, replying.Draft("Gotowe."), by=AGENT, then=Ticket.Status.SOLVED)

    written(channel, MONDAY + 3 * HOUR)

    states = list(ticket.targets.filter(metric="resolution").order_by("pk").values_list("state"))
    assert states == [("met",), ("running",)]
    assert clock(ticket, "resolution").due_at == MONDAY + 5 * HOUR


def test_change_of_a_policy_moves_running_clocks_and_no_past_figure(change_standard, channel):
    past, running = written(channel, sender="a"), written(channel, sender="b")
    with time_machine.travel(MONDAY + HOUR, tick=False):
        replying.reply(past, replying.Draft("Już."), by=AGENT)
        change_standard(first_response_minutes=120)
        assert moving.move_all() == 3  # and the two promises to solve, that stay where they are

        assert clock(past).due_at == MONDAY + 4 * HOUR
        assert clock(running).due_at == MONDAY + 2 * HOUR
        assert moving.move_all() == 0


def test_promise_that_is_taken_out_ends_the_running_clock(change_standard, channel):
    ticket = written(channel)
    with time_machine.travel(MONDAY + HOUR, tick=False):
        change_standard(first_response_minutes=None)
        moving.move_all()

    assert clock(ticket).state == Target.State.ENDED


def test_change_of_a_calendar_moves_running_clocks(channel):
    ticket = written(channel)
    calendar = Calendar.objects.get(is_default=True)
    hours = calendars.Hours.of(calendars.newest(calendar))
    tuesday = (MONDAY + timedelta(days=1)).date().isoformat()
    closed = calendars.Hours(hours.timezone, hours.holidays, hours.week, {tuesday: []})

    with time_machine.travel(MONDAY + HOUR, tick=False):
        calendars.change(calendar, calendar.name, closed)
        moving.move_all()

    # 7 h on Monday, 8 on Wednesday, Thursday, and one on Friday.
    assert clock(ticket, "resolution").due_at == MONDAY + timedelta(days=4)
    assert clock(ticket).due_at == MONDAY + 4 * HOUR


def test_message_costs_no_query_for_policies(channel, django_assert_num_queries):
    written(channel)
    current.promises()

    with django_assert_num_queries(0):
        current.promises().terms(Ticket(channel=channel))


def test_same_promise_again_makes_no_version():
    policy = Policy.objects.get(is_default=True)
    policies.change(policy, policy.name, policies.Promise.of(policies.newest(policy)))
    policies.change(policy, "Nowa nazwa", promise())

    assert policy.versions.count() == 1
