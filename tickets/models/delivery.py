from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.models.channel import Channel
from tickets.models.message import Message


class Delivery(models.Model):
    """The outbox: one provider call that an outbound message needs, with its attempts."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting to be sent")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        DELIVERED = "delivered", _("Delivered")
        READ = "read", _("Read")
        FAILED = "failed", _("Not sent")
        # The line was lost when the provider might have taken it: not a success, not sent again.
        UNCERTAIN = "uncertain", _("Not sure whether it was sent")
        CANCELLED = "cancelled", _("Taken back")

    message = models.ForeignKey(Message, models.PROTECT, related_name="deliveries")
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="deliveries")
    # As the message's: one sender works on a ticket at a time.
    ticket_id = models.BigIntegerField()
    part = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    leased_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    external_id = models.CharField(max_length=998, blank=True)
    # What happened and what to do, for the agent.
    error = models.TextField(blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["message", "channel", "part"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "queued",
                        "sending",
                        "sent",
                        "delivered",
                        "read",
                        "failed",
                        "uncertain",
                        "cancelled",
                    ]
                ),
                name="delivery_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(leased_until__isnull=False),
                name="delivery_sending_has_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], name="delivery_due", condition=Q(state="queued")
            ),
            models.Index(
                fields=["ticket_id", "message", "part"],
                name="delivery_in_order",
                condition=Q(state__in=["queued", "sending"]),
            ),
            models.Index(
                fields=["leased_until"], name="delivery_leased", condition=Q(state="sending")
            ),
            models.Index(
                fields=["external_id", "channel"],
                name="delivery_external",
                condition=~Q(external_id=""),
            ),
            models.Index(
                fields=["-id"],
                name="delivery_trouble",
                condition=Q(state__in=["failed", "uncertain"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.message_id}/{self.part}"
