"""What visitors fill in: the form before a chat, and the one that stands in for it when closed."""

import json
import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_ingest import journal
from channels_ingest.chat import limits, sessions, speaking
from channels_ingest.chat.models import ChatSession, new_visitor
from channels_ingest.chat.problems import Problem
from channels_ingest.chat.widgets import Widget
from crm.models import Consent, Customer
from tickets.models import Message

# Nobody types a question in less.
_FASTEST_S = 2
_OLDEST_CONSENT = timedelta(hours=24)
_LONGEST = {"name": 200, "email": 254, "phone": 50, "order_ref": 64}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True)
class Filled:
    """A checked form."""

    name: str
    email: str
    phone: str
    order_ref: str
    message: str


def begin(
    widget: Widget,
    session: ChatSession,
    data: dict[str, Any],
    *,
    page: str,
    trigger: str,
    address: str,
) -> dict[str, Any]:
    """Start a conversation from the form before it; the acknowledgement of its first message.

    Name and e-mail are claims: they are kept and shown as such. Raises `Problem`.
    """
    filled = _filled(data, required=[*widget.required, "message"])
    _check_consent(widget, data)
    sessions.claim(session, name=filled.name, email=filled.email, phone=filled.phone)
    ack = speaking.say(
        session,
        client_msg_id=data.get("client_msg_id") or str(uuid.uuid4()),
        text=filled.message,
        context={"page": page, "trigger": trigger, "order_ref": filled.order_ref},
        address=address,
    )
    session.refresh_from_db(fields=["ticket"])
    if session.ticket:
        _keep_consent(widget, session.ticket.customer, data)
    return ack


def leave(
    widget: Widget, session: ChatSession | None, data: dict[str, Any], *, page: str, address: str
) -> None:
    """Take an offline form: a ticket of the shop's mailbox, answered by mail.

    What a robot filled in is dropped without a word. Raises `Problem`.
    """
    filled = _filled(data, required=["name", "email", "message"])
    _check_consent(widget, data)
    if _is_robot(data):
        sessions.count(widget.channel, "robots")
        return
    limits.take(limits.FORMS, limits.network(address))
    limits.take(limits.FORMS, filled.email)
    mailbox = widget.mailbox
    payload = {
        "type": "form",
        "visitor": session.visitor if session else new_visitor(),
        "mailbox": mailbox.pk if mailbox else None,
        "name": filled.name,
        "email": filled.email,
        "subject": _("Message from the website"),
        "text": filled.message,
        "at": timezone.now().isoformat(),
        "context": {
            name: value
            for name, value in {
                "source": "widget",
                "page": page,
                "order_ref": filled.order_ref,
                "claimed_email": "" if mailbox else filled.email,
                "claimed_phone": filled.phone,
            }.items()
            if value
        },
    }
    event, _new = journal.keep(
        "chat",
        str(widget.channel.public_id),
        f"form:{uuid.uuid4()}",
        json.dumps(payload).encode(),
        channel=widget.channel,
        wake=False,
    )
    journal.process(event.pk)
    message = Message.objects.filter(inbound_event_id=event.pk).first()
    if message:
        _keep_consent(widget, message.ticket.customer, data)


def _filled(data: dict[str, Any], *, required: list[str]) -> Filled:
    values = {name: _line(data, name) for name in _LONGEST}
    message = data.get("message")
    if not isinstance(message, str | None):
        raise Problem("field_invalid", "message")
    values["message"] = speaking.storable(message or "").strip()
    for name in required:
        if not values[name]:
            raise Problem("field_required", name)
    if len(values["message"]) > speaking.LONGEST:
        raise Problem("message_too_long")
    if values["email"]:
        try:
            validate_email(values["email"])
        except ValidationError as error:
            raise Problem("field_invalid", "email") from error
    return Filled(**values)


def _line(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST[name]:
        raise Problem("field_invalid", name)
    return _CONTROLS.sub(" ", speaking.storable(value)).strip()


def _is_robot(data: dict[str, Any]) -> bool:
    """Only robots see the hidden field, or are done at once."""
    seconds = data.get("seconds")
    return bool(data.get("honeypot")) or (isinstance(seconds, int | float) and seconds < _FASTEST_S)


def _check_consent(widget: Widget, data: dict[str, Any]) -> None:
    consent = data.get("consent")
    accepted = isinstance(consent, dict) and consent.get("accepted") is True
    if widget.consent.required and not accepted:
        raise Problem("consent_required")


@transaction.atomic
def _keep_consent(widget: Widget, customer: Customer, data: dict[str, Any]) -> None:
    """What the visitor was shown and agreed to, in its version; nothing where nothing was shown."""
    given = data.get("consent")
    if not isinstance(given, dict) or not isinstance(given.get("text_version"), str):
        return
    Consent.objects.create(
        customer=customer,
        shop=widget.channel.shop,
        purpose="chat",
        granted=given.get("accepted") is True,
        text_version=given["text_version"][:50],
        text_hash=widget.consent.text_hash,
        source="widget",
        given_at=_given_at(given.get("at")),
    )


def _given_at(value: object) -> datetime:
    """The moment of the click, where the visitor's clock makes sense."""
    now = timezone.now()
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else now
    except ValueError:
        return now
    if timezone.is_naive(at) or not now - _OLDEST_CONSENT < at <= now:
        return now
    return at
