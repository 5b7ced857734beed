"""A visitor's session: how it starts, comes back, and becomes that of a signed-in customer."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from channels_ingest.chat import conversing, identities, limits, tokens
from channels_ingest.chat.identities import Verified
from channels_ingest.chat.models import SESSION_LIFE, ChatCount, ChatSession
from channels_ingest.chat.widgets import Widget
from crm import identifying
from crm.identifying import Handle
from crm.models import Customer, CustomerShop, Identity, Shop
from history.recording import SYSTEM
from tickets import changing
from tickets.models import Channel, Ticket


def start(
    widget: Widget,
    *,
    resume_token: str | None,
    identity: Any,
    language: str,
    address: str,
) -> ChatSession:
    """The session that a token or a signature opens, else a new visitor's.

    A wrong or old signature is no error: the visitor goes on as nobody in particular, and it is
    counted. Raises `Problem`: `session_expired`, `rate_limited`.
    """
    session = tokens.session_of(resume_token, widget.channel) if resume_token else None
    verified = _verified(widget, identity)
    if verified and (session is None or session.external_id != verified.external_id):
        session = _of_customer(widget.channel, verified, session, address)
    session = session or _new(widget.channel, address)
    if language and session.language != language:
        session.language = language
        session.save(update_fields=["language"])
    tokens.slide(session)
    return session


def end(session: ChatSession) -> None:
    """Make every token of the session worthless (the visitor signed out or cleared the chat)."""
    ChatSession.objects.filter(pk=session.pk).update(revision=F("revision") + 1)


def seen(session: ChatSession) -> None:
    """The visitor's page is open."""
    ChatSession.objects.filter(pk=session.pk).update(last_seen_at=timezone.now())


def claim(session: ChatSession, *, name: str, email: str, phone: str) -> None:
    """Keep what the visitor says about themselves; it opens nothing and overrides no proof."""
    session.name = name[:200] or session.name
    session.phone = phone[:50] or session.phone
    if email and not session.email_verified:
        session.email = email
    session.save(update_fields=["name", "phone", "email"])


def snapshot(session: ChatSession) -> dict[str, Any] | None:
    """The conversation as the widget needs it to begin; None where nothing was said yet."""
    if session.last_seq == 0:
        return None
    events, has_earlier = conversing.page_before(session, session.last_seq + 1)
    ticket = session.ticket
    return {
        "id": session.conversation_id,
        "status": conversing.STATUSES[ticket.status if ticket else Ticket.Status.CLOSED],
        "seq": session.last_seq,
        "unread": conversing.unread(session),
        "read_seq": session.read_seq,
        "agent_read_seq": session.agent_read_seq,
        "rated": ticket is not None and session.ratings.filter(ticket=ticket).exists(),
        "email": session.email or None,
        "events": events,
        "has_earlier": has_earlier,
    }


def count(channel: Channel, name: str) -> None:
    """Add one to an anonymous counter of the widget."""
    row, _created = ChatCount.objects.get_or_create(channel=channel, name=name)
    ChatCount.objects.filter(pk=row.pk).update(count=F("count") + 1)


def _verified(widget: Widget, identity: Any) -> Verified | None:
    if identity is None:
        return None
    secret = widget.connection.secrets.get("identity_secret", "")
    verified = identities.verify(identity, secret, timezone.now())
    if verified is None:
        count(widget.channel, "identity_refused")
    return verified


def _new(channel: Channel, address: str, **fields: Any) -> ChatSession:
    limits.take(limits.STARTS, limits.network(address))
    return ChatSession.objects.create(channel=channel, expires_at=_end_of_life(), **fields)


def _end_of_life() -> datetime:
    return timezone.now() + SESSION_LIFE


def _of_customer(
    channel: Channel, verified: Verified, session: ChatSession | None, address: str
) -> ChatSession:
    """The one session of a signed-in customer on this widget, on whatever device."""
    mine = ChatSession.objects.select_related("channel__shop", "ticket").filter(
        channel=channel, external_id=verified.external_id
    )
    if known := mine.first():
        return known
    # What an anonymous visitor said goes along; what another customer said does not.
    if session is None or session.external_id:
        session = _new(channel, address)
    try:
        with transaction.atomic():
            _prove(session, verified)
    except IntegrityError:
        # Another tab of the same customer was faster.
        return mine.get()
    return session


def _prove(session: ChatSession, verified: Verified) -> None:
    """Bind the visitor to the customer that the shop named, and bring their open tickets along."""
    session.external_id = verified.external_id
    session.email, session.email_verified = verified.email, bool(verified.email)
    session.name = verified.name or session.name
    session.save(update_fields=["external_id", "email", "email_verified", "name"])
    identity = identifying.locked(
        Handle(
            Identity.Kind.VISITOR,
            session.visitor,
            scope=str(session.channel.public_id),
            name=session.name,
        )
    )
    customer = _customer_of(session.channel.shop, verified) or identity.customer
    if identity.customer_id != customer.pk:
        identity.customer = customer
        identity.save(update_fields=["customer"])
        for ticket in Ticket.objects.filter(chat_sessions=session, merged_into__isnull=True):
            changing.set_customer(ticket, customer, by=SYSTEM)
    _keep_proof(customer, session.channel.shop, verified)


def _customer_of(shop: Shop, verified: Verified) -> Customer | None:
    """By the shop's own id, else by the address, which the shop has signed as well."""
    row = CustomerShop.objects.filter(shop=shop, external_id=verified.external_id).first()
    if row:
        return row.customer
    if not verified.email:
        return None
    handle = Handle(Identity.Kind.EMAIL, verified.email)
    known = Identity.objects.filter(kind=handle.kind, scope="", value=handle.key).first()
    return known.customer if known else None


def _keep_proof(customer: Customer, shop: Shop, verified: Verified) -> None:
    if verified.name and not customer.name:
        customer.name = verified.name
        customer.save(update_fields=["name"])
    CustomerShop.objects.get_or_create(
        shop=shop, customer=customer, defaults={"external_id": verified.external_id}
    )
    if not verified.email:
        return
    handle = Handle(Identity.Kind.EMAIL, verified.email)
    identity, _created = Identity.objects.get_or_create(
        kind=handle.kind,
        scope="",
        value=handle.key,
        defaults={"customer": customer, "display": verified.email},
    )
    if identity.customer_id == customer.pk and identity.verified_at is None:
        identity.verified_at = timezone.now()
        identity.save(update_fields=["verified_at"])
