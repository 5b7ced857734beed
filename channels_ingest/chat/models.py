"""What the widget needs beside tickets: the visitor's session and the numbered conversation."""

import secrets
import uuid
from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tickets.models import Attachment, Channel, Message, Ticket

SESSION_LIFE = timedelta(days=30)
# Without a sign of life for so long the visitor has left the page.
GONE_AFTER = timedelta(seconds=60)


def new_visitor() -> str:
    """128 random bits: who knows a visitor's id still has no token."""
    return f"v_{secrets.token_hex(16)}"


class ChatSession(models.Model):
    """One visitor of one widget and all they said there; tickets come and go, the session stays."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="chat_sessions")
    visitor = models.CharField(max_length=40, unique=True, default=new_visitor)
    # The shop's id of a signed-in customer, proved by its signature; '' for everybody else.
    external_id = models.CharField(max_length=100, blank=True)
    # Raised to make every token that was given out worthless.
    revision = models.PositiveIntegerField(default=1)
    expires_at = models.DateTimeField()
    name = models.CharField(max_length=200, blank=True)
    # What the visitor typed is a claim; `email_verified` where the shop signed it.
    email = models.CharField(max_length=254, blank=True)
    email_verified = models.BooleanField(default=False)
    phone = models.CharField(max_length=50, blank=True)
    language = models.CharField(max_length=10, blank=True)
    # The newest ticket of the conversation.
    ticket = models.ForeignKey(Ticket, models.SET_NULL, null=True, related_name="chat_sessions")
    # The number of the last event; given under this row's lock.
    last_seq = models.PositiveIntegerField(default=0)
    read_seq = models.PositiveIntegerField(default=0)
    agent_read_seq = models.PositiveIntegerField(default=0)
    last_seen_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "external_id"],
                name="chat_session_of_customer",
                condition=~Q(external_id=""),
            ),
        ]
        indexes = [models.Index(fields=["ticket"], name="chat_session_ticket")]

    def __str__(self) -> str:
        return self.visitor

    @property
    def conversation_id(self) -> str:
        return f"conv_{self.public_id.hex}"

    @property
    def is_here(self) -> bool:
        """Whether the visitor's page gave a sign of life just now."""
        return self.last_seen_at is not None and timezone.now() - self.last_seen_at < GONE_AFTER


class ChatEvent(models.Model):
    """One step of a conversation: a message, or a new status. Numbered without gaps."""

    session = models.ForeignKey(ChatSession, models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="chat_events")
    status = models.CharField(max_length=24, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "seq"], name="chat_event_seq_once"),
            models.UniqueConstraint(fields=["session", "message"], name="chat_event_message_once"),
            models.CheckConstraint(
                condition=Q(message__isnull=False, status="")
                | (Q(message__isnull=True) & ~Q(status="")),
                name="chat_event_is_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id}:{self.seq}"


class ChatUpload(models.Model):
    """A file that a visitor uploaded; it joins the message that names it."""

    session = models.ForeignKey(ChatSession, models.CASCADE, related_name="uploads")
    attachment = models.OneToOneField(Attachment, models.CASCADE, related_name="chat_upload")

    def __str__(self) -> str:
        return str(self.attachment)


class ChatRating(models.Model):
    """What a visitor thought of one ended conversation, 1 (badly) to 5 (very well)."""

    session = models.ForeignKey(ChatSession, models.CASCADE, related_name="ratings")
    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="chat_rating")
    score = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(score__gte=1, score__lte=5), name="chat_rating_one_to_five"
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.score}"


class ChatMail(models.Model):
    """A mail the widget owes a visitor: the transcript they asked for, or what they missed."""

    class Kind(models.TextChoices):
        TRANSCRIPT = "transcript"
        MISSED = "missed"

    session = models.ForeignKey(ChatSession, models.CASCADE, related_name="mails")
    kind = models.CharField(max_length=10, choices=Kind)
    email = models.CharField(max_length=254)
    # Agents' messages after this number are the missed ones.
    after_seq = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    # Null while it waits; whatever ended it (sent, not needed any more, given up) sets it.
    done_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["transcript", "missed"]), name="chat_mail_kind_known"
            ),
            models.UniqueConstraint(
                fields=["session"],
                name="chat_mail_one_missed",
                condition=Q(kind="missed", done_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="chat_mail_due", condition=Q(done_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.session_id}"


class ChatCount(models.Model):
    """Anonymous counters of a widget: invitations shown, signatures that were wrong."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="chat_counts")
    name = models.CharField(max_length=80)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "name"], name="chat_count_once")]

    def __str__(self) -> str:
        return f"{self.name}: {self.count}"
