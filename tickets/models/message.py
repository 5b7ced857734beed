import uuid

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from crm.models import Identity
from tickets.automation.models import CannedReply
from tickets.models.channel import Channel
from tickets.models.draft import SavedDraft
from tickets.models.ticket import Ticket


class MessageQuerySet(models.QuerySet["Message"]):
    def public(self) -> "MessageQuerySet":
        """What the customer wrote or may read; internal notes never."""
        return self.exclude(direction=Message.Direction.NOTE)

    def for_thread(self) -> "MessageQuerySet":
        """Everything that the thread shows of a message, in a fixed number of queries."""
        return self.select_related("author_user", "sender", "channel").prefetch_related(
            "attachments", "deliveries", "reactions"
        )


class Message(models.Model):
    """One thing said in a ticket."""

    class Direction(models.TextChoices):
        INBOUND = "inbound", _("From the customer")
        OUTBOUND = "outbound", _("To the customer")
        NOTE = "note", _("Internal note")

    class Author(models.TextChoices):
        CUSTOMER = "customer", _("Customer")
        AGENT = "agent", _("Agent")
        BOT = "bot", _("Bot")
        SYSTEM = "system", _("System")

    class Rule(models.TextChoices):
        """Which rule found the ticket."""

        TOKEN = "token", _("Reply address")
        REFERENCES = "references", _("Quoted message")
        SUBJECT = "subject", _("Number in the subject")
        SAME_ID = "same_id", _("Same Message-ID")
        CONVERSATION = "conversation", _("Same conversation")
        NEW = "new", _("New ticket")
        REPLY = "reply", _("Written here")

    class Authentication(models.TextChoices):
        PASS = "pass", _("Sender confirmed")
        FAIL = "fail", _("Sender forged or wrong")
        NONE = "none", _("Sender not confirmed")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="messages")
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="messages")
    direction = models.CharField(max_length=8, choices=Direction)
    author_kind = models.CharField(max_length=8, choices=Author)
    author_user = models.ForeignKey(User, models.PROTECT, null=True, related_name="messages")
    # The customer's identity: who wrote an inbound message.
    sender = models.ForeignKey(Identity, models.PROTECT, null=True, related_name="messages")
    inbound_event_id = models.BigIntegerField(null=True, db_index=True)
    # The journal's dedup key and the index in the event: a message is stored once.
    source_key = models.CharField(max_length=400, null=True)
    content_hash = models.CharField(max_length=64, blank=True)
    subject = models.TextField(blank=True)
    body_text = models.TextField(blank=True)
    # Sanitised when written (`tickets.html`); `resanitize` does it again after an upgrade.
    body_html = models.TextField(blank=True)
    reply_text = models.TextField(blank=True)
    # {"to": [...], "cc": [...], "bcc": [...]} of a mail, as addresses.
    recipients = models.JSONField(default=dict)
    context = models.JSONField(default=dict)
    external_id = models.CharField(max_length=998, blank=True)
    threaded_by = models.CharField(max_length=12, choices=Rule)
    authentication = models.CharField(max_length=4, choices=Authentication, blank=True)
    automatic = models.BooleanField(default=False)
    # The sender proved possession of our mail but is not known in this ticket, or reused an id.
    flagged = models.BooleanField(default=False)
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    search = SearchVectorField(null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "source_key"], name="message_once"),
            models.CheckConstraint(
                condition=Q(direction__in=["inbound", "outbound", "note"]),
                name="message_direction_known",
            ),
            models.CheckConstraint(
                condition=~Q(direction="note") | Q(author_kind__in=["agent", "bot", "system"]),
                name="message_note_is_internal",
            ),
        ]
        indexes = [
            models.Index(fields=["ticket", "occurred_at", "id"], name="message_thread"),
            models.Index(
                fields=["external_id", "channel"],
                name="message_external",
                condition=~Q(external_id=""),
            ),
            GinIndex(fields=["search"], name="message_search"),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.pk}"


class MessageVersion(models.Model):
    """What a message said before the customer changed it."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="versions")
    body_text = models.TextField(blank=True)
    replaced_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"version of {self.message_id}"


class Reaction(models.Model):
    """An emoji that somebody put on a message."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="reactions")
    identity = models.ForeignKey(Identity, models.PROTECT, related_name="+")
    emoji = models.CharField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "identity"], name="reaction_once")
        ]

    def __str__(self) -> str:
        return self.emoji


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def handed_out(self, tickets: models.QuerySet[Ticket], user: User) -> "AttachmentQuerySet":
        """Files of these tickets, and the user's own that wait for their message.

        What a customer took back is handed out no more.
        """
        taken_back = Q(
            message__direction=Message.Direction.INBOUND, message__removed_at__isnull=False
        )
        return self.filter(
            Q(message__ticket__in=tickets) & ~taken_back | Q(message=None, uploaded_by=user)
        )


class Attachment(models.Model):
    """A file of a message, or one that was uploaded and waits for its message. Private."""

    class State(models.TextChoices):
        STORED = "stored", _("Stored")
        WAITING = "waiting", _("Being fetched")
        FAILED = "failed", _("Could not be fetched")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="attachments")
    # Who uploaded it, while it has no message yet.
    uploaded_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    # What is being written with it: kept as long as that.
    draft = models.ForeignKey(SavedDraft, models.SET_NULL, null=True, related_name="files")
    # The prepared text that brings it along, as a copy for each use.
    canned_reply = models.ForeignKey(CannedReply, models.SET_NULL, null=True, related_name="files")
    name = models.CharField(max_length=255)
    # Sniffed from the content; what the sender said is not believed.
    content_type = models.CharField(max_length=127)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    storage_key = models.CharField(max_length=255, blank=True)
    content_id = models.CharField(max_length=255, blank=True)
    inline = models.BooleanField(default=False)
    mark = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.STORED)
    # Where the provider keeps it until we fetched it; cleared then (it carries tokens).
    source_url = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"], name="attachment_waiting", condition=Q(state="waiting")
            ),
            models.Index(
                fields=["created_at"], name="attachment_loose", condition=Q(message__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.name
