"""A journaled chat frame or form -> what `tickets` takes in. Pure: no network, no database."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from channels_ingest.adapter import Malformed
from channels_ingest.models import InboundEvent
from crm.identifying import Handle
from crm.models import Identity
from tickets.incoming import Incoming, Item


def parse(event: InboundEvent) -> list[Item]:
    """The message of a visitor, or the offline form that they left.

    Raises `Malformed` where the row is not what `speaking` and `forms` write.
    """
    parsers: dict[str, Callable[[InboundEvent, dict[str, Any]], Item]] = {
        "message": _message,
        "form": _form,
    }
    try:
        payload = event.payload
        return [parsers[payload["type"]](event, payload)]
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(f"chat: {error!r}") from error


def _message(event: InboundEvent, payload: dict[str, Any]) -> Incoming:
    return Incoming(
        channel_id=_channel_id(event),
        sender=Handle(
            Identity.Kind.VISITOR, payload["visitor"], scope=event.account, name=payload["name"]
        ),
        external_id=external_id(payload["visitor"], payload["client_msg_id"]),
        occurred_at=datetime.fromisoformat(payload["at"]),
        body_text=payload["text"],
        context=payload["context"],
    )


def _form(event: InboundEvent, payload: dict[str, Any]) -> Incoming:
    """The offline form is answered by mail, so it becomes a ticket of the shop's mailbox."""
    mailbox: int | None = payload["mailbox"]
    if mailbox is None:
        sender = Handle(
            Identity.Kind.VISITOR, payload["visitor"], scope=event.account, name=payload["name"]
        )
    else:
        sender = Handle(Identity.Kind.EMAIL, payload["email"], name=payload["name"])
    return Incoming(
        channel_id=mailbox or _channel_id(event),
        sender=sender,
        external_id="",
        occurred_at=datetime.fromisoformat(payload["at"]),
        subject=payload["subject"],
        body_text=payload["text"],
        # Nobody has checked that the address is theirs.
        authentication="none" if mailbox else "",
        context=payload["context"],
    )


def external_id(visitor: str, client_msg_id: str) -> str:
    return f"{visitor}:{client_msg_id}"


def _channel_id(event: InboundEvent) -> int:
    if event.channel_id is None:
        raise ValueError("a chat event without its channel")
    return event.channel_id
