from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from crm.models import CustomerMerge, Identity, Order
from tickets.models.ticket import Ticket


class ClaimDecision(models.Model):
    """What an agent made of something that a visitor typed about themselves."""

    class Name(models.TextChoices):
        """The claim's name in the ticket's context."""

        EMAIL = "claimed_email", _("E-mail")
        PHONE = "claimed_phone", _("Phone")
        ORDER = "order_ref", _("Order")

    class State(models.TextChoices):
        CONFIRMED = "confirmed", _("Confirmed")
        DISMISSED = "dismissed", _("Dismissed")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="claim_decisions")
    name = models.CharField(max_length=20, choices=Name)
    state = models.CharField(max_length=10, choices=State)
    # What the confirmation did, so that it can be taken back; at most one of them.
    identity = models.ForeignKey(Identity, models.SET_NULL, null=True, related_name="+")
    merge = models.ForeignKey(CustomerMerge, models.SET_NULL, null=True, related_name="+")
    order = models.ForeignKey(Order, models.SET_NULL, null=True, related_name="+")
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "name"], name="claim_decided_once"),
            models.CheckConstraint(
                condition=models.Q(name__in=["claimed_email", "claimed_phone", "order_ref"]),
                name="claim_name_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["confirmed", "dismissed"]), name="claim_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.ticket_id} {self.state}"
