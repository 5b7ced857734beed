"""A journaled chat frame or form -> what `tickets` takes in. Pure: no network, no database."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from channels_ingest.adapter import Malformed
from channels_ingest.models import InboundEvent
from crm.identifying import Handle
from crm.models import Identity
from tickets.incoming import Context, Incoming, Item


def parse(event: InboundEvent) -> list[Item]:
    """The message of a visitor, or the offline form that they left.

    Raises `Malformed` where the row is not what `speaking` and `forms` write.
    """
    parsers: dict[str, Callable[[InboundEvent, dict[str, Any]], list[Item]]] = {
        "message": _message,
        "form": _form,
    }
    try:
        payload = event.payload
        return parsers[payload["type"]](event, payload)
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(f"chat: {error!r}") from error


def _message(event: InboundEvent, payload: dict[str, Any]) -> list[Item]:
    sender, at = _visitor(event, payload), datetime.fromisoformat(payload["at"])
    message = Incoming(
        channel_id=_channel_id(event),
        sender=sender,
        external_id=f"{payload['visitor']}:{payload['client_msg_id']}",
        occurred_at=at,
        body_text=payload["text"],
        context=payload["context"],
    )
    if not payload["about"]:
        return [message]
    return [message, Context(_channel_id(event), sender, at, payload["about"])]


def _form(event: InboundEvent, payload: dict[str, Any]) -> list[Item]:
    """The offline form is answered by mail: a ticket of the shop's mailbox, where it has one."""
    mailbox: int | None = payload["mailbox"]
    by_mail = Handle(Identity.Kind.EMAIL, payload["email"], name=payload["name"])
    return [
        Incoming(
            channel_id=mailbox or _channel_id(event),
            sender=by_mail if mailbox else _visitor(event, payload),
            external_id="",
            occurred_at=datetime.fromisoformat(payload["at"]),
            subject=payload["subject"],
            body_text=payload["text"],
            # Nobody has checked that the address is theirs.
            authentication="none" if mailbox else "",
            context=payload["context"],
        )
    ]


def _visitor(event: InboundEvent, payload: dict[str, Any]) -> Handle:
    """The visitor's identity on this widget; `account` is the channel's public id."""
    return Handle(
        Identity.Kind.VISITOR, payload["visitor"], scope=event.account, name=payload["name"]
    )


def _channel_id(event: InboundEvent) -> int:
    if event.channel_id is None:
        raise ValueError("a chat event without its channel")
    return event.channel_id
