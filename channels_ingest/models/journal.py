import json
from functools import cached_property
from typing import Any

from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.models import Channel


class InboundEvent(models.Model):
    """The journal: one raw thing a channel gave us, kept as it came."""

    class State(models.TextChoices):
        RECEIVED = "received", _("Received")
        PROCESSED = "processed", _("Processed")
        IGNORED = "ignored", _("Ignored")
        FAILED = "failed", _("Failed, will be tried again")
        DEAD = "dead", _("Failed for good")

    WAITING = (State.RECEIVED, State.FAILED)

    kind = models.CharField(max_length=32)
    account = models.CharField(max_length=320)
    # Null while the account's channel is not known (yet).
    channel = models.ForeignKey(Channel, models.PROTECT, null=True, related_name="+")
    # Chosen by the adapter, begun with the event's kind: "message:<mid>", "edit:<mid>:<n>".
    dedup_key = models.CharField(max_length=380)
    body = models.BinaryField(null=True)
    # Bodies over 1 MiB are in storage, written before the commit.
    storage_key = models.CharField(max_length=255, blank=True)
    size = models.BigIntegerField(default=0)
    # What came beside the body: envelope, source, headers that matter.
    meta = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    reason = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "account", "dedup_key"],
                name="inbound_event_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(state__in=["received", "processed", "ignored", "failed", "dead"]),
                name="inbound_event_state_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="inbound_event_waiting",
                condition=Q(state__in=["received", "failed"]),
            ),
            models.Index(fields=["-id"], name="inbound_event_dead", condition=Q(state="dead")),
            models.Index(fields=["channel", "-id"], name="inbound_event_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @cached_property
    def raw(self) -> bytes:
        """The bytes as they came. Raises `FileNotFoundError` where retention dropped them."""
        if self.storage_key:
            with default_storage.open(self.storage_key) as file:
                content: bytes = file.read()
                return content
        if self.body is None:
            raise FileNotFoundError(f"the payload of event {self.pk} is gone")
        return bytes(self.body)

    def let_go(self) -> None:
        """Free the memory of a large body that has been read."""
        self.__dict__.pop("raw", None)

    @cached_property
    def payload(self) -> Any:
        """The body as JSON. Raises `ValueError` where it is none."""
        try:
            return json.loads(self.raw)
        except RecursionError as e:
            raise ValueError("the JSON is nested too deeply") from e
