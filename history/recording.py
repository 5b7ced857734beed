"""The one writer of the event log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from history import kinds, waking
from history.models import Event


class Actor(NamedTuple):
    """Who did it: `kind` is agent, customer, bot, key or system; `id` the row of that kind."""

    kind: str
    id: int | None = None


SYSTEM = Actor("system")


def record(kind: str, **fields: Any) -> Event:
    """Write one event in the transaction that it tells of, and wake the sequencer after commit.

    `fields` are those of `event`.
    """
    [written] = record_all([event(kind, **fields)])
    return written


def event(
    kind: str,
    *,
    subject: tuple[str, int],
    actor: Actor = SYSTEM,
    at: datetime | None = None,
    data: dict[str, Any] | None = None,
    **references: int | None,
) -> Event:
    """An event that is not written yet.

    `references` are the ids that hold now: ticket_id, customer_id, message_id, shop_id, channel_id,
    team_id, assignee_id. Raises `kinds.NotAFact` where the data are not of the kind's schema.
    """
    return Event(
        kind=kind,
        at=at or timezone.now(),
        subject_kind=subject[0],
        subject_id=subject[1],
        actor_kind=actor.kind,
        actor_id=actor.id,
        data=kinds.checked(kind, data or {}),
        **references,
    )


def record_all(events: Sequence[Event]) -> Sequence[Event]:
    """Write many events at once, in their order."""
    Event.objects.bulk_create(events)
    _wake_after_commit()
    return events


def _wake_after_commit() -> None:
    """Once a transaction, however many events it writes: what waits already waits for all."""
    waiting = transaction.get_connection().run_on_commit
    if not any(waking.wake is call for _savepoints, call, _robust in waiting):
        transaction.on_commit(waking.wake)
