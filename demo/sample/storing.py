"""Writes sample conversations in bulk: COPY, with the events that living traffic would leave."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import Team, User
from crm.models import Customer, Identity, Order, OrderLine, Shipment
from demo.sample import orders
from demo.sample.making import Conversation, Turn
from demo.sample.people import Person
from history.models import Event, ReaderPosition
from tickets.models import (
    Channel,
    Delivery,
    Message,
    Participant,
    Reason,
    Tag,
    Target,
    Ticket,
    TicketOrder,
)
from tickets.receiving import preview
from tickets.searching import terms
from tickets.sla import clock, current
from tickets.sla.current import Promises

_BATCH = 5_000
TicketTag = Ticket.tags.through


@dataclass
class World:
    """What the sample's rows refer to."""

    channels: dict[str, list[Channel]]
    agents: Sequence[User]
    team: Team
    reasons: dict[str, Reason]
    tags: dict[str, Tag]
    promises: Promises = field(init=False)

    def __post_init__(self) -> None:
        self.promises = current.promises()

    def channel(self, conversation: Conversation) -> Channel:
        rows = self.channels[conversation.channel_kind]
        return rows[conversation.customer % len(rows)]


@transaction.atomic
def store(people: Sequence[Person], conversations: Iterable[Conversation], world: World) -> int:
    """Write the people and their conversations; returns the number of tickets.

    Readers of the event log are set to its end: nobody is written to because of a sample.
    """
    counters = _Counters.current()
    customers = _store_people(people, world, counters)
    written = 0
    iterator = iter(conversations)
    while batch := list(islice(iterator, _BATCH)):
        _store_batch(batch, people, customers, world, counters)
        written += len(batch)
    counters.save()
    newest = Event.objects.aggregate(seq=Max("seq"))["seq"] or 0
    ReaderPosition.objects.update(seq=newest)
    return written


@dataclass
class _Counters:
    """The next primary keys; COPY does not hand out any."""

    next: dict[type[models.Model], int]
    seq: int
    number: int

    @classmethod
    def current(cls) -> "_Counters":
        tables = (
            Customer,
            Identity,
            Ticket,
            Participant,
            Message,
            Delivery,
            Target,
            Event,
            TicketTag,
            Order,
            OrderLine,
            Shipment,
            TicketOrder,
        )
        newest = {model: model._default_manager.aggregate(pk=Max("pk"))["pk"] for model in tables}
        return cls(
            next={model: (pk or 0) + 1 for model, pk in newest.items()},
            seq=(Event.objects.aggregate(seq=Max("seq"))["seq"] or 0) + 1,
            number=(Ticket.objects.aggregate(number=Max("number"))["number"] or 10_000) + 1,
        )

    def take(self, model: type[models.Model]) -> int:
        self.next[model] += 1
        return self.next[model] - 1

    def take_seq(self) -> int:
        self.seq += 1
        return self.seq - 1

    def take_number(self) -> int:
        self.number += 1
        return self.number - 1

    def save(self) -> None:
        """Let the database go on where the sample ended."""
        with connection.cursor() as cursor:
            for model, following in self.next.items():
                cursor.execute(
                    "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)",
                    [model._meta.db_table, following],
                )
            cursor.execute("SELECT setval('tickets_ticket_number', %s, false)", [self.number])


def copy(model: type[models.Model], rows: Iterable[models.Model]) -> None:
    """COPY model instances; the fastest way in, with each field's own conversion."""
    fields = model._meta.concrete_fields
    columns = ", ".join(f'"{field.column}"' for field in fields)
    statement = f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN'
    with connection.cursor() as cursor, cursor.copy(statement) as stream:
        for row in rows:
            stream.write_row([_value(field, row) for field in fields])


def _value(column: "models.Field[Any, Any]", row: models.Model) -> object:
    value = getattr(row, column.attname)
    if isinstance(column, models.JSONField):
        return column.get_db_prep_save(value, connection)
    return value


def _store_people(
    people: Sequence[Person], world: World, counters: _Counters
) -> list[dict[str, tuple[Customer, Identity]]]:
    """A customer a person, with an identity for each kind of channel."""
    now = timezone.now()
    rows: list[dict[str, tuple[Customer, Identity]]] = []
    customers, identities = [], []
    for number, one in enumerate(people):
        customer = Customer(
            pk=counters.take(Customer),
            name=one.name,
            first_name=one.first_name,
            vip=number % 40 == 7,
            created_at=now,
            updated_at=now,
        )
        customer.set_sort_key()
        customers.append(customer)
        mine = {
            kind: (customer, _identity(one, customer, kind, channels[number % len(channels)]))
            for kind, channels in world.channels.items()
        }
        for _customer, identity in mine.values():
            identity.pk, identity.created_at = counters.take(Identity), now
            identities.append(identity)
        rows.append(mine)
    copy(Customer, customers)
    copy(Identity, identities)
    return rows


def _identity(one: Person, customer: Customer, kind: str, channel: Channel) -> Identity:
    if kind == "email":
        value, scope, identity_kind = one.email, "", Identity.Kind.EMAIL
    else:
        identity_kind = Identity.Kind.VISITOR if kind == "chat" else Identity.Kind.PAGE_SCOPED
        value, scope = f"sample-{customer.pk}", str(channel.public_id)
    display = value if kind == "email" else ""
    return Identity(
        customer=customer,
        kind=identity_kind,
        scope=scope,
        value=value,
        display=display,
        name=one.name,
    )


@dataclass
class _Rows:
    """The rows of one batch, by table."""

    tickets: list[Ticket] = field(default_factory=list)
    participants: list[Participant] = field(default_factory=list)
    tags: list[models.Model] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    orders: list[models.Model] = field(default_factory=list)

    def copy(self) -> None:
        copy(Ticket, self.tickets)
        copy(Participant, self.participants)
        copy(TicketTag, self.tags)
        copy(Message, self.messages)
        copy(Delivery, self.deliveries)
        copy(Target, self.targets)
        copy(Event, self.events)
        for model in (Order, OrderLine, Shipment, TicketOrder):
            copy(model, (row for row in self.orders if isinstance(row, model)))


def _store_batch(
    batch: Sequence[Conversation],
    people: Sequence[Person],
    customers: Sequence[dict[str, tuple[Customer, Identity]]],
    world: World,
    counters: _Counters,
) -> None:
    rows = _Rows()
    for conversation in batch:
        customer, identity = customers[conversation.customer][conversation.channel_kind]
        email = people[conversation.customer].email
        _Writer(conversation, customer, identity, email, world, counters, rows).write()
    rows.copy()


@dataclass
class _Writer:
    """Lays out one conversation as rows."""

    conversation: Conversation
    customer: Customer
    identity: Identity
    email: str
    world: World
    counters: _Counters
    rows: _Rows
    ticket: Ticket = field(init=False)

    def write(self) -> None:
        self.ticket = self._ticket()
        self.rows.tickets.append(self.ticket)
        self.rows.participants.append(
            Participant(
                pk=self.counters.take(Participant),
                ticket=self.ticket,
                identity=self.identity,
                role=Participant.Role.REQUESTER,
                added_at=self.ticket.created_at,
            )
        )
        before = len(self.rows.events)
        self._event("ticket.created", self.ticket.created_at, actor="customer", **self._opening())
        self._event(
            "ticket.reason_changed",
            self.ticket.created_at,
            actor="agent",
            old=None,
            new=self.ticket.reason_id,
        )
        self._tags()
        self._order()
        for turn in self.conversation.turns:
            self._message(turn)
        self._finish()
        self._targets(self.rows.events[before:])

    def _opening(self) -> dict[str, Any]:
        return {
            "status": "new",
            "priority": self.ticket.priority,
            "channel_kind": self.conversation.channel_kind,
        }

    def _ticket(self) -> Ticket:
        talk = self.conversation
        channel = self.world.channel(talk)
        answers = [turn for turn in talk.turns if turn.agent is not None]
        questions = [turn for turn in talk.turns if turn.agent is None]
        last = talk.turns[-1]
        done = talk.status in (Ticket.Status.SOLVED, Ticket.Status.CLOSED)
        waits = not done and last.agent is None
        assignee = None if talk.assignee is None else self.world.agents[talk.assignee]
        solved_at = last.at + timedelta(minutes=5)
        closed_at = solved_at + timedelta(days=channel.follow_up_days)
        return Ticket(
            pk=self.counters.take(Ticket),
            number=self.counters.take_number(),
            subject=talk.subject if channel.kind == "email" else "",
            status=talk.status,
            priority=talk.priority,
            reason=self._reason(),
            customer=self.customer,
            shop_id=channel.shop_id,
            channel=channel,
            assignee=assignee,
            team=self.world.team,
            created_at=talk.turns[0].at,
            updated_at=last.at,
            first_response_at=answers[0].at if answers else None,
            solved_at=solved_at if done else None,
            closed_at=closed_at if talk.status == Ticket.Status.CLOSED else None,
            waiting_since=questions[-1].at if waits else None,
            last_message_at=last.at,
            last_inbound_at=questions[-1].at,
            preview=preview(Message(body_text=questions[-1].text)),
        )

    def _reason(self) -> Reason | None:
        """Nobody has said yet why a new customer writes: the workspace suggests it."""
        if self.conversation.status == Ticket.Status.NEW:
            return None
        return self.world.reasons[self.conversation.story.reason]

    def _tags(self) -> None:
        for slug in self.conversation.story.tags:
            self.rows.tags.append(
                TicketTag(
                    id=self.counters.take(TicketTag),
                    ticket_id=self.ticket.pk,
                    tag_id=self.world.tags[slug].pk,
                )
            )

    def _order(self) -> None:
        talk = self.conversation
        self.rows.orders += orders.rows(
            talk.bought,
            talk.story.reason,
            self.ticket,
            self.customer,
            self.email,
            self.counters.take,
        )

    def _targets(self, events: Sequence[Event]) -> None:
        """The clocks, as they would have followed these events; what is late is noted already."""
        now = timezone.now()
        terms = self.world.promises.terms(self.ticket)
        for target in clock.replay(self.ticket, events, lambda _metric, _at: terms).targets:
            target.pk = self.counters.take(Target)
            if target.state == Target.State.RUNNING and target.due_at <= now:
                target.breached_at, target.next_at = target.due_at, None
            self.rows.targets.append(target)

    def _message(self, turn: Turn) -> None:
        inbound = turn.agent is None
        agent = None if turn.agent is None else self.world.agents[turn.agent]
        message = Message(
            pk=self.counters.take(Message),
            ticket=self.ticket,
            channel_id=self.ticket.channel_id,
            direction=Message.Direction.INBOUND if inbound else Message.Direction.OUTBOUND,
            author_kind=Message.Author.CUSTOMER if inbound else Message.Author.AGENT,
            author_user=agent,
            sender=self.identity if inbound else None,
            subject=self.ticket.subject,
            body_text=turn.text,
            reply_text=turn.text,
            recipients={} if inbound else {"to": [str(self.identity)]},
            threaded_by=Message.Rule.CONVERSATION if inbound else Message.Rule.REPLY,
            authentication=Message.Authentication.PASS if inbound else "",
            occurred_at=turn.at,
            created_at=turn.at,
        )
        message.source_key = f"sample:{message.pk}" if inbound else None
        message.external_id = f"sample-{message.pk}@example.com"
        words = terms(f"{turn.text} {self.ticket.subject} {self.customer.name}")
        message.search = " ".join(f"'{word}'" for word in words)
        self.rows.messages.append(message)
        if inbound:
            self._event(
                "message.received",
                turn.at,
                actor="customer",
                message=message,
                received_at=turn.at.isoformat(),
                automatic=False,
                third_party=False,
                rule="conversation",
            )
        else:
            self._deliver(message)
            self._event(
                "message.sent",
                turn.at,
                actor="agent",
                actor_id=agent.pk if agent else None,
                message=message,
                automatic=False,
                outside=False,
            )

    def _deliver(self, message: Message) -> None:
        at = message.occurred_at
        self.rows.deliveries.append(
            Delivery(
                pk=self.counters.take(Delivery),
                message=message,
                channel_id=message.channel_id,
                ticket_id=self.ticket.pk,
                state=Delivery.State.DELIVERED,
                attempts=1,
                created_at=at,
                sent_at=at + timedelta(seconds=11),
                delivered_at=at + timedelta(seconds=15),
            )
        )

    def _finish(self) -> None:
        """The changes of status that lead to the ticket as it is."""
        steps = []
        if self.ticket.first_response_at:
            steps.append((self.ticket.first_response_at, "new", "open"))
        last = "open" if self.ticket.first_response_at else "new"
        if self.ticket.solved_at:
            steps.append((self.ticket.solved_at, last, "solved"))
        elif self.ticket.status != last:
            steps.append((self.ticket.last_message_at, last, self.ticket.status))
        if self.ticket.closed_at:
            steps.append((self.ticket.closed_at, "solved", "closed"))
        for at, old, new in steps:
            actor = "system" if new == "closed" else "agent"
            self._event("ticket.status_changed", at, actor=actor, old=old, new=new)
        self.ticket.version = self._events

    _events: int = 0

    def _event(
        self,
        kind: str,
        at: datetime,
        *,
        actor: str,
        actor_id: int | None = None,
        message: Message | None = None,
        **data: Any,
    ) -> None:
        self._events += 1
        self.rows.events.append(
            Event(
                pk=self.counters.take(Event),
                seq=self.counters.take_seq(),
                kind=kind,
                at=at,
                subject_kind="ticket",
                subject_id=self.ticket.pk,
                ticket_id=self.ticket.pk,
                customer_id=self.customer.pk,
                message_id=message.pk if message else None,
                shop_id=self.ticket.shop_id,
                channel_id=self.ticket.channel_id,
                team_id=self.ticket.team_id,
                assignee_id=self.ticket.assignee_id,
                actor_kind=actor,
                actor_id=self.customer.pk if actor == "customer" else actor_id,
                data=data,
            )
        )
