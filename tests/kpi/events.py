"""Writes histories straight into the event log, as the verbs of `tickets` would tell them."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm.models import Customer
from history.models import Event
from tickets.models import Channel, Ticket

_seq = itertools.count(1)


def make_row(channel: Channel, customer: Customer, at: datetime) -> Ticket:
    """A ticket's row alone: what happened to it is told by events."""
    from accounts.models import Team

    return Ticket.objects.create(
        subject="",
        customer=customer,
        shop_id=channel.shop_id,
        channel=channel,
        team=channel.team or Team.objects.default(),
        created_at=at,
        last_message_at=at,
    )


@dataclass
class Teller:
    """Tells of one ticket: keeps what the ticket is like, so that each event can carry it."""

    ticket: Ticket
    status: str = "new"
    team: int = 0
    agent: int | None = None
    customer: int = 0
    events: list[Event] = field(default_factory=list)
    messages: int = 0

    def __post_init__(self) -> None:
        self.team = self.team or self.ticket.team_id
        self.customer = self.customer or self.ticket.customer_id

    def event(
        self,
        kind: str,
        at: datetime,
        *,
        actor: tuple[str, int | None] = ("system", None),
        message: int | None = None,
        **data: Any,
    ) -> Event:
        event = Event(
            seq=next(_seq),
            kind=kind,
            at=at,
            subject_kind="ticket",
            subject_id=self.ticket.pk,
            ticket_id=self.ticket.pk,
            customer_id=self.customer,
            message_id=message,
            shop_id=self.ticket.shop_id,
            channel_id=self.ticket.channel_id,
            team_id=self.team,
            assignee_id=self.agent,
            actor_kind=actor[0],
            actor_id=actor[1],
            data=data,
        )
        self.events.append(event)
        return event

    def created(self, at: datetime, status: str = "new") -> None:
        self.status = status
        self.event("ticket.created", at, status=status, priority="normal", channel_kind="email")

    def customer_writes(
        self, at: datetime, *, thanks: bool = False, received_at: datetime | None = None
    ) -> None:
        actor = ("customer", self.customer)
        self.event(
            "message.received",
            at,
            actor=actor,
            message=self._message(),
            automatic=False,
            third_party=False,
            received_at=(received_at or at).isoformat(),
            rule="reply",
            thanks=thanks,
        )
        if self.status not in ("new", "open"):
            self.status_is(at, "open", actor=actor)

    def machine_writes(self, at: datetime) -> None:
        self.event(
            "message.received",
            at,
            actor=("customer", self.customer),
            message=self._message(),
            automatic=True,
            third_party=False,
            received_at=at.isoformat(),
            rule="reply",
        )

    def answered(self, at: datetime, agent: int, *, kind: str = "agent") -> int:
        message = self._message()
        self.event(
            "message.sent",
            at,
            actor=(kind, agent),
            message=message,
            automatic=False,
            outside=False,
        )
        if self.status == "new" and kind in ("agent", "key"):
            self.status_is(at, "open", actor=(kind, agent))
        return message

    def acknowledged(self, at: datetime) -> None:
        self.event("message.sent", at, message=self._message(), automatic=True, outside=False)

    def status_is(
        self, at: datetime, new: str, *, actor: tuple[str, int | None] = ("agent", 1)
    ) -> None:
        if new != self.status:
            old, self.status = self.status, new
            self.event("ticket.status_changed", at, actor=actor, old=old, new=new)

    def assigned(self, at: datetime, agent: int | None) -> None:
        old, self.agent = self.agent, agent
        self.event("ticket.assigned", at, old=old, new=agent)

    def _message(self) -> int:
        self.messages += 1
        return self.ticket.pk * 1000 + self.messages
