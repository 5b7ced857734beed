"""A message in the product's own form -> what `tickets` takes in. Pure."""

from datetime import datetime
from typing import Any

from channels_ingest.adapter import Malformed
from channels_ingest.models import InboundEvent
from crm.identifying import Handle
from crm.models import Identity
from tickets.incoming import Context, Incoming, Item


def parse(event: InboundEvent) -> list[Item]:
    """The message; the sender's address is a claim, for an agent to confirm.

    Raises `Malformed` where the row is not what the endpoint writes.
    """
    try:
        return _items(event, event.payload)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Malformed(f"custom: {error!r}") from error


def _items(event: InboundEvent, payload: dict[str, Any]) -> list[Item]:
    if event.channel_id is None:
        raise Malformed("custom: no channel")
    person = payload["sender"]
    sender = Handle(
        Identity.Kind.EXTERNAL, person["id"], event.meta["scope"], person.get("name", "")
    )
    at = datetime.fromisoformat(payload["sent_at"])
    message = Incoming(
        channel_id=event.channel_id,
        sender=sender,
        external_id=payload["id"],
        occurred_at=at,
        subject=payload.get("subject", ""),
        body_text=payload["body_text"],
        body_html=payload.get("body_html", ""),
    )
    claims = {f"claimed_{name}": person[name] for name in ("email", "phone") if person.get(name)}
    if not claims:
        return [message]
    return [message, Context(event.channel_id, sender, at, claims)]
