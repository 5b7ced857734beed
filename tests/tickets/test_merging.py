"""One case in two tickets becomes one, and two again; nothing of it is lost on the way."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import User
from history.models import Event
from history.recording import Actor
from tests.factories import make_channel, make_incoming, make_shop, make_ticket, make_user
from tickets import changing, merging, receiving, replying
from tickets.errors import BrokenRule, MergeSettled, NeverMerged, TicketClosed
from tickets.incoming import Threading
from tickets.models import (
    Channel,
    Delivery,
    Message,
    Participant,
    Tag,
    Target,
    Ticket,
    TicketFollower,
    TicketMerge,
)
from tickets.replying import Draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox() -> Channel:
    return make_channel("email")


@pytest.fixture
def agent() -> User:
    return make_user()


@pytest.fixture
def by(agent) -> Actor:
    return Actor("agent", agent.pk)


def _write(channel: Channel, ticket: Ticket | None = None, **fields) -> Message:
    sender = fields.pop("sender", "anna@example.com")
    refs = (ticket.ref,) if ticket else ()
    threading = Threading(refs=refs)
    return receiving.receive(make_incoming(channel, sender=sender, threading=threading, **fields))


def _merge(kept: Ticket, absorbed: Ticket, by: Actor) -> TicketMerge:
    log = merging.merge(kept=kept, absorbed=absorbed, by=by)
    kept.refresh_from_db()
    absorbed.refresh_from_db()
    return log


def test_messages_tags_people_and_followers_come_along(mailbox, agent, by):
    kept, absorbed = _write(mailbox).ticket, _write(mailbox, subject="Druga").ticket
    answer = replying.reply(absorbed, Draft(body_text="Już."), by=by, user=agent)
    changing.set_tags(absorbed, [Tag.objects.create(slug="zwrot", name="Zwrot")], by=by)
    changing.follow(absorbed, agent, why=TicketFollower.Why.FOLLOWS)

    _merge(kept, absorbed, by)

    assert kept.messages.count() == 3
    assert absorbed.messages.count() == 0
    assert Delivery.objects.get(message=answer).ticket_id == kept.pk
    assert kept.tags.get().slug == "zwrot"
    assert agent in kept.followers.all()
    assert absorbed.merged_into == kept


def test_customer_waits_since_the_first_question_of_both(mailbox, agent, by):
    now = timezone.now()
    absorbed = _write(mailbox, occurred_at=now - timedelta(minutes=9)).ticket
    kept = _write(mailbox, occurred_at=now - timedelta(minutes=5), subject="Druga").ticket
    replying.reply(kept, Draft(body_text="Już."), by=by, user=agent)
    changing.set_status(kept, Ticket.Status.PENDING, by=by)
    question = _write(mailbox, absorbed, occurred_at=timezone.now())

    _merge(kept, absorbed, by)

    assert kept.status == Ticket.Status.OPEN
    assert kept.waiting_since == question.occurred_at
    assert kept.last_message_at == question.occurred_at
    assert Target.objects.filter(
        ticket=kept, metric=Target.Metric.NEXT_RESPONSE, state=Target.State.RUNNING
    ).exists()
    assert not Target.objects.filter(ticket=absorbed, state=Target.State.RUNNING).exists()


def test_answer_to_the_absorbed_address_goes_on_in_the_kept_ticket(mailbox, by):
    kept, absorbed = _write(mailbox).ticket, _write(mailbox, subject="Druga").ticket
    _merge(kept, absorbed, by)

    assert _write(mailbox, absorbed, body_text="I jeszcze jedno").ticket == kept


def test_another_customer_is_a_proposal_and_gets_nothing(mailbox, agent, by):
    kept = _write(mailbox).ticket
    absorbed = _write(mailbox, sender="jan@example.com").ticket
    _merge(kept, absorbed, by)

    answer = replying.reply(kept, Draft(body_text="Odpowiedź"), by=by, user=agent)

    part = kept.participants.get(identity__value="jan@example.com")
    assert part.role == Participant.Role.PROPOSED
    assert "jan@example.com" not in str(answer.recipients)


def test_undo_gives_everything_back(mailbox, agent, by):
    kept, absorbed = _write(mailbox).ticket, _write(mailbox, subject="Druga").ticket
    before = {ticket.pk: set(ticket.messages.all()) for ticket in (kept, absorbed)}
    log = _merge(kept, absorbed, by)
    late = _write(mailbox, absorbed, body_text="Po scaleniu")

    merging.undo(log, by=by)

    kept.refresh_from_db()
    absorbed.refresh_from_db()
    assert set(absorbed.messages.all()) == before[absorbed.pk]
    assert set(kept.messages.all()) == before[kept.pk] | {late}, "what came since stays"
    assert absorbed.merged_into is None
    assert absorbed.waiting_since is not None
    assert Target.objects.filter(ticket=absorbed, state=Target.State.RUNNING).exists()


def test_undo_after_an_hour_or_twice_is_refused(mailbox, by):
    kept, absorbed = _write(mailbox).ticket, _write(mailbox, subject="Druga").ticket
    log = _merge(kept, absorbed, by)
    TicketMerge.objects.update(merged_at=timezone.now() - timedelta(minutes=61))
    with pytest.raises(MergeSettled):
        merging.undo(log, by=by)
    TicketMerge.objects.update(merged_at=timezone.now())
    merging.undo(log, by=by)
    with pytest.raises(MergeSettled):
        merging.undo(log, by=by)


def test_undo_of_what_was_merged_on_is_refused(mailbox, by):
    first, second, third = (_write(mailbox, subject=str(n)).ticket for n in range(3))
    log = _merge(second, first, by)
    _merge(third, second, by)

    with pytest.raises(MergeSettled):
        merging.undo(log, by=by)
    assert third.messages.count() == 3


def test_what_cannot_be_merged(mailbox, by):
    kept = _write(mailbox).ticket
    elsewhere = make_ticket(make_channel("email", shop=make_shop()))
    closed = _write(mailbox, subject="Stara").ticket
    changing.set_status(closed, Ticket.Status.CLOSED, by=by)
    gone = _write(mailbox, subject="Scalona").ticket
    _merge(kept, gone, by)

    for target, source in [(kept, kept), (kept, elsewhere), (kept, gone), (gone, elsewhere)]:
        with pytest.raises(NeverMerged):
            merging.merge(kept=target, absorbed=source, by=by)
    with pytest.raises(TicketClosed):
        merging.merge(kept=closed, absorbed=kept, by=by)


def test_split_message_is_a_ticket_of_its_own(mailbox, agent, by):
    ticket = _write(mailbox).ticket
    replying.reply(ticket, Draft(body_text="Już."), by=by, user=agent)
    other = _write(mailbox, ticket, body_text="A przy okazji: faktura", subject="Faktura")

    fresh = merging.split(other, by=by)

    ticket.refresh_from_db()
    fresh.refresh_from_db()
    assert list(fresh.messages.all()) == [other]
    assert (fresh.customer, fresh.team, fresh.subject) == (ticket.customer, ticket.team, "Faktura")
    assert fresh.waiting_since == other.occurred_at
    assert ticket.waiting_since is None
    assert fresh.links.get().other == ticket
    assert Target.objects.filter(ticket=fresh, state=Target.State.RUNNING).exists()


def test_what_cannot_be_split(mailbox, agent, by):
    alone = _write(mailbox)
    answer = replying.reply(alone.ticket, Draft(body_text="Już."), by=by, user=agent)

    for message in (answer,):
        with pytest.raises(NeverMerged):
            merging.split(message, by=by)
    Message.objects.filter(pk=answer.pk).update(direction=Message.Direction.NOTE)
    with pytest.raises(NeverMerged):
        merging.split(alone, by=by)


@pytest.mark.django_db(transaction=True)
def test_each_into_the_other_at_once_ends_in_one(mailbox, by):
    one, other = _write(mailbox).ticket, _write(mailbox, subject="Druga").ticket

    def go(pair: tuple[Ticket, Ticket]) -> bool:
        try:
            merging.merge(kept=pair[0], absorbed=pair[1], by=by)
        except BrokenRule:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(go, [(one, other), (other, one)]))

    assert sorted(done) == [False, True]
    assert Ticket.objects.exclude(merged_into=None).count() == 1
    assert Event.objects.filter(kind="ticket.merged").count() == 1
