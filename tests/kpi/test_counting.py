"""The figures of what really happens to tickets: the verbs, the log, its reader."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from crm import merging
from history.recording import Actor
from kpi.models import DailyRollup, TicketFact
from tests import factories
from tests.kpi.conftest import MORNING, answer, count, total
from tickets import changing, receiving, replying, thanks
from tickets import merging as splitting
from tickets.incoming import Context, Threading
from tickets.models import Ticket
from tickets.replying import Draft
from tickets.sla import calendars, current, timer
from tickets.sla.calendars import Hours
from tickets.sla.models import PolicyVersion


def test_automatic_answer_is_no_first_response(clock, channel):
    user, ticket = factories.make_user(), factories.make_ticket(channel)
    clock.shift(timedelta(seconds=1))
    replying.reply(ticket, Draft("Mamy to."), by=Actor("system"), automatic=True)
    clock.shift(timedelta(hours=5))
    answer(ticket, user)
    count()

    fact = TicketFact.objects.get(ticket_id=ticket.pk)
    assert fact.frt_seconds == 5 * 3600 + 1
    assert total("frt") == (1, 5 * 3600 + 1)


def test_answer_that_was_taken_back_was_never_given(clock, channel):
    user, ticket = factories.make_user(), factories.make_ticket(channel)
    clock.shift(timedelta(hours=1))
    message = answer(ticket, user, then=Ticket.Status.SOLVED)
    replying.take_back(message, by=Actor("agent", user.pk))
    count()

    assert total("frt") == (0, 0)
    assert TicketFact.objects.get(ticket_id=ticket.pk).first_solved_at is None


def test_spam_leaves_all_figures_and_may_come_back(clock, channel):
    user, ticket = factories.make_user(), factories.make_ticket(channel)
    clock.shift(timedelta(hours=1))
    answer(ticket, user, then=Ticket.Status.SOLVED)
    count()
    before = list(DailyRollup.objects.order_by("level", "metric", "day").values("metric", "sum"))
    assert total("contacts") == (1, 0)

    changing.set_spam(ticket, True, by=Actor("agent", user.pk))
    count()
    assert not DailyRollup.objects.exists()

    changing.set_spam(ticket, False, by=Actor("agent", user.pk))
    count()
    after = list(DailyRollup.objects.order_by("level", "metric", "day").values("metric", "sum"))
    assert after == before


def test_promises_count_when_they_are_kept_and_when_they_break(clock, channel):
    user = factories.make_user()
    kept, broken = factories.make_ticket(channel), factories.make_ticket(channel)
    clock.shift(timedelta(minutes=30))
    answer(kept, user)
    clock.move_to(MORNING + timedelta(days=20))
    timer.run_due()
    count()

    assert total("sla_first_response") == (2, 1)
    assert total("sla_resolution") == (2, 0)
    # A late answer changes no verdict.
    answer(broken, user)
    count()
    assert total("sla_first_response") == (2, 1)


def test_thanks_reopen_nothing(clock, channel):
    user, ticket = factories.make_user(), factories.make_ticket(channel)
    clock.shift(timedelta(hours=1))
    answer(ticket, user, then=Ticket.Status.SOLVED)
    solved_at = ticket.__class__.objects.get(pk=ticket.pk).solved_at
    clock.shift(timedelta(hours=2))
    sent = ticket.messages.latest("pk")
    sender = ticket.participants.get().identity.value
    receiving.receive(
        factories.make_incoming(
            channel,
            sender=sender,
            body_text="Dziękuję bardzo!",
            threading=Threading(message_ids=(sent.external_id,)),
        )
    )
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.OPEN
    changing.set_status(ticket, Ticket.Status.SOLVED, by=Actor("agent", user.pk))
    count()

    fact = TicketFact.objects.get(ticket_id=ticket.pk)
    assert (fact.solved_at, fact.reopened, fact.fcr) == (solved_at, False, True)


def test_hand_over_starts_the_wait_for_a_person(clock, channel):
    chat = factories.make_channel("messenger")
    user = factories.make_user()
    message = receiving.receive(factories.make_incoming(chat))
    clock.shift(timedelta(minutes=5))
    sender = factories.handle(chat)
    receiving.take(Context(chat.pk, sender, MORNING, {"owner": "us"}, waits=True))
    clock.shift(timedelta(minutes=2))
    answer(message.ticket, user)
    count()

    fact = TicketFact.objects.get(ticket_id=message.ticket_id)
    assert (fact.frt_seconds, fact.frt_total_seconds) == (120, 420)


def test_figures_survive_a_merge_of_customers_and_a_rebuild(clock, channel):
    user = factories.make_user()
    one, other = factories.make_ticket(channel), factories.make_ticket(channel)
    clock.shift(timedelta(hours=1))
    answer(one, user, then=Ticket.Status.SOLVED)
    count()
    figures = list(DailyRollup.objects.order_by("level", "is_month", "metric").values_list("sum"))

    merging.merge(kept=other.customer, absorbed=one.customer, user=user)
    count()
    call_command("rebuild_kpi", verbosity=0)

    assert figures == list(
        DailyRollup.objects.order_by("level", "is_month", "metric").values_list("sum")
    )


def test_ticket_without_hours_has_no_business_time(clock, channel):
    never = calendars.create("Nigdy", Hours("Europe/Warsaw", "PL", [[]] * 7, {}))
    channel.calendar = never
    channel.save()
    # Nothing is promised, so no clock says whose hours hold: the channel's do.
    PolicyVersion.objects.update(
        first_response_minutes=None, next_response_minutes=None, resolution_minutes=None
    )
    current.forget()
    user, ticket = factories.make_user(), factories.make_ticket(channel)
    clock.shift(timedelta(hours=1))
    answer(ticket, user)
    count()

    fact = TicketFact.objects.get(ticket_id=ticket.pk)
    assert (fact.frt_seconds, fact.frt_business_seconds) == (3600, None)
    assert total("frt_business") == (0, 0)


def test_late_mail_and_a_wrong_clock_count_from_the_receipt(clock, channel):
    user = factories.make_user()
    late = factories.make_ticket(channel, at=MORNING - timedelta(hours=9))
    near = factories.make_ticket(channel, at=MORNING - timedelta(minutes=4))
    ahead = factories.make_ticket(channel, at=MORNING + timedelta(hours=2))
    clock.shift(timedelta(minutes=10))
    for ticket in (late, near, ahead):
        answer(ticket, user)
    count()

    took = TicketFact.objects.order_by("ticket_id").values_list("frt_seconds", flat=True)
    assert list(took) == [600, 840, 600]


@pytest.mark.parametrize(
    "text",
    [
        "Dziękuję bardzo!",
        "Super, dzięki :)",
        "Dziękuję za pomoc, pozdrawiam\nAnna Kowalska",
        "Thanks!",
    ],
)
def test_thanks_alone_are_recognised(text):
    assert thanks.is_all(text)


@pytest.mark.parametrize(
    "text",
    [
        "Dziękuję, czekam na paczkę",
        "Dziękuję. A kiedy przyjdzie?",
        "Dziękuję, proszę o fakturę",
        "Dzięki, numer 5512",
        "Nie działa",
        "",
    ],
)
def test_what_says_more_than_thanks_wants_an_answer(text):
    assert not thanks.is_all(text)


def test_split_message_counts_from_when_it_was_written(clock, channel):
    user, ticket = factories.make_user(), factories.make_ticket(channel)
    clock.shift(timedelta(hours=1))
    answer(ticket, user)
    clock.shift(timedelta(hours=1))
    other = receiving.receive(
        factories.make_incoming(
            channel,
            sender=ticket.customer.identities.get().value,
            threading=Threading(refs=(ticket.ref,)),
        )
    )
    clock.shift(timedelta(hours=2))
    fresh = splitting.split(other, by=Actor("agent", user.pk))
    clock.shift(timedelta(hours=1))
    answer(fresh, user)
    count()

    assert TicketFact.objects.get(ticket_id=fresh.pk).frt_seconds == 3 * 3600
    assert total("contacts") == (2, 0)
    assert not ticket.targets.filter(state="running", metric="next_response").exists()
