from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tickets.models.ticket import Ticket


class SavedDraft(models.Model):
    """What a user is writing on a ticket and has not sent, kept for all of their devices."""

    class Kind(models.TextChoices):
        REPLY = "reply", _("Reply")
        NOTE = "note", _("Note")

    user = models.ForeignKey(User, models.CASCADE, related_name="drafts")
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="drafts")
    kind = models.CharField(max_length=5, choices=Kind)
    body = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "user", "kind"], name="draft_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["reply", "note"]), name="draft_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} writes a {self.kind} on {self.ticket_id}"
