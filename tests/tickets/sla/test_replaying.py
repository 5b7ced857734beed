"""What the log says and what the tables say is the same, whatever happened to a ticket."""

import io
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from history.recording import Actor
from tests.factories import make_channel, make_incoming, make_ticket
from tests.tickets.sla.conftest import MONDAY
from tickets import changing, replying
from tickets.errors import BrokenRule
from tickets.models import Target, Ticket
from tickets.receiving import receive
from tickets.sla import current, replaying, timer
from tickets.sla.models import Policy, PolicyVersion

AGENT = Actor("agent", 1)

FIELDS = [
    "metric",
    "policy_id",
    "calendar_id",
    "state",
    "started_at",
    "due_at",
    "paused_at",
    "met_at",
    "breached_at",
]


def rows(ticket: Ticket) -> list[tuple[object, ...]]:
    return list(Target.objects.filter(ticket=ticket).order_by("pk").values_list(*FIELDS))


def write(ticket: Ticket) -> None:
    sender = ticket.participants.get().identity.value
    receive(make_incoming(ticket.channel, sender=sender))


def answer(ticket: Ticket) -> None:
    replying.reply(ticket, replying.Draft("Dzień dobry."), by=AGENT)


def answer_and_take_back(ticket: Ticket) -> None:
    replying.take_back(replying.reply(ticket, replying.Draft("Nie."), by=AGENT), by=AGENT)


def acknowledge(ticket: Ticket) -> None:
    replying.reply(ticket, replying.Draft("Mamy to."), by=AGENT, automatic=True)


def mark_as_spam(ticket: Ticket) -> None:
    changing.set_spam(ticket, True, by=AGENT)


def say_it_is_none(ticket: Ticket) -> None:
    changing.set_spam(ticket, False, by=AGENT)


def wait(ticket: Ticket) -> None:
    timer.run_due()


_ALL = (write, answer, answer_and_take_back, acknowledge, mark_as_spam, say_it_is_none, wait)
DEEDS = {deed.__name__: deed for deed in _ALL}
_SPAM = [("mark_as_spam", 5), ("say_it_is_none", 5)]
STATUSES = ["open", "pending", "on_hold", "solved"]
deeds = st.one_of(
    st.sampled_from(sorted(DEEDS.keys() - dict(_SPAM).keys())), st.sampled_from(STATUSES)
)
# A conversation goes on with the same ticket; a mail can be taken back.
kinds = st.sampled_from(["chat", "email"])
stories = st.lists(st.tuples(deeds, st.integers(0, 40 * 60)), max_size=12)


def live(ticket: Ticket, story: list[tuple[str, int]]) -> None:
    """Let it happen, each deed so many minutes after the one before."""
    moment = MONDAY
    for deed, minutes in story:
        moment += timedelta(minutes=minutes, seconds=1)
        with time_machine.travel(moment, tick=False):
            try:
                if deed in DEEDS:
                    DEEDS[deed](ticket)
                else:
                    changing.set_status(ticket, deed, by=AGENT)
            except BrokenRule:
                continue


@pytest.mark.django_db
@settings(
    deadline=None,
    phases=[Phase.generate],
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    story=stories, restarts=st.booleans(), clock=st.booleans(), ends=st.integers(0, 2), kind=kinds
)
def test_any_history_gives_the_same_rows_again(db, story, restarts, clock, ends, kind):
    PolicyVersion.objects.filter(policy__is_default=True).update(
        restarts=restarts, round_the_clock=clock
    )
    current.forget()
    with time_machine.travel(MONDAY, tick=False):
        ticket = make_ticket(make_channel(kind), at=MONDAY)
    live(ticket, [*story, *_SPAM[:ends]])
    before = rows(ticket)

    with time_machine.travel(MONDAY + timedelta(days=60), tick=False):
        assert replaying.recompute(ticket.pk) == 0
        assert rows(ticket) == before

        Target.objects.filter(ticket=ticket).update(due_at=MONDAY, met_at=None, state="ended")
        replaying.recompute(ticket.pk)
    assert [row[:7] for row in rows(ticket)] == [row[:7] for row in before]


@pytest.mark.django_db
def test_command_finds_what_is_wrong_and_mends_it():
    ticket, other = make_ticket(), make_ticket()
    before = rows(ticket)
    Target.objects.filter(ticket=ticket).update(due_at=MONDAY)
    out = io.StringIO()

    call_command("recompute_sla", stdout=out)
    call_command("recompute_sla", "--ticket", str(other.number), stdout=out)

    assert out.getvalue().splitlines() == [
        "2 tickets, 2 clocks changed",
        "1 tickets, 0 clocks changed",
    ]
    assert rows(ticket) == before


@pytest.mark.django_db
def test_clocks_keep_the_versions_by_which_they_ran():
    ticket = make_ticket()
    policy = Policy.objects.get(is_default=True)
    old = policy.versions.get()
    PolicyVersion.objects.create(policy=policy, calendar=old.calendar, first_response_minutes=1)

    assert replaying.recompute(ticket.pk) == 0
    assert set(ticket.targets.values_list("policy", flat=True)) == {old.pk}
