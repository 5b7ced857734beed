"""Rules: when they act, on what, how often, and what the log says of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from history import readers, sequencing
from history.models import Event
from history.recording import Actor
from tests.factories import make_channel, make_incoming, make_team, make_ticket, make_user
from tickets import changing
from tickets.automation.rules import dry_run, keeping, running
from tickets.automation.rules.tree import InvalidRule, Tree
from tickets.models import Message, Rule, RuleRun, Tag, Ticket
from tickets.receiving import receive

pytestmark = pytest.mark.django_db

AGENT = Actor("agent", 1)
HOUR = timedelta(hours=1)


def tree(*then: tuple[str, str], when: Any = "message.received", match: str = "all", **facts: Any):
    """A rule's tree; facts are `name="value"` for is, `name=("op", "value")` for others."""
    conditions = [
        {"fact": name, "op": "is", "value": said}
        if isinstance(said, str)
        else {"fact": name, "op": said[0], "value": said[1]}
        for name, said in facts.items()
    ]
    return {
        "when": {"on": when} if isinstance(when, str) else when,
        "if": {"match": match, "conditions": conditions},
        "then": [{"do": do, "value": value} for do, value in then],
        "stop": False,
    }


@pytest.fixture
def tag() -> Tag:
    return Tag.objects.create(slug="zwrot", name="zwrot")


@pytest.fixture
def channel():
    return make_channel("messenger")


@pytest.fixture
def rule() -> Callable[..., Rule]:
    def make(*then: tuple[str, str], name: str = "Reguła", stop: bool = False, **said: Any) -> Rule:
        parsed = Tree.parse({**tree(*then, **said), "stop": stop})
        made = keeping.save(Rule(), name, parsed)
        # What was before is not the rule's.
        read()
        keeping.switch(made, active=True)
        return made

    return make


def read() -> None:
    """Let the rules see what has happened."""
    sequencing.number_events()
    [reader] = [each for each in readers.registered() if each.name == running.READER]
    readers.read(reader)


def written(channel: Any, **fields: Any) -> Ticket:
    return receive(make_incoming(channel, **fields)).ticket


def tags(ticket: Ticket) -> list[str]:
    return list(ticket.tags.values_list("slug", flat=True))


def test_rule_acts_once_and_says_why(rule, tag, channel):
    made = rule(("tag", str(tag.pk)), ("priority", "high"), text=("has", "zwrot, reklamacja"))
    ticket = written(channel, body_text="Chcę zrobić ZWRÓT butów.")

    read()
    readers.ReaderPosition.objects.filter(reader=running.READER).update(seq=0)
    read()

    ticket.refresh_from_db()
    assert (tags(ticket), ticket.priority) == (["zwrot"], "high")
    run = RuleRun.objects.get()
    assert (run.rule, run.done) == (made, [{"do": "tag"}, {"do": "priority"}])
    assert run.why[0]["found"] == ["zwrot"]
    assert Event.objects.filter(actor_kind="rule", actor_id=made.pk).count() == 2


@pytest.mark.parametrize(
    ("facts", "acts"),
    [
        ({}, True),
        ({"kind": "messenger"}, True),
        ({"kind": "email"}, False),
        ({"kind": ("is_not", "email")}, True),
        ({"text": ("has", "reklamacja")}, False),
        ({"text": ("has_not", "reklamacja")}, True),
        ({"first": "yes", "vip": "no", "assigned": "no"}, True),
        ({"first": "no"}, False),
        ({"status": "new", "priority": "urgent"}, False),
        ({"match": "any", "status": "new", "priority": "urgent"}, True),
        ({"order": "shipped"}, False),
    ],
)
def test_conditions(rule, tag, channel, facts, acts):
    rule(("tag", str(tag.pk)), **facts)
    ticket = written(channel)

    read()

    assert bool(tags(ticket)) is acts


def test_hours_and_holidays(rule, tag, channel):
    rule(("tag", str(tag.pk)), open="no", holiday="yes")
    with time_machine.travel("2026-12-25 11:00", tick=False):
        ticket = written(channel, occurred_at=timezone.now())
        read()
    assert tags(ticket) == ["zwrot"]


def test_rules_come_in_order_and_one_may_stop_the_others(rule, tag, channel):
    second = rule(("tag", str(tag.pk)), name="Druga")
    first = rule(("priority", "high"), name="Pierwsza", stop=True)
    keeping.move(first, up=True)

    ticket = written(channel)
    read()

    assert list(Rule.objects.filter(pk__in=[first.pk, second.pk])) == [first, second]
    assert list(RuleRun.objects.values_list("rule", flat=True)) == [first.pk]
    assert not tags(ticket)


def test_rule_never_reacts_to_what_a_rule_did(rule, tag, channel):
    rule(("priority", "high"), name="A", when="ticket.tags_changed")
    rule(("tag", str(tag.pk)), name="B", when="ticket.priority_changed")
    ticket = written(channel)
    changing.set_priority(ticket, "urgent", by=AGENT)

    for _round in range(5):
        read()

    assert RuleRun.objects.count() == 1


def test_ticket_is_left_alone_after_so_many_runs_an_hour(rule, channel, monkeypatch):
    monkeypatch.setattr(running, "MOST_AN_HOUR", 3)
    rule(("priority", "high"), when="ticket.status_changed")
    ticket = written(channel)
    for status in ("pending", "open", "pending", "open", "pending"):
        changing.set_status(ticket, status, by=AGENT)

    read()

    assert RuleRun.objects.count() == 3


def test_every_action_does_what_it_says(rule, tag, channel):
    team, user = make_team(), make_user()
    rule(
        ("tag", str(tag.pk)),
        ("untag", str(tag.pk)),
        ("status", "on_hold"),
        ("note", "Sprawdzić w magazynie"),
        ("snooze", "24"),
        ("notify", "holder"),
        ("assign", str(user.pk)),
        ("reply", "Mamy {number}, wrócimy: {opens}."),
        ("team", str(team.pk)),
    )
    ticket = written(channel)

    read()

    assert all("refused" not in done for done in RuleRun.objects.get().done)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.team, ticket.assignee, tags(ticket)) == (
        "on_hold",
        team,
        None,  # who is not in the team lost it
        [],
    )
    assert ticket.snoozed_until is not None
    assert ticket.messages.filter(direction=Message.Direction.NOTE).exists()
    reply = ticket.messages.get(direction=Message.Direction.OUTBOUND)
    assert reply.automatic
    assert str(ticket.number) in reply.body_text
    assert ticket.first_response_at is None
    assert Event.objects.filter(kind="ticket.alerted").exists()


def test_round_robin_takes_who_is_online_and_has_least_to_do(rule, channel):
    busy, free, away = make_user(), make_user(), make_user(status="away")
    changing.assign(make_ticket(channel), busy, by=AGENT)
    rule(("round_robin", ""))
    tickets = [written(channel, sender=name) for name in "ab"]

    read()

    for ticket in tickets:
        ticket.refresh_from_db()
    assert {ticket.assignee for ticket in tickets} == {free, busy}
    assert away not in {ticket.assignee for ticket in tickets}


def test_automatic_answer_goes_out_once_a_ticket_and_never_to_a_robot(rule, channel):
    rule(("reply", "Odpowiemy jutro."))
    ticket = written(channel)
    written(channel)
    written(channel, sender="robot", automatic=True)

    read()

    assert Message.objects.filter(direction="outbound").count() == 1
    assert [run.done for run in RuleRun.objects.order_by("pk")] == [
        [{"do": "reply"}],
        [{"do": "reply", "refused": "not_answered"}],
        [{"do": "reply", "refused": "not_answered"}],
    ]
    assert ticket.messages.filter(automatic=True).count() == 1


def test_old_events_and_resting_rules_do_nothing(rule, tag, channel):
    resting = rule(("tag", str(tag.pk)))
    keeping.switch(resting, active=False)
    ticket = written(channel)
    read()
    assert not tags(ticket)

    rule(("tag", str(tag.pk)), when="ticket.priority_changed")
    changing.set_priority(ticket, "high", by=AGENT)
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        read()
    assert not tags(ticket)


def test_rule_that_names_what_is_gone_rests(rule, tag, channel):
    made = rule(("tag", str(tag.pk)))
    tag.delete()
    running.forget()
    written(channel)

    read()

    assert not RuleRun.objects.exists()
    with pytest.raises(InvalidRule):
        keeping.switch(made, active=True)


@pytest.mark.parametrize(
    ("since", "status", "minutes"),
    [("waiting_since", None, 60), ("silent_since", "pending", 60), ("solved_at", "solved", 60)],
)
def test_time_rule_acts_once_for_each_state(rule, channel, since, status, minutes):
    rule(("priority", "high"), when={"since": since, "minutes": minutes})
    ticket = written(channel)
    if status:
        changing.set_status(ticket, status, by=AGENT)

    assert running.run_due() == 0
    with time_machine.travel(timezone.now() + 2 * HOUR):
        assert running.run_due() == 1
        assert running.run_due() == 0
    ticket.refresh_from_db()
    assert ticket.priority == "high"

    with time_machine.travel(timezone.now() + 3 * HOUR):
        changing.set_status(ticket, "on_hold", by=AGENT)
        again = written(channel, occurred_at=timezone.now())
        if status:
            changing.set_status(again, status, by=AGENT)
    with time_machine.travel(timezone.now() + 5 * HOUR):
        # A customer who waits all the time is one state; the others began anew.
        assert running.run_due() == (0 if since == "waiting_since" else 1)


def test_dry_run_shows_whom_it_would_have_met_and_changes_nothing(tag, channel):
    meets, other = (
        written(channel, sender="a", body_text="zwrot"),
        written(channel, sender="b", body_text="paczka"),
    )
    sequencing.number_events()
    before = Event.objects.count()

    trial = dry_run.try_out(Tree.parse(tree(("tag", str(tag.pk)), text=("has", "zwrot"))))

    assert (trial.looked_at, trial.held) == (2, 1)
    assert [ticket for ticket, _why in trial.shown] == [meets]
    assert not tags(meets)
    assert not tags(other)
    assert Event.objects.count() == before


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {},
        tree(),
        tree(("explode", "")),
        tree(("tag", "0")),
        tree(("note", " ")),
        tree(("priority", "high"), when="ticket.exploded"),
        tree(("priority", "high"), when={"since": "waiting_since", "minutes": 0}),
        tree(("priority", "high"), when={"since": "forever", "minutes": 5}),
        tree(("priority", "high"), mood="good"),
        tree(("priority", "high"), status="happy"),
        tree(("priority", "high"), status=("has", "new")),
        tree(("priority", "high"), text=("has", " , ")),
        tree(("priority", "high"), match="some"),
        tree(*[("priority", "high")] * 21),
    ],
)
def test_what_is_no_rule_is_refused(wrong):
    with pytest.raises(InvalidRule):
        Tree.parse(wrong)


def test_tree_comes_back_as_it_was_written():
    said = tree(("priority", "high"), when={"since": "waiting_since", "minutes": 5}, vip="yes")

    assert Tree.parse(said).as_json() == said
