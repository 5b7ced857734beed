"""Mail that a widget owes a visitor: the transcript they asked for, and answers they missed."""

import logging
from datetime import timedelta
from email.utils import formataddr
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from channels_ingest import sparing
from channels_ingest.adapter import Refused, Unavailable, Uncertain
from channels_ingest.chat import conversing, limits, serving, widgets
from channels_ingest.chat.models import ChatEvent, ChatMail, ChatSession
from channels_ingest.chat.problems import Problem
from channels_ingest.email import backend
from channels_ingest.models import Connection
from tickets import tokens
from tickets.models import Message

logger = logging.getLogger(__name__)

_MISSED_AFTER = timedelta(minutes=5)
_TRIES = 5
_PAUSE = timedelta(minutes=5)
_A_DAY_S = 24 * 3600
_LINK_LIFE_S = 7 * 24 * 3600
_MOST_EVENTS = 1_000


def ask_for_transcript(session: ChatSession, conversation: object, email: object) -> None:
    """Plan the transcript's mail, to the session's own address only. Raises `Problem`."""
    if session.last_seq == 0 or conversation not in (None, session.conversation_id):
        raise Problem("conversation_required")
    wanted = email if isinstance(email, str) and email else session.email
    if not session.email or wanted.strip().lower() != session.email.lower():
        raise Problem("email_not_verified")
    limits.take(limits.TRANSCRIPTS, session.visitor)
    if not sparing.may_mail(session.email):
        raise Problem("rate_limited", retry_after=_A_DAY_S)
    limits.take(limits.MAILS_TO_ADDRESS, session.email.lower())
    ChatMail.objects.create(
        session=session,
        kind=ChatMail.Kind.TRANSCRIPT,
        email=session.email,
        due_at=timezone.now(),
    )


def plan_missed(session: ChatSession, event: ChatEvent) -> None:
    """Whoever has left gets an agent's answer by mail in five minutes, unless they return."""
    session.refresh_from_db(fields=["last_seen_at", "email"])
    if session.is_here or not session.email:
        return
    try:
        with transaction.atomic():
            ChatMail.objects.create(
                session=session,
                kind=ChatMail.Kind.MISSED,
                email=session.email,
                after_seq=event.seq - 1,
                due_at=timezone.now() + _MISSED_AFTER,
            )
    except IntegrityError:
        # One waits already and will take this answer along.
        return


def send_due(limit: int = 50) -> int:
    """Send what is due; each row is done once. Returns how many were looked at."""
    due = ChatMail.objects.filter(done_at__isnull=True, due_at__lte=timezone.now())
    pks = list(due.order_by("due_at").values_list("pk", flat=True)[:limit])
    for pk in pks:
        _send(pk)
    return len(pks)


def _send(pk: int) -> None:
    mail = _claimed(pk)
    if mail is None:
        return
    try:
        message = _written(mail)
        if message:
            message.send()
    except (OSError, Unavailable):
        # Any fault of the mail server; SMTP's own errors are of this kind as well.
        logger.warning("chat mail %s could not be sent", pk, exc_info=True)
        return
    except (Refused, Uncertain) as error:
        logger.warning("chat mail %s ends here: %s", pk, type(error).__name__)
    ChatMail.objects.filter(pk=pk).update(done_at=timezone.now())


@transaction.atomic
def _claimed(pk: int) -> ChatMail | None:
    """The row, its next try planned before the first byte leaves; None if it is done."""
    mail = (
        ChatMail.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("session__channel__shop", "session__ticket")
        .filter(pk=pk, done_at__isnull=True, due_at__lte=timezone.now())
        .first()
    )
    if mail is None:
        return None
    mail.attempts += 1
    mail.due_at = timezone.now() + _PAUSE * mail.attempts
    if mail.attempts >= _TRIES:
        mail.done_at = timezone.now()
    mail.save(update_fields=["attempts", "due_at", "done_at"])
    return mail


def _written(mail: ChatMail) -> EmailMultiAlternatives | None:
    session = mail.session
    with translation.override(session.language or session.channel.shop.locale):
        if mail.kind == ChatMail.Kind.TRANSCRIPT:
            return _transcript(mail)
        return _missed(mail)


def _transcript(mail: ChatMail) -> EmailMultiAlternatives | None:
    """The conversation; None where it is nobody's but the visitor's own words.

    Those would reach whoever's address the visitor typed: anybody's mailbox, with any text.
    """
    session = mail.session
    answered = _messages(session).filter(message__direction=Message.Direction.OUTBOUND)
    if not (session.email_verified or answered.exclude(message__automatic=True).exists()):
        return None
    events = _messages(mail.session).order_by("-seq")[:_MOST_EVENTS]
    subject = _("Your chat with %(shop)s") % {"shop": mail.session.channel.shop.name}
    return _mail(mail, "transcript", subject, list(reversed(events)))


def _missed(mail: ChatMail) -> EmailMultiAlternatives | None:
    """The agents' answers that nobody has read; None where they were read meanwhile."""
    session = mail.session
    after = max(mail.after_seq, session.read_seq)
    events = list(
        _messages(session)
        .filter(seq__gt=after, message__direction=Message.Direction.OUTBOUND)
        .order_by("seq")[:_MOST_EVENTS]
    )
    if not events or session.is_here:
        return None
    try:
        limits.take(limits.MAILS_TO_ADDRESS, mail.email.lower())
    except Problem:
        return None
    subject = _("%(shop)s answered you in the chat") % {"shop": session.channel.shop.name}
    return _mail(mail, "missed", subject, events)


def _mail(
    mail: ChatMail, template: str, subject: str, events: list[ChatEvent]
) -> EmailMultiAlternatives:
    session = mail.session
    shop = session.channel.shop
    context = {
        "shop": shop,
        "zone": ZoneInfo(shop.timezone),
        "lines": [_line(event) for event in events],
    }
    mailbox = _mailbox(session)
    address = str(mailbox.setting("address", "")) if mailbox else ""
    server = backend.of(mailbox) if mailbox else None
    sender = address if server else _bare(settings.DEFAULT_FROM_EMAIL)
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string(f"widget/{template}.txt", context),
        from_email=formataddr((shop.name, sender)),
        to=[mail.email],
        # An answer by mail goes on in the same ticket, where the shop has a mailbox for it.
        reply_to=[tokens.reply_address(address, session.ticket.ref)]
        if address and session.ticket
        else None,
        headers={"Auto-Submitted": "auto-generated"},
        connection=server,
    )
    message.attach_alternative(render_to_string(f"widget/{template}.html", context), "text/html")
    return message


def _line(event: ChatEvent) -> dict[str, object]:
    message = event.message
    if message is None:
        raise ValueError("a status has no words")
    own = message.direction == Message.Direction.INBOUND
    agent = conversing.first_name(message.author_user.name) if message.author_user else ""
    return {
        "own": own,
        "author": _("You") if own else agent or message.channel.shop.name,
        "at": message.occurred_at,
        "text": message.body_text,
        "files": [
            {
                "name": file.name,
                "url": settings.BASE_URL + serving.address(file, life_s=_LINK_LIFE_S),
            }
            for file in message.attachments.all()
        ],
    }


def _messages(session: ChatSession) -> QuerySet[ChatEvent]:
    return (
        session.events.filter(message__isnull=False)
        .select_related("message__author_user", "message__channel__shop")
        .prefetch_related("message__attachments")
    )


def _mailbox(session: ChatSession) -> Connection | None:
    """The shop's mailbox: the answer to our mail comes there, and ours goes out by it."""
    connection = Connection.objects.select_related("channel__shop").get(channel=session.channel)
    mailbox = widgets.Widget(session.channel, connection).mailbox
    return Connection.objects.select_related("channel").get(channel=mailbox) if mailbox else None


def _bare(address: str) -> str:
    return address.rpartition("<")[2].rstrip(">")
